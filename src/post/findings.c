#include "post/check.h"

struct law_person post_law_person(const struct post_index *index, const struct post_import_person *person)
{
	struct law_person in_law = {
		.status = person->status,
		.host_national = span_equal(person->nationality, index->file->host_state),
		.permanent_residence = person->permanent_residence,
	};
	size_t at = post_index_find(index, POST_OBJECT_PERSON, person->of);
	if (at != POST_NOWHERE) {
		const struct post_import_person *member =
			(const struct post_import_person *)index->file->people.at + at;
		in_law.of = member->status;
		in_law.of_host_national = span_equal(member->nationality, index->file->host_state);
		in_law.of_permanent_residence = member->permanent_residence;
	}
	return in_law;
}

struct finder {
	const struct post_index *index;
	struct post_found *found;
	size_t count;
};

static void find(struct finder *f, enum post_finding_kind kind, enum post_object what, size_t at, const char *articles,
		 const char *text)
{
	f->found[f->count++] = (struct post_found){kind, what, at, articles, text};
}

/* Readers hang where anybody can reach their wires; what sets a door free must not. */
static bool is_exposed(const struct finder *f, struct span device)
{
	size_t at = post_index_find(f->index, POST_OBJECT_DEVICE, device);
	const struct post_import_device *devices = f->index->file->devices.at;
	return at != POST_NOWHERE && devices[at].kind == POST_DEVICE_READER;
}

enum { FINDINGS_OF_A_DOOR_MAX = 5, FINDINGS_OF_A_PERSON_MAX = 2 };

static void find_in_door(struct finder *f, size_t at, const struct post_import_door *door)
{
	if (is_exposed(f, door->strike_device))
		find(f, POST_FINDING_STRIKE_EXPOSED, POST_OBJECT_DOOR, at, "",
		     "the strike is released by a reader's own output, on the unprotected side");
	if (is_exposed(f, door->contact_device))
		find(f, POST_FINDING_CONTACT_EXPOSED, POST_OBJECT_DOOR, at, "",
		     "the door contact is wired to a reader, on the unprotected side");
	if (is_exposed(f, door->exit_device))
		find(f, POST_FINDING_EXIT_EXPOSED, POST_OBJECT_DOOR, at, "",
		     "the request to exit is wired to a reader, on the unprotected side");
	if (door->contact_device.size == 0)
		find(f, POST_FINDING_NO_CONTACT, POST_OBJECT_DOOR, at, "",
		     "without a door contact nobody learns that the door was forced or held");
	if (door->fire_release == POST_FIRE_RELEASE_NONE && door->strike_device.size > 0)
		find(f, POST_FINDING_NO_FIRE_RELEASE, POST_OBJECT_DOOR, at, "",
		     "the strike is not released by the fire alarm's own wire");
}

static void find_in_person(struct finder *f, size_t at, const struct post_import_person *person)
{
	enum law_post_kind kind = f->index->file->kind;
	struct law_person in_law = post_law_person(f->index, person);
	struct law_standing standing = law_standing(kind, &in_law);
	enum post_finding_kind finding = standing.fit == LAW_FIT_DOUBTFUL         ? POST_FINDING_STATUS_DOUBTFUL
					 : standing.fit == LAW_FIT_READ_OTHERWISE ? POST_FINDING_STATUS_OTHERWISE
					 : standing.fit == LAW_FIT_NO_PRIVILEGE   ? POST_FINDING_STATUS_EMPTY
										  : POST_FINDING_NONE;
	if (finding != POST_FINDING_NONE)
		find(f, finding, POST_OBJECT_PERSON, at, standing.articles, standing.why);
	const char *articles = law_notification(kind, person->status); /* RULE VCDR-10.1 */
	if (*articles && person->notified_on.size == 0)
		find(f, POST_FINDING_NOT_NOTIFIED, POST_OBJECT_PERSON, at, articles,
		     "no day is known on which the receiving State was notified");
}

struct shape_list post_findings_of(const struct post_index *index, struct arena *arena)
{
	const struct post_import *file = index->file;
	size_t most = file->devices.count + file->doors.count * FINDINGS_OF_A_DOOR_MAX +
		      file->people.count * FINDINGS_OF_A_PERSON_MAX;
	struct finder f = {.index = index, .found = arena_take(arena, most * sizeof *f.found + 1)};
	const struct post_import_device *devices = file->devices.at;
	for (size_t i = 0; i < file->devices.count; i++)
		if (devices[i].plain)
			find(&f, POST_FINDING_PLAIN_DEVICE, POST_OBJECT_DEVICE, i, "",
			     "the device may work without a secure channel");
	for (size_t i = 0; i < file->doors.count; i++)
		find_in_door(&f, i, (const struct post_import_door *)file->doors.at + i);
	for (size_t i = 0; i < file->people.count; i++)
		find_in_person(&f, i, (const struct post_import_person *)file->people.at + i);
	return (struct shape_list){f.found, f.count};
}
