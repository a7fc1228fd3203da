/* base/shape_silence.h - a template passes over the words of the table language that it did not define. No guard. */
#ifndef ENUM
#define ENUM(name)
#endif
#ifndef VALUE
#define VALUE(name, value, word)
#endif
#ifndef ENUM_END
#define ENUM_END(name)
#endif
#ifndef SHAPE
#define SHAPE(name)
#endif
#ifndef FIELD_ID
#define FIELD_ID(name, field)
#endif
#ifndef FIELD_U32
#define FIELD_U32(name, field)
#endif
#ifndef FIELD_U64
#define FIELD_U64(name, field)
#endif
#ifndef FIELD_BOOL
#define FIELD_BOOL(name, field)
#endif
#ifndef FIELD_TIME
#define FIELD_TIME(name, field)
#endif
#ifndef FIELD_TEXT
#define FIELD_TEXT(name, field, max)
#endif
#ifndef FIELD_PROSE
#define FIELD_PROSE(name, field, max)
#endif
#ifndef FIELD_BYTES
#define FIELD_BYTES(name, field, max)
#endif
#ifndef FIELD_SECRET
#define FIELD_SECRET(name, field, max)
#endif
#ifndef FIELD_ENUM
#define FIELD_ENUM(name, field, values)
#endif
#ifndef FIELD_LIST
#define FIELD_LIST(name, field, of, max)
#endif
#ifndef FIELD_IDS
#define FIELD_IDS(name, field, max)
#endif
#ifndef SEALED_TEXT
#define SEALED_TEXT(name, field, max)
#endif
#ifndef SEALED_BYTES
#define SEALED_BYTES(name, field, max)
#endif
#ifndef SHAPE_END
#define SHAPE_END(name)
#endif
#ifndef ENTRY
#define ENTRY(name, type)
#endif
#ifndef ENTRY_SEALED_SELF
#define ENTRY_SEALED_SELF(name, type)
#endif
#ifndef ENTRY_SEALED
#define ENTRY_SEALED(name, type, subject)
#endif
#ifndef ROUTE
#define ROUTE(name, method, path, access, roles, request, reply)
#endif
