/* cmd/types.c - prints the console's TypeScript types of every route and entry, from the tables themselves: the build
 * runs it before it builds the console, so that nothing is typed twice.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/pages.h"

enum { TYPES_MAX = 1024 };

static const void *printed[TYPES_MAX];
static size_t printed_count;

/* True the first time. */
static bool first_time(const void *what)
{
	for (size_t i = 0; i < printed_count; i++)
		if (printed[i] == what)
			return false;
	ENSURE(printed_count < TYPES_MAX);
	printed[printed_count++] = what;
	return true;
}

/* access_door_row becomes AccessDoorRow. */
static const char *type_name(const char *name, char text[128])
{
	size_t at = 0;
	bool up = true;
	for (; *name && at < 127; name++) {
		if (*name == '_') {
			up = true;
			continue;
		}
		text[at++] = up ? (char)toupper((unsigned char)*name) : *name;
		up = false;
	}
	text[at] = 0;
	return text;
}

static void print_enum(const struct shape_enum *values)
{
	char name[128];
	if (!first_time(values))
		return;
	(void)printf("\nexport const %s = [", values->name);
	for (uint32_t i = 0; i < values->count; i++)
		if (values->words[i])
			(void)printf("%s'%s'", i ? ", " : "", values->words[i]);
	(void)printf("] as const;\nexport type %s = (typeof %s)[number];\n", type_name(values->name, name),
		     values->name);
}

static void print_field_type(const struct shape_field *field)
{
	char name[128];
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		(void)printf("boolean");
		break;
	case SHAPE_KIND_ENUM:
		(void)printf("%s", type_name(field->values->name, name));
		break;
	case SHAPE_KIND_LIST:
		(void)printf("%s[]", type_name(field->of->name, name));
		break;
	case SHAPE_KIND_IDS:
		(void)printf("number[]");
		break;
	case SHAPE_KIND_U32:
	case SHAPE_KIND_U64:
	case SHAPE_KIND_ID:
		(void)printf("number");
		break;
	default:
		(void)printf("string");
	}
}

/* What is sparse (entries, requests) may leave out whatever is zero. */
static void print_shape(const struct shape *shape, bool sparse)
{
	char name[128];
	for (size_t i = 0; i < shape->field_count; i++) {
		if (shape->fields[i].kind == SHAPE_KIND_ENUM)
			print_enum(shape->fields[i].values);
		if (shape->fields[i].kind == SHAPE_KIND_LIST)
			print_shape(shape->fields[i].of, sparse);
	}
	if (!first_time(shape))
		return;
	(void)printf("\nexport interface %s {\n", type_name(shape->name, name));
	for (size_t i = 0; i < shape->field_count; i++) {
		const struct shape_field *field = &shape->fields[i];
		if (field->sealed)
			continue;
		(void)printf("\t%s%s: ", field->name, sparse ? "?" : "");
		print_field_type(field);
		(void)printf(";\n");
	}
	(void)printf("}\n");
}

static void print_routes(void)
{
	static const char *const methods[] = {[ROUTE_GET] = "GET", [ROUTE_POST] = "POST", [ROUTE_DELETE] = "DELETE"};
	char request[128], reply[128];
	for (size_t m = 0; m < cmd_module_count; m++)
		for (size_t i = 0; i < cmd_modules[m]->route_count; i++) {
			const struct route *route = &cmd_modules[m]->routes[i].route;
			if (!route->path)
				continue;
			print_shape(route->reply, false);
			print_shape(route->request, true);
		}
	(void)printf("\n/* Every route: what it is asked with, and what it answers. */\nexport interface Routes {\n");
	for (size_t m = 0; m < cmd_module_count; m++)
		for (size_t i = 0; i < cmd_modules[m]->route_count; i++) {
			const struct route *route = &cmd_modules[m]->routes[i].route;
			if (route->path)
				(void)printf("\t'%s %s': { request: %s; reply: %s };\n", methods[route->method],
					     route->path, type_name(route->request->name, request),
					     type_name(route->reply->name, reply));
		}
	(void)printf("}\n");
}

static void print_kinds(const struct core_entry_kind *const *kinds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		print_shape(kinds[i]->shape, true);
}

static void print_kind_rows(const struct core_entry_kind *const *kinds, size_t count)
{
	char name[128];
	for (size_t i = 0; i < count; i++)
		(void)printf("\t'%s': %s;\n", kinds[i]->type, type_name(kinds[i]->shape->name, name));
}

static void print_entries(void)
{
	print_kinds(core_own_kinds, core_own_kind_count);
	for (size_t m = 0; m < cmd_module_count; m++)
		print_kinds(cmd_modules[m]->kinds, cmd_modules[m]->kind_count);
	(void)printf("\n/* Every type of entry and its body. What is zero is left out of a body; what is sealed never "
		     "stands in it. */\n"
		     "export interface Entries {\n");
	print_kind_rows(core_own_kinds, core_own_kind_count);
	for (size_t m = 0; m < cmd_module_count; m++)
		print_kind_rows(cmd_modules[m]->kinds, cmd_modules[m]->kind_count);
	(void)printf("}\n\nexport const ENTRY_TYPES: readonly (keyof Entries)[] = [\n");
	for (size_t i = 0; i < core_own_kind_count; i++)
		(void)printf("\t'%s',\n", core_own_kinds[i]->type);
	for (size_t m = 0; m < cmd_module_count; m++)
		for (size_t i = 0; i < cmd_modules[m]->kind_count; i++)
			(void)printf("\t'%s',\n", cmd_modules[m]->kinds[i]->type);
	(void)printf("];\n");
}

int main(void)
{
	(void)printf("/* Written by the build from the tables (*.def) of src/. Ids are numbers; times are RFC 3339 in "
		     "UTC with\n"
		     " * microseconds, or \"\" for none.\n */\n");
	print_enum(&route_role_words);
	print_enum(&route_language_words);
	print_shape(&route_refusal_shape, false);
	print_routes();
	print_entries();
	return 0;
}
