/* The story of an import: what is recorded, what is not, what stands afterwards. */
#include "desk.h"
#include "lib/random.h"
#include "lib/tap.h"
#include "post/file.h"

static struct arena *arena;

static struct post_import demo(void)
{
	struct post_file_options options = {0};
	struct post_import import;
	arena_reset(arena);
	NEED_OK(post_file_read(SOURCE_ROOT "/src/cmd/demo_post/embassy.yaml", &options, arena, &import),
		"the file is read: %s", err_why());
	return import;
}

static const struct post_import_reply *import_into(struct core *core, const struct post_import *import)
{
	desk_ask(core, post_import_write, import);
	NEED(desk_answer(core)->there, "the story answers");
	return desk_answer(core)->status == 200 ? desk_answer(core)->reply : NULL;
}

static size_t count_of(const struct core *core, const struct core_entry_kind *kind)
{
	size_t count = 0;
	for (size_t i = 0; i < desk_count(core); i++)
		count += desk_entry(core, i)->kind == kind;
	return count;
}

static bool tables_follow(struct core *core)
{
	struct core *fresh = desk_replay(core);
	const char *how = desk_differs(core, fresh);
	if (how)
		printf("# %s\n", how);
	desk_free(fresh);
	return how == NULL;
}

/* A list of the import as one that may be written to. */
#define LIST(import, name, type) ((struct type *)(import).name.at)

static void first_import(void)
{
	struct core *core = desk_new("PSL");
	struct post_import import = demo();
	const struct post_import_reply *reply = import_into(core, &import);
	NEED(reply, "the demonstration's file is taken: %s", desk_answer(core)->message);
	size_t objects = 1 + import.buildings.count + import.floors.count + import.zones.count + import.lines.count +
			 import.devices.count + import.doors.count + import.people.count;
	CHECK(reply->added == objects && reply->changed == 0 && reply->removed == 0, "everything is new: %u",
	      reply->added);
	CHECK(reply->seq == 1 && desk_entry(core, 0)->kind == &post_imported_entry, "the import is the first entry");
	CHECK(!desk_entry(core, 0)->has_cause && strcmp(desk_entry(core, 0)->actor, "uid/0") == 0,
	      "by whoever gave it");
	bool caused = true;
	for (size_t i = 1; i < desk_count(core); i++)
		caused &= desk_entry(core, i)->has_cause && desk_entry(core, i)->cause == 1;
	CHECK(caused, "and the cause of all others");
	CHECK(post_door_count(core) == import.doors.count && post_person_count(core) == import.people.count,
	      "it stands");
	const struct post_door *door = post_door_by_key(core, SPAN_TEXT("communications"));
	NEED(door, "a door is found by its key");
	CHECK(post_door(core, door->id) == door && span_is(door->name, "Communications room"), "and by its id");
	const struct post_device *inside = post_device(core, door->reader_inside_device);
	CHECK(inside && span_is(inside->key, "reader-communications-inside"), "its reader inside is the one meant");
	CHECK(post_zone(core, door->zone_to) && span_is(post_zone(core, door->zone_to)->key, "communications"),
	      "and its zone");
	CHECK(post_device(core, door->id) == NULL && post_door(core, 9999999) == NULL,
	      "an id is of one kind, and others are none");
	const struct post_member *child = post_person_by_key(core, SPAN_TEXT("ambassador-child"));
	CHECK(child && post_person(core, child->is.of) &&
		      span_is(post_person(core, child->is.of)->is.key, "ambassador"),
	      "a child is its mother's");
	CHECK(!child->left && !child->erased, "and present");
	struct supervisor_lines lines;
	CHECK(desk_lines(core, &lines) == 1 && lines.lines.count == 4, "the reader lines are set");
	CHECK(post_line_by_number(core, 0) && post_line_by_number(core, 3) && !post_line_by_number(core, 4),
	      "and numbered from 0");
	CHECK(count_of(core, &post_finding_entry) == reply->findings.count && reply->findings.count > 0,
	      "%zu findings are recorded and told", reply->findings.count);
	bool personal = false;
	for (size_t i = 0; i < desk_count(core); i++)
		personal |= strstr(desk_entry(core, i)->open, "Brumaire") != NULL;
	CHECK(!personal, "no name stands in the open part of an entry");
	CHECK(tables_follow(core), "the tables are what the entries say");
	desk_free(core);
}

static void again(void)
{
	struct core *core = desk_new("PSL");
	struct post_import import = demo();
	NEED(import_into(core, &import), "imported");
	size_t count = desk_count(core);
	uint64_t generation = post_generation(core);
	const struct post_import_reply *reply = import_into(core, &import);
	NEED(reply, "imported again");
	CHECK(reply->seq == 0 && reply->added + reply->changed + reply->removed == 0 && reply->findings.count == 0,
	      "nothing differs");
	CHECK(desk_count(core) == count && post_generation(core) == generation, "and nothing is recorded");
	desk_reload(core);
	reply = import_into(core, &import);
	NEED(reply, "imported after a start");
	CHECK(reply->seq == 0 && desk_count(core) == count, "nor after a start");
	CHECK(post_generation(core) > 0, "the generation has begun");
	desk_free(core);
}

static const struct post_change *change_of(const struct post_import_reply *reply, const char *key)
{
	const struct post_change *changes = reply->changes.at;
	for (size_t i = 0; i < reply->changes.count; i++)
		if (span_is(changes[i].key, key))
			return &changes[i];
	return NULL;
}

static void differences(void)
{
	struct core *core = desk_new("PSL");
	struct post_import import = demo();
	NEED(import_into(core, &import), "imported");
	size_t before = desk_count(core);
	uint64_t registry = post_door_by_key(core, SPAN_TEXT("registry"))->id;
	uint64_t nanny = post_person_by_key(core, SPAN_TEXT("nanny"))->is.person;
	for (size_t i = 0; i < import.doors.count; i++) {
		struct post_import_door *door = &LIST(import, doors, post_import_door)[i];
		if (span_is(door->key, "registry")) {
			door->name = SPAN_TEXT("Registry, north");
			door->held_after_s = 10;
		}
		if (span_is(door->key, "garden-exit"))
			door->key = SPAN_TEXT("garden-exit-2");
	}
	import.people.count--; /* the liaison goes */
	import.dry_run = true;
	const struct post_import_reply *reply = import_into(core, &import);
	NEED(reply, "a dry run answers");
	CHECK(reply->seq == 0 && desk_count(core) == before, "and records nothing");
	CHECK(reply->added == 1 && reply->changed == 1 && reply->removed == 2, "it says what would change");
	const struct post_change *change = change_of(reply, "registry");
	CHECK(change && change->change == POST_CHANGE_CHANGED && change->what == POST_OBJECT_DOOR &&
		      span_is(change->members, "name, held_after_s"),
	      "and in which members");
	CHECK(change_of(reply, "garden-exit-2") && change_of(reply, "garden-exit-2")->change == POST_CHANGE_ADDED &&
		      change_of(reply, "garden-exit")->change == POST_CHANGE_REMOVED &&
		      change_of(reply, "protocol-liaison")->change == POST_CHANGE_REMOVED,
	      "another key is another door");
	import.dry_run = false;
	reply = import_into(core, &import);
	NEED(reply, "then it is done");
	CHECK(desk_count(core) == before + 5, "with five entries: the import and four changes (%zu)",
	      desk_count(core) - before);
	CHECK(post_door(core, registry) && span_is(post_door(core, registry)->name, "Registry, north"),
	      "the door keeps its id");
	CHECK(!post_door_by_key(core, SPAN_TEXT("garden-exit")), "the other is gone");
	const struct post_member *liaison = post_person_by_key(core, SPAN_TEXT("protocol-liaison"));
	CHECK(liaison && liaison->left, "who is missing has left and is not forgotten");
	CHECK(desk_lines(core, NULL) == 1, "the reader lines are left alone");
	uint64_t liaison_id = liaison ? liaison->is.person : 0;
	import.people.count++;
	reply = import_into(core, &import);
	CHECK(reply && reply->changed == 1 && span_is(change_of(reply, "protocol-liaison")->members, "back"),
	      "and may come back");
	CHECK(post_person_by_key(core, SPAN_TEXT("protocol-liaison"))->is.person == liaison_id &&
		      !post_person_by_key(core, SPAN_TEXT("protocol-liaison"))->left,
	      "as the same person");
	CHECK(post_person(core, nanny), "everybody else stayed");
	CHECK(tables_follow(core), "the tables are what the entries say");
	desk_free(core);
}

static void lines_and_plans(void)
{
	struct core *core = desk_new("PSL");
	struct post_import import = demo();
	NEED(import_into(core, &import), "imported");
	struct post_import_line *lines = LIST(import, lines, post_import_line);
	lines[1].address = SPAN_TEXT("serial:/dev/pts/9");
	NEED(import_into(core, &import), "a line has moved");
	struct supervisor_lines set;
	CHECK(desk_lines(core, &set) == 2 &&
		      span_is(((const struct line_transport *)set.lines.at)[1].address, "serial:/dev/pts/9"),
	      "and the supervisor learns it");
	size_t parts = count_of(core, &post_plan_entry);
	struct post_import_floor *floors = LIST(import, floors, post_import_floor);
	struct post_figure *figures = (struct post_figure *)floors[0].plan.at;
	for (size_t i = 0; i < floors[0].plan.count; i++)
		if (figures[i].kind == POST_FIGURE_CIRCLE)
			figures[i].r++;
	const struct post_import_reply *reply = import_into(core, &import);
	CHECK(reply && reply->changed == 1 && span_is(change_of(reply, "ground")->members, "plan"),
	      "a plan has changed");
	CHECK(count_of(core, &post_plan_entry) > parts, "and is recorded anew");
	CHECK(tables_follow(core), "the old one is gone from the tables");
	/* a new line takes the number that a removed one leaves */
	uint32_t number = post_line_by_number(core, 2)->number;
	uint64_t old = post_line_by_number(core, 2)->id;
	struct span old_key = lines[2].key;
	lines[2].key = SPAN_TEXT("ground-2");
	struct post_import_device *devices = LIST(import, devices, post_import_device);
	for (size_t i = 0; i < import.devices.count; i++)
		if (span_equal(devices[i].on_line, old_key))
			devices[i].on_line = SPAN_TEXT("ground-2");
	reply = import_into(core, &import);
	CHECK(reply && reply->added == 1 && reply->removed == 1 && reply->changed == 5, "its devices follow");
	CHECK(post_line_by_number(core, number) && post_line_by_number(core, number)->id != old &&
		      !post_line(core, old),
	      "a new line takes the number that is free");
	CHECK(tables_follow(core), "the tables are what the entries say");
	desk_free(core);
}

static bool stands(struct core *core, enum post_finding_kind kind)
{
	struct post_findings_reply reply = {0};
	NEED_OK(desk_read(core, post_findings_read, &(struct route_nothing){0}, &reply), "findings are read");
	const struct post_findings_row *rows = reply.findings.at;
	for (size_t i = 0; i < reply.findings.count; i++)
		if (rows[i].kind == kind)
			return true;
	return false;
}

static void findings(void)
{
	struct core *core = desk_new("PSL");
	struct post_import import = demo();
	NEED(import_into(core, &import), "imported");
	CHECK(stands(core, POST_FINDING_NO_FIRE_RELEASE), "a gate without a fire release is a finding");
	CHECK(stands(core, POST_FINDING_STATUS_OTHERWISE), "so is a consular officer at an embassy");
	CHECK(stands(core, POST_FINDING_STATUS_EMPTY), "and the family of service staff");
	CHECK(stands(core, POST_FINDING_NOT_NOTIFIED), "and somebody of whom the receiving State was not told");
	CHECK(!stands(core, POST_FINDING_STRIKE_EXPOSED), "no strike hangs on a reader");
	struct post_import_door *doors = LIST(import, doors, post_import_door);
	struct span io = doors[0].strike_device;
	doors[0].strike_device = doors[0].reader_device;
	const struct post_import_reply *reply = import_into(core, &import);
	CHECK(reply && reply->findings.count == 1 && stands(core, POST_FINDING_STRIKE_EXPOSED), "until one does");
	doors[0].strike_device = io;
	doors[1].fire_release = POST_FIRE_RELEASE_WIRED;
	import.dry_run = true;
	reply = import_into(core, &import);
	const struct post_import_finding *told = reply ? reply->findings.at : NULL;
	CHECK(reply && reply->findings.count == 2 && told[0].cleared && told[1].cleared && told[0].key.size > 0,
	      "a dry run tells which findings would go");
	import.dry_run = false;
	NEED(import_into(core, &import), "mended");
	CHECK(!stands(core, POST_FINDING_STRIKE_EXPOSED) && !stands(core, POST_FINDING_NO_FIRE_RELEASE),
	      "and both are cleared");
	CHECK(count_of(core, &post_finding_cleared_entry) == 2, "by two entries");
	CHECK(tables_follow(core), "the tables are what the entries say");
	desk_free(core);
}

static void refused(struct core *core, const struct post_import *import, uint32_t status, const char *words)
{
	size_t count = desk_count(core);
	desk_ask(core, post_import_write, import);
	const struct desk_answer *answer = desk_answer(core);
	if (!CHECK(answer->there && answer->status == status && strstr(answer->message, words), "refused: %s", words))
		printf("# got: %u %s\n", answer->status, answer->message);
	CHECK(desk_count(core) == count, "and nothing is recorded");
}

static void refusals(void)
{
	struct core *core = desk_new("PSL");
	struct post_import import = demo();
	import.code = SPAN_TEXT("BRN");
	refused(core, &import, 409, "this is the ledger of PSL, and the file is BRN's");
	import = demo();
	import.expect_code = SPAN_TEXT("BRN");
	refused(core, &import, 409, "this is the ledger of PSL");
	import = demo();
	import.sha256 = (struct span){0};
	refused(core, &import, 400, "hash");
	import = demo();
	LIST(import, doors, post_import_door)[2].reader_device = SPAN_TEXT("nothing");
	refused(core, &import, 422, ": reader.device: there is no device \"nothing\"");
	CHECK(strncmp(desk_answer(core)->message, "embassy.yaml:", 13) == 0 &&
		      strcmp(desk_answer(core)->field, "reader.device") == 0,
	      "with the place of the item");
	import = demo();
	struct post_figure *figure = (struct post_figure *)LIST(import, floors, post_import_floor)[1].plan.at;
	*figure = (struct post_figure){.kind = POST_FIGURE_PATH, .d = SPAN_TEXT("M1,1\"/><script>")};
	refused(core, &import, 422, "plan: figure 1 has a path that is malformed");
	import = demo();
	LIST(import, people, post_import_person)[15].of = SPAN_TEXT("ambassador-child");
	refused(core, &import, 422, "is no member of the post");
	import = demo();
	import.time_zone = SPAN_TEXT("../etc");
	refused(core, &import, 422, "time_zone");
	import = demo();
	LIST(import, doors, post_import_door)[0].floor = SPAN_TEXT("upper");
	refused(core, &import, 422, "floor: none of the door's zones is on floor \"upper\"");
	import = demo();
	LIST(import, devices, post_import_device)[1].address = 0;
	refused(core, &import, 422, "address 0 is used by device");
	desk_free(core);
}

static void erasure(void)
{
	struct core *core = desk_new("PSL");
	struct post_import import = demo();
	NEED(import_into(core, &import), "imported");
	uint64_t cook = post_person_by_key(core, SPAN_TEXT("cook"))->is.person;
	desk_erase(core, cook);
	const struct post_member *member = post_person(core, cook);
	CHECK(member && member->erased && member->is.name.size == 0 && member->is.key.size == 0 &&
		      member->is.nationality.size == 0,
	      "an erased person has no name, no key, no nationality");
	CHECK(!post_person_by_key(core, SPAN_TEXT("cook")), "and is not found");
	CHECK(tables_follow(core), "replay without the key gives the same tables");
	struct post_person_file_reply file = {0};
	NEED_OK(desk_read(core, post_person_file_read, &(struct route_object){cook}, &file),
		"the file can still be read");
	CHECK(file.erased && file.name.size == 0, "and says so");
	const struct post_import_reply *reply = import_into(core, &import);
	CHECK(reply && reply->added == 1 && reply->removed == 0, "in the file again, it is somebody new");
	CHECK(post_person_by_key(core, SPAN_TEXT("cook")) &&
		      post_person_by_key(core, SPAN_TEXT("cook"))->is.person != cook,
	      "with an id and a key of his own");
	CHECK(tables_follow(core), "and replay agrees");
	desk_free(core);
}

static struct post_people_reply people(struct core *core, struct span search, uint64_t after, uint32_t limit,
				       bool with_left)
{
	struct post_people_reply reply = {0};
	struct post_people_request request = {search, after, limit, with_left};
	NEED_OK(desk_read(core, post_people_read, &request, &reply), "people are read: %s", err_why());
	return reply;
}

static void reading(void)
{
	struct core *core = desk_new("PSL");
	struct post_view view = {0};
	NEED_OK(desk_read(core, post_view_read, &(struct route_nothing){0}, &view), "an empty post is read");
	CHECK(view.code.size == 0 && view.floors.count == 0, "and is empty");
	struct post_import import = demo();
	NEED(import_into(core, &import), "imported");
	view = (struct post_view){0};
	NEED_OK(desk_read(core, post_view_read, &(struct route_nothing){0}, &view), "the post is read: %s", err_why());
	CHECK(span_is(view.code, "PSL") && view.premises == LAW_PREMISES_INVIOLABLE && view.articles.size > 0,
	      "with its law");
	import = demo();
	const struct post_view_floor *floors = view.floors.at;
	const struct post_import_floor *drawn = import.floors.at;
	CHECK(view.floors.count == 2 && span_is(floors[0].key, "ground") && floors[0].plan.count == drawn[0].plan.count,
	      "with its plans, lowest floor first");
	bool same = true;
	for (size_t i = 0; i < floors[0].plan.count; i++) {
		uint8_t a[20000], b[20000];
		struct sink sa = SINK_OF(a), sb = SINK_OF(b);
		shape_write_binary(&sa, &post_figure_shape, (const struct post_figure *)floors[0].plan.at + i);
		shape_write_binary(&sb, &post_figure_shape, (const struct post_figure *)drawn[0].plan.at + i);
		same &= span_equal(sink_span(&sa), sink_span(&sb));
	}
	CHECK(same, "figure by figure");
	uint8_t *json = malloc(2 * 1024 * 1024);
	struct sink s = sink_of(json, 2 * 1024 * 1024);
	shape_write_full(&s, &post_view_shape, &view);
	CHECK(!s.failed && s.size < 200 * 1024, "the demonstration's post is %zu bytes of JSON", s.size);
	free(json);
	CHECK(view.zones.count == import.zones.count && view.doors.count == import.doors.count, "zones and doors");

	struct post_people_reply page = people(core, SPAN_TEXT("BRUMAIRE"), 0, 0, false);
	CHECK(page.people.count == 3 && !page.more, "case does not count in a search");
	CHECK(people(core, SPAN_TEXT("elodie"), 0, 0, false).people.count == 1, "nor do accents");
	CHECK(people(core, SPAN_TEXT("\xC3\x89lodie"), 0, 0, false).people.count == 1, "on either side");
	CHECK(people(core, SPAN_TEXT("\xD9\x88\xD8\xA7\xD8\xAF\xD9\x8A"), 0, 0, false).people.count == 1,
	      "Arabic is found");
	CHECK(people(core, SPAN_TEXT("%"), 0, 0, false).people.count == 0 &&
		      people(core, SPAN_TEXT("_"), 0, 0, false).people.count == 0,
	      "LIKE's own signs are plain");
	CHECK(people(core, SPAN_TEXT("x' OR '1'='1"), 0, 0, false).people.count == 0, "and so is everything else");
	size_t seen = 0;
	uint64_t after = 0;
	for (int pages = 0; pages < 100; pages++) {
		page = people(core, (struct span){0}, after, 5, false);
		seen += page.people.count;
		if (!page.more)
			break;
		after = ((const struct post_people_row *)page.people.at)[page.people.count - 1].id;
	}
	CHECK(seen == import.people.count, "page by page everybody is seen once: %zu", seen);
	struct post_names_reply names = {0};
	NEED_OK(desk_read(core, post_names_read, &(struct post_names_request){0}, &names), "names are read");
	CHECK(names.names.count == import.people.count + import.doors.count + import.zones.count +
					   import.devices.count + import.lines.count + import.floors.count +
					   import.buildings.count &&
		      !names.more,
	      "one for each object");

	uint64_t consul = post_person_by_key(core, SPAN_TEXT("consul"))->is.person;
	size_t count = desk_count(core);
	desk_ask(core, post_person_file_write, &(struct route_object){consul});
	CHECK(!desk_answer(core)->there && desk_count(core) == count + 1 &&
		      desk_entry(core, count)->kind == &post_person_viewed_entry,
	      "reading a person's file is an entry first");
	struct post_person_file_reply file = {0};
	NEED_OK(desk_read(core, post_person_file_read, &(struct route_object){consul}, &file), "then it is read");
	CHECK(span_is(file.name, "Hjördis Vattenfalk") && file.fit == LAW_FIT_READ_OTHERWISE &&
		      span_is(file.articles, "VCCR 70(4)"),
	      "with what the law says");
	uint64_t attache = post_person_by_key(core, SPAN_TEXT("attache"))->is.person;
	NEED_OK(desk_read(core, post_person_file_read, &(struct route_object){attache}, &file), "another");
	CHECK(span_is(file.limits, "VCDR 38(1)"), "a national of the host is narrowed");
	uint64_t child = post_person_by_key(core, SPAN_TEXT("ambassador-child"))->is.person;
	NEED_OK(desk_read(core, post_person_file_read, &(struct route_object){child}, &file), "a child");
	CHECK(file.of != 0 && span_is(file.of_name, "Élodie Brumaire-Quint") && span_is(file.articles, "VCDR 37(1)"),
	      "is somebody's");
	desk_ask(core, post_person_file_write, &(struct route_object){1});
	CHECK(desk_answer(core)->status == 404, "nobody else has a file");
	CHECK_FAILS(desk_read(core, post_person_file_read, &(struct route_object){1}, &file), ERR_NOT_FOUND,
		    "no person", "nor in query");
	desk_free(core);
}

/* Change the file at random, import, and hold: what stands is the file, importing again changes nothing, and the
 * tables are what the entries say.
 */
static void random_changes(struct post_import *import)
{
	static const char *const names[] = {"One", "Two", "Three", "\xC3\x89tage"};
	struct post_import_door *doors = LIST(*import, doors, post_import_door);
	struct post_import_person *persons = LIST(*import, people, post_import_person);
	struct post_import_zone *zones = LIST(*import, zones, post_import_zone);
	struct post_import_device *devices = LIST(*import, devices, post_import_device);
	for (uint64_t i = random_below(6); i > 0; i--) {
		size_t door = random_below(import->doors.count), person = random_below(import->people.count);
		switch (random_below(8)) {
		case 0:
			doors[door].name = span_of_string(names[random_below(4)]);
			break;
		case 1:
			doors[door].fire_release = random_below(2) ? POST_FIRE_RELEASE_WIRED : POST_FIRE_RELEASE_NONE;
			break;
		case 2:
			persons[person].name = span_of_string(names[random_below(4)]);
			break;
		case 3:
			persons[person].notified_on = random_below(2) ? SPAN_TEXT("2026-01-01") : (struct span){0};
			break;
		case 4:
			zones[random_below(import->zones.count)].level = (enum post_zone_level)(1 + random_below(4));
			break;
		case 5:
			devices[random_below(import->devices.count)].plain = random_below(2);
			break;
		case 6:
			import->doors.count -= import->doors.count > 1;
			break;
		default:
			persons[person].permanent_residence = random_below(2);
		}
	}
}

static void properties(void)
{
	struct core *core = desk_new("PSL");
	bool quiet = true, taken = true;
	struct post_import whole = demo();
	size_t door_count = whole.doors.count;
	for (int round = 0; round < 40; round++) {
		whole.doors.count = random_below(3) ? whole.doors.count : door_count;
		random_changes(&whole);
		taken &= import_into(core, &whole) != NULL;
		if (random_below(4) == 0)
			desk_reload(core);
		const struct post_import_reply *reply = import_into(core, &whole);
		quiet &= reply && reply->seq == 0;
		taken &= post_door_count(core) == whole.doors.count;
	}
	CHECK(taken, "forty random changes are taken");
	CHECK(quiet, "and after each, importing again changes nothing");
	CHECK(tables_follow(core), "and the tables are what the %zu entries say", desk_count(core));
	desk_free(core);
}

static struct span numbered(const char *format, int number)
{
	char text[60];
	(void)snprintf(text, sizeof text, "%s%d", format, number);
	return arena_copy(arena, span_of_string(text));
}

/* The largest post that a file may bring. */
static void bounds(void)
{
	struct core *core = desk_new("PSL");
	struct post_import import = demo();
	struct post_import_person *persons = arena_take(arena, POST_PEOPLE_MAX * sizeof *persons);
	for (int i = 0; i < POST_PEOPLE_MAX; i++)
		persons[i] = (struct post_import_person){.line = 1,
							 .column = 1,
							 .key = numbered("p", i),
							 .name = numbered("Person ", i),
							 .status = LAW_VISITOR,
							 .nationality = SPAN_TEXT("XB")};
	import.people = (struct shape_list){persons, POST_PEOPLE_MAX};
	struct post_figure *figures = arena_take(arena, POST_FIGURES_MAX * sizeof *figures);
	for (int i = 0; i < POST_FIGURES_MAX; i++)
		figures[i] = (struct post_figure){.kind = POST_FIGURE_RECT,
						  .class = POST_CLASS_WALL,
						  .x = (uint32_t)i,
						  .y = 10000,
						  .width = 20000,
						  .height = 20000};
	LIST(import, floors, post_import_floor)[0].plan = (struct shape_list){figures, POST_FIGURES_MAX};
	const struct post_import_reply *reply = import_into(core, &import);
	NEED(reply, "five thousand people and a plan of four thousand figures are taken: %s",
	     desk_answer(core)->message);
	CHECK(reply->unlisted > 4000 && reply->changes.count == 1000,
	      "the answer lists a thousand changes and counts the others");
	size_t largest = 0;
	for (size_t i = 0; i < desk_count(core); i++)
		largest = strlen(desk_entry(core, i)->open) > largest ? strlen(desk_entry(core, i)->open) : largest;
	CHECK(largest <= POST_PLAN_ENTRY_BYTES_MAX + 200, "the largest entry has %zu bytes", largest);
	struct post_view view = {0};
	NEED_OK(desk_read(core, post_view_read, &(struct route_nothing){0}, &view), "it can be read: %s", err_why());
	CHECK(((const struct post_view_floor *)view.floors.at)[0].plan.count == POST_FIGURES_MAX,
	      "with its whole plan");
	struct post_names_reply names = {0};
	NEED_OK(desk_read(core, post_names_read, &(struct post_names_request){0}, &names), "names come in pages");
	CHECK(names.names.count == 5000 && names.more, "of five thousand");
	CHECK(people(core, (struct span){0}, 0, 1000, false).people.count == 200, "people in pages of two hundred");
	for (int i = 0; i < POST_FIGURES_MAX; i++)
		figures[i] = (struct post_figure){.kind = POST_FIGURE_TEXT,
						  .text = numbered("a long label that takes its room ", i)};
	for (size_t i = 0; i < import.floors.count; i++)
		LIST(import, floors, post_import_floor)[i].plan = (struct shape_list){figures, POST_FIGURES_MAX};
	refused(core, &import, 422, "are too large to be drawn");
	desk_free(core);
}

int main(void)
{
	arena = arena_new(POST_FILE_ARENA_MAX);
	random_start();
	first_import();
	again();
	differences();
	lines_and_plans();
	findings();
	refusals();
	erasure();
	reading();
	properties();
	bounds();
	arena_free(arena);
	return tap_finish();
}
