/* fuzz/post_file.c - hostile bytes for the reading of a post's file and of a floor's drawing.
 *
 * An input that begins with '<' is a drawing. Any other is a post's file; what follows its first line "%%%" is the
 * drawing of every plan that the file names.
 *
 * What must hold: no crash, no endless loop; a refusal says where; and whatever is taken keeps within the bounds of the
 * tables and passes core's own check, so that core never sees a file that its reader should not have let through.
 */
#include <stdlib.h>

#include "post/file.h"
#include "post/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena *arena;

static struct err plan_of(void *context, const char *name, struct arena *into, struct span *ret_text)
{
	(void)name, (void)into;
	*ret_text = *(const struct span *)context;
	return OK;
}

static void drawing(struct span text)
{
	uint32_t width, height;
	struct shape_list figures;
	if (failed(post_plan_read("p.svg", text, arena, &width, &height, &figures))) {
		ENSURE(strncmp(err_why(), "p.svg:", 6) == 0);
		return;
	}
	const struct post_figure *figure = figures.at;
	for (size_t i = 0; i < figures.count; i++) {
		ENSURE(!post_figure_wrong(&figure[i], width, height));
		ENSURE(!failed(shape_validate(&post_figure_shape, &figure[i])));
	}
}

static void file(struct span text, struct span plan)
{
	struct post_file_options options = {.plan = plan_of, .context = &plan};
	struct post_import import;
	struct post_index index;
	struct post_problem problem;
	if (failed(post_file_parse("t.yaml", text, &options, arena, &import))) {
		ENSURE(strchr(err_why(), ':')); /* of the file, or of a plan by the name that it has there */
		return;
	}
	ENSURE(!failed(shape_validate(&post_import_shape, &import)));
	ENSURE(post_check(&import, arena, &index, &problem));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!arena)
		arena = arena_new(POST_FILE_ARENA_MAX);
	arena_reset(arena);
	struct span text = {data, size}, plan = {0};
	if (size > 0 && data[0] == '<') {
		drawing(text);
		return 0;
	}
	const uint8_t *cut = size > 0 ? memmem(data, size, "\n%%%\n", 5) : NULL;
	if (cut) {
		text.size = (size_t)(cut + 1 - data);
		plan = (struct span){cut + 5, (size_t)(data + size - cut - 5)};
	}
	file(text, plan);
	return 0;
}
