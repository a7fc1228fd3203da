/* base/shape_tables.h - define the shapes of SHAPE_TABLE, in one C file. No guard; see base/shape.h. */
#include "base/shape.h"

#ifndef SHAPE_TABLE
#error "define SHAPE_TABLE first"
#endif

/* A shape needs at least one field; one that carries nothing but its own name is not in a table. */
#define SHAPE_FIELD_LINE(shape, member, kind_, sealed_, max_, values_, of_)                                            \
	{.name = #member,                                                                                              \
	 .kind = kind_,                                                                                                \
	 .sealed = sealed_,                                                                                            \
	 .offset = offsetof(struct shape, member),                                                                     \
	 .max = max_,                                                                                                  \
	 .values = values_,                                                                                            \
	 .of = of_},

#define ENUM(name) static const char *const name##_word_list[] = {
#define VALUE(name, value, word) [value] = word,
#define ENUM_END(name)                                                                                                 \
	}                                                                                                              \
	;                                                                                                              \
	const struct shape_enum name##_words = {#name, name##_word_list,                                               \
						sizeof name##_word_list / sizeof *name##_word_list};
#define SHAPE(name) static const struct shape_field name##_field_list[] = {
#define FIELD_ID(name, field) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_ID, false, 0, NULL, NULL)
#define FIELD_U32(name, field) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_U32, false, 0, NULL, NULL)
#define FIELD_U64(name, field) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_U64, false, 0, NULL, NULL)
#define FIELD_BOOL(name, field) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_BOOL, false, 0, NULL, NULL)
#define FIELD_TIME(name, field) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_TIME, false, 0, NULL, NULL)
#define FIELD_TEXT(name, field, max) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_TEXT, false, max, NULL, NULL)
#define FIELD_PROSE(name, field, max) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_PROSE, false, max, NULL, NULL)
#define FIELD_BYTES(name, field, max) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_BYTES, false, max, NULL, NULL)
#define FIELD_SECRET(name, field, max) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_SECRET, false, max, NULL, NULL)
#define FIELD_ENUM(name, field, values) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_ENUM, false, 0, &values##_words, NULL)
#define FIELD_LIST(name, field, of, max) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_LIST, false, max, NULL, &of##_shape)
#define FIELD_IDS(name, field, max) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_IDS, false, max, NULL, NULL)
#define SEALED_TEXT(name, field, max) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_TEXT, true, max, NULL, NULL)
#define SEALED_BYTES(name, field, max) SHAPE_FIELD_LINE(name, field, SHAPE_KIND_BYTES, true, max, NULL, NULL)
#define SHAPE_END(name)                                                                                                \
	}                                                                                                              \
	;                                                                                                              \
	const struct shape name##_shape = {#name, sizeof(struct name), name##_field_list,                              \
					   sizeof name##_field_list / sizeof *name##_field_list};
#include "base/shape_silence.h"
#include SHAPE_TABLE
#undef SHAPE_FIELD_LINE
#include "base/shape_end.h"
