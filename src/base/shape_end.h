/* base/shape_end.h - take the table language's words away again. No guard, on purpose. */
#undef ENUM
#undef VALUE
#undef ENUM_END
#undef ENTRY
#undef ENTRY_SEALED
#undef ENTRY_SEALED_SELF
#undef ROUTE
#undef SHAPE
#undef FIELD_ID
#undef FIELD_U32
#undef FIELD_U64
#undef FIELD_BOOL
#undef FIELD_TIME
#undef FIELD_TEXT
#undef FIELD_PROSE
#undef FIELD_BYTES
#undef FIELD_SECRET
#undef FIELD_ENUM
#undef FIELD_LIST
#undef FIELD_IDS
#undef SEALED_TEXT
#undef SEALED_BYTES
#undef SHAPE_END
#ifndef SHAPE_TABLE_KEPT
#undef SHAPE_TABLE
#endif
