/* Is every fault of a post's file refused with the place of the very word, and is the demonstration's file without
 * any? */
#include <unistd.h>

#include "lib/random.h"
#include "lib/tap.h"
#include "post/file.h"

static struct arena *arena;

/* A whole small post; line numbers count from here. */
static const char base[] = "post:\n"                                               /* 1 */
			   "  code: TST\n"                                         /* 2 */
			   "  name: A post\n"                                      /* 3 */
			   "  kind: embassy\n"                                     /* 4 */
			   "  host_state: XB\n"                                    /* 5 */
			   "  sending_state: XA\n"                                 /* 6 */
			   "  time_zone: Europe/Lisbon\n"                          /* 7 */
			   "buildings:\n"                                          /* 8 */
			   "  - { key: b1, name: House }\n"                        /* 9 */
			   "floors:\n"                                             /* 10 */
			   "  - key: f1\n"                                         /* 11 */
			   "    name: Ground\n"                                    /* 12 */
			   "    building: b1\n"                                    /* 13 */
			   "    level: 0\n"                                        /* 14 */
			   "    plan: p.svg\n"                                     /* 15 */
			   "zones:\n"                                              /* 16 */
			   "  - key: z1\n"                                         /* 17 */
			   "    name: Hall\n"                                      /* 18 */
			   "    floor: f1\n"                                       /* 19 */
			   "    level: public\n"                                   /* 20 */
			   "    outline: [[0, 0], [50, 0], [50, 25.5]]\n"          /* 21 */
			   "lines:\n"                                              /* 22 */
			   "  - key: l1\n"                                         /* 23 */
			   "    address: tcp:127.0.0.1:4000\n"                     /* 24 */
			   "    baud: 9600\n"                                      /* 25 */
			   "devices:\n"                                            /* 26 */
			   "  - { key: r1, line: l1, address: 1, kind: reader }\n" /* 27 */
			   "  - { key: i1, line: l1, address: 0, kind: io }\n"     /* 28 */
			   "doors:\n"                                              /* 29 */
			   "  - key: d1\n"                                         /* 30 */
			   "    name: Front\n"                                     /* 31 */
			   "    floor: f1\n"                                       /* 32 */
			   "    x: 10.25\n"                                        /* 33 */
			   "    y: 20\n"                                           /* 34 */
			   "    to: z1\n"                                          /* 35 */
			   "    reader: { device: r1 }\n"                          /* 36 */
			   "    strike: { device: i1, output: 2, seconds: 5.5 }\n" /* 37 */
			   "    contact: { device: i1, input: 3 }\n"               /* 38 */
			   "    exit_request: { device: i1, input: 4 }\n"          /* 39 */
			   "    fire_release: wired\n"                             /* 40 */
			   "people:\n"                                             /* 41 */
			   "  - key: p1\n"                                         /* 42 */
			   "    name: Ilse Varenhold\n"                            /* 43 */
			   "    status: diplomatic-agent\n"                        /* 44 */
			   "    nationality: XA\n"                                 /* 45 */
			   "    notified_on: 2025-01-02\n"                         /* 46 */
			   "  - key: p2\n"                                         /* 47 */
			   "    name: Mirko Varenhold\n"                           /* 48 */
			   "    status: family-member\n"                           /* 49 */
			   "    nationality: XA\n"                                 /* 50 */
			   "    of: p1\n";                                         /* 51 */

static const char drawing[] = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 50'>"
			      "<rect class='wall' x='1' y='1' width='98' height='48'/></svg>";

static struct err plan_here(void *context, const char *name, struct arena *into, struct span *ret_text)
{
	(void)into;
	if (strcmp(name, "p.svg") != 0)
		return FAIL(ERR_NOT_FOUND, "%s: No such file or directory", name);
	*ret_text = span_of_string(context ? context : drawing);
	return OK;
}

static struct err parse(struct span text, struct post_import *ret_import)
{
	struct post_file_options options = {.plan = plan_here};
	arena_reset(arena);
	return post_file_parse("t.yaml", text, &options, arena, ret_import);
}

static void whole(void)
{
	struct post_import import;
	NEED_OK(parse(span_of_string(base), &import), "the small post is read: %s", err_why());
	const struct post_import_door *door = import.doors.at;
	const struct post_import_zone *zone = import.zones.at;
	const struct post_import_floor *floor = import.floors.at;
	const struct post_import_device *devices = import.devices.at;
	const struct post_import_person *people = import.people.at;
	CHECK(span_is(import.code, "TST") && import.kind == LAW_POST_EMBASSY && import.sha256.size == 32 &&
		      span_is(import.file, "t.yaml") && !import.dry_run,
	      "the post");
	CHECK(door->x == 1025 && door->y == 2000 && door->strike_100ms == 55 && door->strike_output == 2 &&
		      door->contact_active == POST_CONTACT_ACTIVE_OPEN && door->held_after_s == 30 &&
		      door->zone_from.size == 0,
	      "a door, in hundredths and tenths, with what is understood by itself");
	CHECK(door->line == 30 && door->column == 5, "with its place");
	CHECK(span_is(zone->outline, "0,0 5000,0 5000,2550") && zone->level == POST_ZONE_PUBLIC, "a zone");
	CHECK(floor->width == 10000 && floor->height == 5000 && floor->plan.count == 1, "a floor and its plan");
	CHECK(!devices[0].plain && devices[0].kind == POST_DEVICE_READER && devices[1].address == 0,
	      "devices are secure");
	CHECK(people[1].status == LAW_FAMILY_MEMBER && span_is(people[1].of, "p1"), "people");
	CHECK_OK(shape_validate(&post_import_shape, &import), "all within the bounds of the table");
}

/* Put `now` in the place of `before`, once. */
static struct span changed(const char *before, const char *now)
{
	static char text[sizeof base + 4000];
	const char *at = strstr(base, before);
	NEED(at && !strstr(at + 1, before), "\"%s\" stands in the small post once", before);
	(void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - base), base, now, at + strlen(before));
	return span_of_string(text);
}

struct fault {
	const char *before;
	const char *now;
	const char *why;
};

static const struct fault faults[] = {
	/* what YAML itself, its keys and its values may be */
	{"post:\n", "past:\n", "t.yaml:1:1: unknown key \"past\""},
	{"  code: TST\n", "", "t.yaml:2:3: \"code\" is missing"},
	{"  code: TST\n", "  code: TST\n  colour: red\n", "t.yaml:3:3: unknown key \"colour\""},
	{"  code: TST\n", "  code: TST\n  code: TST\n", "t.yaml:3:3: \"code\" stands here twice; first on line 2"},
	{"reader: { device: r1 }", "reader: { device: r1, colour: red }", "t.yaml:36:27: unknown key \"colour\""},
	{"reader: { device: r1 }", "reader: { number: 1 }", "t.yaml:36:13: \"reader.device\" is missing"},
	{"reader: { device: r1 }", "reader: r1", "t.yaml:36:13: reader: must be a mapping, and is a single value"},
	{"    strike: { device: i1, output: 2, seconds: 5.5 }", "    strike: { device: i1, seconds: 5 }",
	 "t.yaml:37:13: \"strike.output\" is missing"},
	{"    fire_release: wired\n", "", "t.yaml:30:5: \"fire_release\" is missing"},
	{"buildings:\n  - {", "buildings:\n  {", "t.yaml:9:3: buildings: must be a list, and is a mapping"},
	{"  - { key: b1, name: House }", "  - b1", "t.yaml:9:5: buildings: must be a mapping, and is a single value"},
	{"name: House", "name: &h House", "t.yaml:9:22: anchors are not taken here"},
	{"name: House", "name: !!str House", "t.yaml:9:22: tags are not taken here"},
	{"name: House", "name: ''", "t.yaml:9:22: name: a value is missing"},
	{"name: House", "name: \"a\\x07\"", "t.yaml:9:22: name: holds a character that is no text"},
	/* the post */
	{"code: TST", "code: tst", "t.yaml:2:9: code: a post's code is 2 to 8 of A to Z and 0 to 9"},
	{"code: TST", "code: T", "t.yaml:2:9: code: a post's code is 2 to 8 of A to Z and 0 to 9"},
	{"code: TST", "code: TSTTSTTST", "t.yaml:2:9: code: 9 bytes, at most 8"},
	{"kind: embassy", "kind: castle",
	 "t.yaml:4:9: kind: \"castle\" is none of embassy, career-consulate, honorary-consulate, residence, "
	 "headquarters"},
	{"kind: embassy", "kind: none",
	 "t.yaml:4:9: kind: \"none\" is none of embassy, career-consulate, honorary-consulate, residence, "
	 "headquarters"},
	{"host_state: XB", "host_state: UK", "t.yaml:5:15: host_state: \"UK\" is no code of ISO 3166"},
	{"sending_state: XA", "sending_state: xa", "t.yaml:6:18: sending_state: \"xa\" is no code of ISO 3166"},
	{"sending_state: XA", "sending_state: XB",
	 "t.yaml:5:15: host_state: only a headquarters stands in its own State"},
	{"kind: embassy", "kind: headquarters", "t.yaml:5:15: host_state: a headquarters stands in its own State"},
	{"Europe/Lisbon", "Europe/Nowhere",
	 "t.yaml:7:14: time_zone: this machine knows no time zone \"Europe/Nowhere\""},
	{"Europe/Lisbon", "Europe", "t.yaml:7:14: time_zone: this machine knows no time zone \"Europe\""},
	{"Europe/Lisbon", "../../etc/passwd", "t.yaml:7:14: time_zone: \"../../etc/passwd\" is no time zone"},
	/* keys and references */
	{"key: b1,", "key: B1,", "t.yaml:9:12: key: a key is made of a to z, 0 to 9, '-', '_' and '.'"},
	{"key: b1,", "key: -b,", "t.yaml:9:12: key: a key is made of a to z, 0 to 9, '-', '_' and '.'"},
	{"  - { key: b1, name: House }\n", "  - { key: b1, name: House }\n  - { key: b1, name: Shed }\n",
	 "t.yaml:10:12: key: \"b1\" is used twice in buildings; first on line 9"},
	{"    building: b1\n", "    building: b2\n", "t.yaml:13:15: building: there is no building \"b2\""},
	{"    floor: f1\n    level: public", "    floor: f2\n    level: public",
	 "t.yaml:19:12: floor: there is no floor \"f2\""},
	{"line: l1, address: 1", "line: l2, address: 1", "t.yaml:27:22: line: there is no line \"l2\""},
	{"    floor: f1\n    x:", "    floor: f2\n    x:", "t.yaml:32:12: floor: there is no floor \"f2\""},
	{"    to: z1\n", "    to: z2\n", "t.yaml:35:9: to: there is no zone \"z2\""},
	{"    to: z1\n", "    from: z2\n    to: z1\n", "t.yaml:35:11: from: there is no zone \"z2\""},
	{"    to: z1\n", "    from: z1\n    to: z1\n", "t.yaml:36:9: to: the door leads from zone \"z1\" to itself"},
	{"reader: { device: r1 }", "reader: { device: r2 }", "t.yaml:36:23: reader.device: there is no device \"r2\""},
	{"strike: { device: i1,", "strike: { device: i2,", "t.yaml:37:23: strike.device: there is no device \"i2\""},
	{"contact: { device: i1,", "contact: { device: i2,", "t.yaml:38:24: contact.device: there is no device \"i2\""},
	{"exit_request: { device: i1,", "exit_request: { device: i2,",
	 "t.yaml:39:29: exit_request.device: there is no device \"i2\""},
	{"    of: p1\n", "    of: p9\n", "t.yaml:51:9: of: there is no person \"p9\""},
	/* places */
	{"plan: p.svg", "plan: q.svg", "t.yaml:15:11: plan: q.svg: No such file or directory"},
	{"plan: p.svg", "plan: /etc/passwd", "t.yaml:15:11: plan: a plan lies beside the post's file or below it"},
	{"plan: p.svg", "plan: ../p.svg", "t.yaml:15:11: plan: a plan lies beside the post's file or below it"},
	{"level: 0", "level: ground", "t.yaml:14:12: level: 6 bytes, at most 4"},
	{"level: 0", "level: low", "t.yaml:14:12: level: a level is a whole number, -999 to 999"},
	{"level: 0", "level: -0", "t.yaml:14:12: level: a level is a whole number, -999 to 999"},
	{"level: public", "level: secret",
	 "t.yaml:20:12: level: \"secret\" is none of public, controlled, limited, exclusion"},
	{"[50, 25.5]", "[50, 50.01]", "t.yaml:21:14: outline: an outline is 3 points or more, all on the floor's plan"},
	{", [50, 25.5]", "", "t.yaml:21:14: outline: an outline is 3 points or more, all on the floor's plan"},
	{"[50, 25.5]", "[50]", "t.yaml:21:32: outline: a point is [x, y]"},
	{"[50, 25.5]", "[50, x]", "t.yaml:21:37: outline: \"x\" is not a number from 0 to 100000, 2 decimals at most"},
	{"[50, 25.5]", "50", "t.yaml:21:32: outline: a point: must be a list, and is a single value"},
	{"x: 10.25", "x: 100.01", "t.yaml:33:8: x: the door lies outside the plan of floor \"f1\""},
	{"    y: 20\n", "    y: 50.5\n", "t.yaml:34:8: y: the door lies outside the plan of floor \"f1\""},
	{"x: 10.25", "x: -1", "t.yaml:33:8: x: \"-1\" is not a number from 0 to 42949672, 2 decimals at most"},
	{"x: 10.25", "x: 1.234", "t.yaml:33:8: x: \"1.234\" is not a number from 0 to 42949672, 2 decimals at most"},
	/* lines and devices */
	{"tcp:127.0.0.1:4000", "tcp:127.0.0.1",
	 "t.yaml:24:14: address: an address is serial:/dev/NAME or tcp:HOST:PORT"},
	{"tcp:127.0.0.1:4000", "tcp:host:0", "t.yaml:24:14: address: an address is serial:/dev/NAME or tcp:HOST:PORT"},
	{"tcp:127.0.0.1:4000", "tcp:host:65536",
	 "t.yaml:24:14: address: an address is serial:/dev/NAME or tcp:HOST:PORT"},
	{"tcp:127.0.0.1:4000", "tcp:a b:1", "t.yaml:24:14: address: an address is serial:/dev/NAME or tcp:HOST:PORT"},
	{"tcp:127.0.0.1:4000", "serial:/etc/passwd",
	 "t.yaml:24:14: address: an address is serial:/dev/NAME or tcp:HOST:PORT"},
	{"tcp:127.0.0.1:4000", "serial:/dev/../etc",
	 "t.yaml:24:14: address: an address is serial:/dev/NAME or tcp:HOST:PORT"},
	{"tcp:127.0.0.1:4000", "/dev/ttyS0", "t.yaml:24:14: address: an address is serial:/dev/NAME or tcp:HOST:PORT"},
	{"baud: 9600", "baud: 300",
	 "t.yaml:25:11: baud: 300: OSDP runs at 9600, 19200, 38400, 57600, 115200 or 230400"},
	{"    baud: 9600\n", "    baud: 9600\n  - { key: l2, address: tcp:127.0.0.1:4000 }\n",
	 "t.yaml:26:25: address: line \"l1\" has this address too"},
	{"address: 1,", "address: 127,", "t.yaml:27:35: address: 127: an address is 0 to 126"},
	{"address: 1,", "address: 0,", "t.yaml:28:35: address: address 0 is used by device \"r1\" too"},
	{"kind: reader }", "kind: camera }", "t.yaml:27:44: kind: \"camera\" is none of reader, io"},
	{"kind: reader }", "kind: reader, secure: no }", "t.yaml:27:60: secure: must be true or false"},
	/* doors */
	{"reader: { device: r1 }", "reader: { device: i1 }", "t.yaml:36:23: reader.device: \"i1\" is no reader"},
	{"reader: { device: r1 }", "reader: { device: r1, number: 32 }",
	 "t.yaml:36:35: reader.number: 32: numbers go from 0 to 31"},
	{"output: 2,", "output: 32,", "t.yaml:37:35: strike.output: 32: numbers go from 0 to 31"},
	{"input: 3 }", "input: 4 }", "t.yaml:39:19: exit_request: input 4 is used by door \"d1\" too"},
	{"    fire_release: wired\n", "    fire_release: wired\n    reader_inside: { device: r1 }\n",
	 "t.yaml:41:20: reader_inside: reader 0 is used by door \"d1\" too"},
	{"seconds: 5.5", "seconds: 0.4", "t.yaml:37:47: strike.seconds: a strike is released for 0.5 to 60 seconds"},
	{"seconds: 5.5", "seconds: 60.1", "t.yaml:37:47: strike.seconds: a strike is released for 0.5 to 60 seconds"},
	{"seconds: 5.5", "seconds: 5.55",
	 "t.yaml:37:47: strike.seconds: \"5.55\" is not a number from 0 to 429496729, 1 decimals at most"},
	{"    strike: { device: i1, output: 2, seconds: 5.5 }\n", "",
	 "t.yaml:30:5: strike: a door with a reader needs a strike to release"},
	{"input: 3 }", "input: 3, active: broken }", "t.yaml:38:46: contact.active: \"broken\" is none of open, shut"},
	{"fire_release: wired", "fire_release: perhaps",
	 "t.yaml:40:19: fire_release: \"perhaps\" is none of wired, none"},
	{"fire_release: wired", "fire_release: wired\n    held_after: 4",
	 "t.yaml:41:17: held_after: a door is held open after 5 to 3600 seconds"},
	/* people */
	{"status: diplomatic-agent", "status: king",
	 "t.yaml:44:13: status: \"king\" is none of diplomatic-agent, administrative-technical, service-staff, "
	 "private-servant, "
	 "family-member, consular-officer, consular-employee, honorary-consul, local-contractor, visitor, "
	 "receiving-state-agent"},
	{"    nationality: XA\n    notified_on", "    nationality: ??\n    notified_on",
	 "t.yaml:45:18: nationality: \"??\" is no code of ISO 3166"},
	{"2025-01-02", "2025-13-02", "t.yaml:46:18: notified_on: \"2025-13-02\" is no day; write 2026-11-22"},
	{"2025-01-02", "2025-02-29", "t.yaml:46:18: notified_on: \"2025-02-29\" is no day; write 2026-11-22"},
	{"    of: p1\n", "", "t.yaml:47:5: of: whose family member or servant this is must be said"},
	{"    of: p1\n", "    of: p2\n", "t.yaml:51:9: of: \"p2\" is no member of the post"},
	{"notified_on: 2025-01-02\n", "of: p2\n",
	 "t.yaml:46:9: of: only family members and private servants are somebody's"},
	{"    name: Mirko Varenhold\n", "", "t.yaml:47:5: \"name\" is missing"},
	{"key: p2", "key: p1", "t.yaml:47:10: key: \"p1\" is used twice in people; first on line 42"},
};

static void refusals(void)
{
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct post_import import;
		struct err e = parse(changed(faults[i].before, faults[i].now), &import);
		bool good = (e.code == ERR_INVALID || e.code == ERR_TOO_LARGE) && strcmp(err_why(), faults[i].why) == 0;
		if (!CHECK(good, "%s", faults[i].why))
			printf("# got: %s\n", failed(e) ? err_why() : "nothing wrong");
	}
}

/* What is odd but may be: findings, not refusals. */
static void accepted(void)
{
	static const struct fault odd[] = {
		{"strike: { device: i1,", "strike: { device: r1,", "a strike on the reader itself"},
		{"kind: reader }", "kind: reader, secure: false }", "a reader without a secure channel"},
		{"fire_release: wired", "fire_release: none", "no fire release"},
		{"status: diplomatic-agent", "status: consular-officer", "a consular officer at an embassy"},
		{"status: diplomatic-agent", "status: honorary-consul", "an honorary consul at an embassy"},
		{"    contact: { device: i1, input: 3 }\n", "", "no contact"},
		{"    notified_on: 2025-01-02\n", "", "nobody was notified"},
		{"level: 0", "level: -12", "a cellar"},
		{"tcp:127.0.0.1:4000", "tcp:[::1]:4000", "an address of IPv6"},
		{"host_state: XB", "host_state: NO", "a State whose code YAML would take for a falsehood"},
	};
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct post_import import;
		CHECK_OK(parse(changed(odd[i].before, odd[i].now), &import), "taken: %s", odd[i].why);
	}
}

static void impossible_status(void)
{
	char text[sizeof base + 200];
	struct span changed_text = changed("kind: embassy", "kind: headquarters");
	struct post_import import;
	(void)snprintf(text, sizeof text, "%.*s", SPAN_ARGS(changed_text));
	char *host = strstr(text, "host_state: XB"), *status = strstr(text, "status: diplomatic-agent");
	memcpy(host, "host_state: XA", 14);
	CHECK_OK(parse(span_of_string(text), &import), "a headquarters stands at home");
	memmove(status + 29, status + 24, strlen(status + 24) + 1);
	memcpy(status, "status: receiving-state-agent", 29);
	char *family = strstr(text, "  - key: p2");
	*family = 0;
	CHECK_FAILS(parse(span_of_string(text), &import), ERR_INVALID,
		    "t.yaml:44:13: status: a headquarters has no receiving State",
		    "and has no agents of a receiving State");
}

static void bad_plan(void)
{
	static char bad[] = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 50'>\n\n<script/></svg>";
	struct post_file_options options = {.plan = plan_here, .context = bad};
	struct post_import import;
	arena_reset(arena);
	CHECK_FAILS(post_file_parse("t.yaml", span_of_string(base), &options, arena, &import), ERR_INVALID,
		    "p.svg:3: <script> is not taken", "a bad plan is refused with its own place");
}

static void overrides(void)
{
	struct post_file_override override;
	struct post_import import;
	NEED_OK(post_file_override_read("l1=serial:/dev/pts/7", &override), "an override is read");
	struct post_file_options options = {.plan = plan_here, .overrides = &override, .override_count = 1};
	arena_reset(arena);
	CHECK_OK(post_file_parse("t.yaml", span_of_string(base), &options, arena, &import), "and taken");
	const struct post_import_line *line = import.lines.at;
	CHECK(span_is(line->address, "serial:/dev/pts/7"), "the line has the other address");
	NEED_OK(post_file_override_read("l9=serial:/dev/pts/7", &override), "another override");
	CHECK_FAILS(post_file_parse("t.yaml", span_of_string(base), &options, arena, &import), ERR_INVALID,
		    "t.yaml: there is no line \"l9\"", "of a line that is not there is refused");
	NEED_OK(post_file_override_read("l1=telnet:x", &override), "a third");
	CHECK_FAILS(post_file_parse("t.yaml", span_of_string(base), &options, arena, &import), ERR_INVALID,
		    "t.yaml:24:14: address", "with a bad address too");
	CHECK_FAILS(post_file_override_read("l1", &override), ERR_INVALID, "write LINE=ADDRESS",
		    "so is half an override");
	CHECK_FAILS(post_file_override_read("=x", &override), ERR_INVALID, "write LINE=ADDRESS", "from either side");
}

static void demonstration(void)
{
	struct post_file_options options = {0};
	struct post_import import;
	struct arena *large = arena_new(POST_FILE_ARENA_MAX);
	NEED_OK(post_file_read(SOURCE_ROOT "/src/cmd/demo_post/embassy.yaml", &options, large, &import),
		"the demonstration's post is read: %s", err_why());
	const struct post_import_floor *floors = import.floors.at;
	CHECK(import.floors.count == 2 && floors[0].plan.count > 80 && floors[1].plan.count > 50,
	      "two floors with plans");
	CHECK(import.doors.count >= 14 && import.lines.count == 4 && import.people.count >= 24, "doors, lines, people");
	bool seen[LAW_RECEIVING_STATE_AGENT + 1] = {false};
	const struct post_import_person *people = import.people.at;
	for (size_t i = 0; i < import.people.count; i++)
		seen[people[i].status] = true;
	for (int i = LAW_DIPLOMATIC_AGENT; i <= LAW_RECEIVING_STATE_AGENT; i++)
		CHECK(seen[i], "somebody is a %s", law_status_words.words[i]);
	arena_free(large);
	CHECK_FAILS(post_file_read("/nowhere/x.yaml", &options, arena, &import), ERR_NOT_FOUND, "/nowhere/x.yaml",
		    "a file that is not there is said to be so");
	CHECK_FAILS(post_file_read("/dev/zero", &options, arena, &import), ERR_INVALID, "/dev/zero: not a file",
		    "a device is no file");
}

/* Lines of the small post, left out, doubled, swapped, cut: refused with a place, or sound for core too. */
static void random_files(void)
{
	size_t taken = 0;
	for (int round = 0; round < 6000; round++) {
		char text[sizeof base * 3];
		struct sink s = SINK_OF(text);
		for (const char *line = base; *line;) {
			const char *end = strchr(line, '\n') + 1;
			struct span whole = {(const uint8_t *)line, (size_t)(end - line)};
			uint64_t what = random_below(150);
			if (what == 0)
				whole.size = 0;
			if (what == 1)
				sink_put(&s, whole);
			if (what == 2)
				whole.size = random_below(whole.size + 1);
			sink_put(&s, whole);
			if (what == 3)
				s.start[random_below(s.size)] = (uint8_t)random_u64();
			line = end;
		}
		struct post_import import;
		struct err e = parse(sink_span(&s), &import);
		if (failed(e) && strncmp(err_why(), "t.yaml:", 7) != 0 && strncmp(err_why(), "p.svg:", 6) != 0) {
			CHECK(0, "a refusal without a place: %s", err_why());
			return;
		}
		if (failed(e))
			continue;
		struct post_index index;
		struct post_problem problem;
		if (failed(shape_validate(&post_import_shape, &import)) ||
		    !post_check(&import, arena, &index, &problem)) {
			CHECK(0, "a file that core would refuse: %.*s", SPAN_ARGS(sink_span(&s)));
			return;
		}
		taken++;
	}
	CHECK(taken > 500 && taken < 5500, "%zu of 6000 random files are taken, the others refused with a place",
	      taken);
}

int main(void)
{
	arena = arena_new(POST_FILE_ARENA_MAX);
	random_start();
	whole();
	refusals();
	accepted();
	impossible_status();
	bad_plan();
	overrides();
	demonstration();
	random_files();
	arena_free(arena);
	return tap_finish();
}
