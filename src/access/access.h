/* access/access.h - who may pass which door, and what doors do: what other domains may use.
 *
 * A swipe's way through this folder: swipe.c (the story) > facts.c (one snapshot) > decision.c (the rules). device.c
 * brings readers up and keeps their keys, door.c follows contacts, unlock.c and lockdown.c are what operators do,
 * import.c is how cards and rights come in.
 */
#ifndef LEGATION_ACCESS_ACCESS_H
#define LEGATION_ACCESS_ACCESS_H

#include "core/core.h"

#define SHAPE_TABLE "access/entries.def"
#include "core/entry_structs.h"

#define SHAPE_TABLE "access/routes.def"
#include "core/route_structs.h"

extern const struct core_module access_module;

#endif
