/* base/shape_structs.h - declare the enums, structs and shapes of SHAPE_TABLE. Included once for each table, so it has
 * no guard; see base/shape.h.
 */
#include "base/shape.h"

#ifndef SHAPE_TABLE
#error "define SHAPE_TABLE first"
#endif

#define ENUM(name) enum name {
#define VALUE(name, value, word) value,
#define ENUM_END(name)                                                                                                 \
	}                                                                                                              \
	;                                                                                                              \
	extern const struct shape_enum name##_words;
#define SHAPE(name) struct name {
#define FIELD_ID(name, field) uint64_t field;
#define FIELD_U32(name, field) uint32_t field;
#define FIELD_U64(name, field) uint64_t field;
#define FIELD_BOOL(name, field) bool field;
#define FIELD_TIME(name, field) uint64_t field;
#define FIELD_TEXT(name, field, max) struct span field;
#define FIELD_PROSE(name, field, max) struct span field;
#define FIELD_BYTES(name, field, max) struct span field;
#define FIELD_SECRET(name, field, max) struct span field;
#define FIELD_ENUM(name, field, values) enum values field;
#define FIELD_LIST(name, field, of, max) struct shape_list field;
#define FIELD_IDS(name, field, max) struct shape_list field;
#define SEALED_TEXT(name, field, max) struct span field;
#define SEALED_BYTES(name, field, max) struct span field;
#define SHAPE_END(name)                                                                                                \
	}                                                                                                              \
	;                                                                                                              \
	extern const struct shape name##_shape;
#include "base/shape_silence.h"
#include SHAPE_TABLE
#include "base/shape_end.h"
