/* The panel's line against the simulator's process over a paced pty: two programs written apart from the
 * same facts.
 *
 * argv[1]: sim-reader. Core's part is played here: it derives session keys, answers a card with an unlock,
 * and notes what the panel says. What one side should do about the other's faults is asked of the panel;
 * that the faults are real is the business of device_test.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/tap.h"
#include "worker/osdp/derive.h"
#include "worker/osdp/line.h"

enum { READER = 1, IO = 2, SPARE = 3, DEVICES = 4, OFFENCES = OSDP_OFFENCE_COUNT, BAUD = 115200, SAID_SIZE = 65536 };

static char folder[] = "/tmp/sim_interop_XXXXXX";
static pid_t child;
static int to_child, from_child, wire;
static char said[SAID_SIZE];
static size_t said_size;

/* What core knows. Device ids: READER at address 0, IO at 5, SPARE at 9. */
static struct osdp_bus *bus;
static uint8_t keys[DEVICES][16];
static bool install[DEVICES];
static struct {
	uint8_t rnd_a[8];
	struct osdp_keys session;
	enum osdp_link link;
	uint8_t cuid[8];
	uint32_t serial, alarms[OFFENCES], cards, cards_in_clear, handshakes;
	uint64_t card_bits, inputs;
	bool tamper;
	char digits[65];
} seen[DEVICES];
static uint32_t outputs_done, outputs_acknowledged, keysets_acknowledged;
static bool unlock_on_card = true;

static void tell(enum message_kind kind, const void *body)
{
	osdp_bus_told(bus, kind, body, clock_boot_us());
}

/* Core would answer a little later; here it does so when the bus is not in the middle of something. */
static struct {
	enum message_kind kind;
	uint64_t device;
	struct osdp_cryptogram cryptogram;
	uint8_t bytes[32];
} waiting[64];
static size_t waiting_count;

static void answer_cryptogram(uint64_t device, const uint8_t *rnd_b, const uint8_t *client)
{
	uint8_t expected[16], server[16];
	struct osdp_keys *k = &seen[device].session;
	osdp_derive_client_cryptogram(k, seen[device].rnd_a, rnd_b, expected);
	osdp_derive_server_cryptogram(k, seen[device].rnd_a, rnd_b, server);
	struct osdp_session session = {.device = device};
	if (memcmp(expected, client, 16) == 0) {
		session.accepted = true;
		session.s_enc = SPAN_OF(k->s_enc);
		session.s_mac1 = SPAN_OF(k->s_mac1);
		session.s_mac2 = SPAN_OF(k->s_mac2);
		session.server_cryptogram = SPAN_OF(server);
	}
	tell(MESSAGE_OSDP_SESSION, &session);
}

static void answer(size_t i)
{
	uint64_t device = waiting[i].device;
	if (waiting[i].kind == MESSAGE_OSDP_CHALLENGE) {
		NEED(getrandom(seen[device].rnd_a, 8, 0) == 8, "random bytes");
		osdp_derive_session(install[device] ? osdp_derive_default_key : keys[device], seen[device].rnd_a,
				    &seen[device].session);
		struct osdp_random random = {
			.device = device, .rnd_a = SPAN_OF(seen[device].rnd_a), .install = install[device]};
		seen[device].handshakes++;
		tell(MESSAGE_OSDP_RANDOM, &random);
	} else if (waiting[i].kind == MESSAGE_OSDP_CRYPTOGRAM) {
		answer_cryptogram(device, waiting[i].bytes, waiting[i].bytes + 8);
	} else if (unlock_on_card) {
		struct osdp_output unlock = {.device = IO, .output = 0, .control = 5, .time_100ms = 2, .reference = 77};
		tell(MESSAGE_OSDP_OUTPUT, &unlock);
	} else {
		struct osdp_resume resume = {.device = device};
		tell(MESSAGE_OSDP_RESUME, &resume);
	}
}

static void note(enum message_kind kind, uint64_t device)
{
	NEED(waiting_count < 64, "core keeps up");
	waiting[waiting_count].kind = kind;
	waiting[waiting_count++].device = device;
}

static void hear_card(const struct osdp_card *card)
{
	seen[card->device].cards++;
	seen[card->device].cards_in_clear += !card->secure;
	seen[card->device].card_bits = card->bit_count;
	note(MESSAGE_OSDP_CARD, card->device);
}

static void hear(void *context, enum message_kind kind, const void *body)
{
	(void)context;
	switch (kind) {
	case MESSAGE_OSDP_CHALLENGE:
		note(kind, ((const struct osdp_challenge *)body)->device);
		break;
	case MESSAGE_OSDP_CRYPTOGRAM: {
		const struct osdp_cryptogram *c = body;
		note(kind, c->device);
		memcpy(waiting[waiting_count - 1].bytes, c->rnd_b.at, 8);
		memcpy(waiting[waiting_count - 1].bytes + 8, c->client_cryptogram.at, 16);
		memcpy(seen[c->device].cuid, c->cuid.at, 8);
		break;
	}
	case MESSAGE_OSDP_STATE:
		seen[((const struct osdp_state *)body)->device].link = ((const struct osdp_state *)body)->link;
		break;
	case MESSAGE_OSDP_IDENTITY:
		seen[((const struct osdp_identity *)body)->device].serial =
			((const struct osdp_identity *)body)->serial;
		break;
	case MESSAGE_OSDP_CARD:
		hear_card(body);
		break;
	case MESSAGE_OSDP_KEYPAD: {
		const struct osdp_keypad *k = body;
		snprintf(seen[k->device].digits, sizeof seen[k->device].digits, "%.*s", SPAN_ARGS(k->keys));
		note(MESSAGE_OSDP_CARD, k->device);
		break;
	}
	case MESSAGE_OSDP_CONTACTS:
		if (!((const struct osdp_contacts *)body)->outputs)
			seen[((const struct osdp_contacts *)body)->device].inputs =
				((const struct osdp_contacts *)body)->active;
		break;
	case MESSAGE_OSDP_LOCAL:
		seen[((const struct osdp_local *)body)->device].tamper = ((const struct osdp_local *)body)->tamper;
		break;
	case MESSAGE_OSDP_ALARM:
		seen[((const struct osdp_alarm *)body)->device].alarms[((const struct osdp_alarm *)body)->offence]++;
		break;
	case MESSAGE_OSDP_OUTPUT_DONE:
		outputs_done++;
		outputs_acknowledged += ((const struct osdp_output_done *)body)->acknowledged;
		break;
	case MESSAGE_OSDP_KEYSET_DONE:
		keysets_acknowledged += ((const struct osdp_keyset_done *)body)->acknowledged;
		break;
	default:
		break;
	}
}

/* ---- time goes on ---- */

static void turn(void)
{
	uint64_t now_us = clock_boot_us();
	struct span bytes = osdp_bus_speak(bus, now_us);
	if (bytes.size > 0) {
		uint64_t first_byte_us = clock_boot_us();
		NEED(write(wire, bytes.at, bytes.size) == (ssize_t)bytes.size, "the wire takes a command");
		osdp_bus_sent(bus, first_byte_us, bytes.size);
	}
	for (size_t i = 0; i < waiting_count; i++)
		answer(i);
	waiting_count = 0;
	now_us = clock_boot_us();
	uint64_t due_us = osdp_bus_due(bus, now_us);
	uint64_t wait_us = due_us <= now_us ? 0 : due_us - now_us < 10000 ? due_us - now_us : 10000;
	struct pollfd polls[] = {{.fd = wire, .events = POLLIN}, {.fd = from_child, .events = POLLIN}};
	struct timespec timeout = {.tv_nsec = (long)wait_us * 1000};
	if (ppoll(polls, 2, &timeout, NULL) <= 0)
		return;
	uint8_t in[2048];
	if (polls[0].revents) {
		ssize_t size = read(wire, in, sizeof in);
		if (size > 0)
			osdp_bus_received(bus, (struct span){in, (size_t)size}, clock_boot_us());
	}
	if (polls[1].revents) {
		if (said_size > SAID_SIZE / 2)
			said_size = 0; /* old news */
		ssize_t size = read(from_child, said + said_size, SAID_SIZE - 1 - said_size);
		said_size += size > 0 ? (size_t)size : 0;
		said[said_size] = '\0';
	}
}

/* UNTIL(2000, x): go on until x, for 2 s at most; gives x. */
#define UNTIL(ms, x)                                                                                                   \
	({                                                                                                             \
		uint64_t until_us = clock_boot_us() + (ms)*UINT64_C(1000);                                             \
		while (!(x) && clock_boot_us() < until_us)                                                             \
			turn();                                                                                        \
		(x);                                                                                                   \
	})

static bool secure(unsigned device)
{
	return seen[device].link == OSDP_LINK_SECURE;
}

static void order(const char *text)
{
	NEED(dprintf(to_child, "%s\n", text) > 0, "an order is given");
}

static bool is_said(const char *words)
{
	return strstr(said, words) != NULL;
}

static void forget_said(void)
{
	said_size = 0;
	said[0] = '\0';
}

/* ---- stories ---- */

static void start(const char *binary)
{
	static const char config[] =
		"{\"baud\":115200,\"lines\":[{\"transport\":\"pty\",\"path\":\"%s/line\",\"devices\":["
		"{\"address\":0,\"name\":\"gate\",\"keypad\":true,\"serial\":4711,\"scbk\":"
		"\"a1b1c1d1e1f102122232425262728292\","
		"\"unlocks\":{\"device\":5,\"output\":0}},"
		"{\"address\":5,\"kind\":\"io\",\"scbk\":\"0f1e2d3c4b5a69788796a5b4c3d2e1f0\"},"
		"{\"address\":9,\"install\":true}],"
		"\"doors\":[{\"name\":\"gate\",\"lock\":{\"device\":5},\"contact\":{\"device\":5,\"input\":0}}]}]}";
	char text[2048], path[128];
	int in[2], out[2];
	NEED(mkdtemp(folder), "a folder");
	snprintf(path, sizeof path, "%s/config", folder);
	snprintf(text, sizeof text, config, folder);
	FILE *file = fopen(path, "w");
	NEED(file && fputs(text, file) >= 0 && fclose(file) == 0, "a configuration");
	NEED(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipes");
	child = fork();
	if (child == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(binary, "sim-reader", "--config", path, "--until-eof", "--summary", "--json", (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_child = in[1];
	from_child = out[0];
	struct pollfd can = {.fd = from_child, .events = POLLIN};
	NEED(poll(&can, 1, 5000) == 1, "the simulator is ready");
	snprintf(path, sizeof path, "%s/line", folder);
	wire = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	NEED(wire >= 0, "the pty is there");
}

static void set_devices(bool with_spare)
{
	static struct osdp_device devices[] = {
		{.device = IO, .address = 5, .secure = true, .controls = true},
		{.device = READER, .address = 0, .secure = true},
		{.device = SPARE, .address = 9, .secure = true},
	};
	struct osdp_line line = {.line = 0, .devices = {devices, with_spare ? 3 : 2}};
	tell(MESSAGE_OSDP_LINE, &line);
}

/* A panel without memories: what it holds against a device, and how long it then waits, is its own tests'
 * business.
 */
static void fresh_panel(void)
{
	static const struct osdp_port port = {.say = hear};
	bus = osdp_bus_free(bus);
	waiting_count = 0;
	for (unsigned i = 0; i < DEVICES; i++)
		seen[i].link = OSDP_LINK_OFFLINE;
	NEED_OK(osdp_bus_new(0, &port, &bus), "the panel's line");
	osdp_bus_open(bus, BAUD, clock_boot_us());
	set_devices(false);
}

static void bring_up(void)
{
	NEED_OK(hex_read(SPAN_TEXT("a1b1c1d1e1f102122232425262728292"), keys[READER], 16), "key");
	NEED_OK(hex_read(SPAN_TEXT("0f1e2d3c4b5a69788796a5b4c3d2e1f0"), keys[IO], 16), "key");
	fresh_panel();
	CHECK(UNTIL(5000, secure(READER) && secure(IO)), "both devices come up in the secure channel");
	CHECK(seen[READER].serial == 4711, "the panel has read the identity");
	CHECK(!is_said("\"violation\""), "the simulator has nothing to object to");
}

static void swipes(void)
{
	order("{\"command\":\"swipe\",\"device\":\"gate\",\"h10301\":{\"facility\":12,\"number\":345}}");
	order("{\"command\":\"door\",\"door\":\"gate\",\"action\":\"pass\",\"after_ms\":20,\"open_ms\":100}");
	CHECK(UNTIL(2000, seen[READER].cards == 1) && seen[READER].card_bits == 26 && seen[READER].cards_in_clear == 0,
	      "a card is read");
	CHECK(UNTIL(2000, outputs_acknowledged == 1), "the unlock is acknowledged");
	CHECK(UNTIL(2000, seen[IO].inputs & 1), "the door opens: the panel sees its contact");
	CHECK(UNTIL(2000, !(seen[IO].inputs & 1)), "and closes");
	CHECK(UNTIL(2000, is_said("\"state\":\"locked\"")), "the lock's time ends by itself");
	order("{\"command\":\"keys\",\"device\":\"gate\",\"digits\":\"1234#*\"}");
	CHECK(UNTIL(2000, strcmp(seen[READER].digits, "1234#*") == 0), "keys are read");
	order("{\"command\":\"tamper\",\"device\":\"gate\"}");
	CHECK(UNTIL(2000, seen[READER].tamper), "a tamper is seen");
	struct osdp_led led = {.device = READER,
			       .temporary_control = 2,
			       .temporary_on_100ms = 1,
			       .temporary_on_colour = 2,
			       .temporary_time_100ms = 10};
	struct osdp_buzzer buzzer = {.device = READER, .tone = 2, .on_100ms = 1, .off_100ms = 1, .count = 1};
	tell(MESSAGE_OSDP_LED, &led);
	tell(MESSAGE_OSDP_BUZZER, &buzzer);
	CHECK(UNTIL(2000, is_said("\"happening\":\"led\"") && is_said("\"happening\":\"buzzer\"")), "light and sound");
	CHECK(seen[READER].handshakes == 1 && seen[IO].handshakes == 1 && !is_said("\"violation\""),
	      "all that in one session, without objection");
}

/* One fault after another: afterwards the reader is secure again, and a card still opens the door. */
static void recovers(const char *kind, unsigned count, unsigned within_ms, bool on_the_wire)
{
	char text[128];
	uint32_t cards = seen[READER].cards, done = outputs_acknowledged;
	forget_said();
	snprintf(text, sizeof text, "{\"command\":\"fault\",\"device\":\"gate\",\"kind\":\"%s\",\"count\":%u}", kind,
		 count);
	fresh_panel();
	NEED(UNTIL(10000, secure(READER) && secure(IO)), "a fresh panel, and all is well");
	seen[READER].handshakes = 0;
	order(text);
	CHECK(UNTIL(1000, is_said("\"answer\":\"fault\",\"ok\":true")), "fault: %s", kind);
	(void)UNTIL(200, false);
	CHECK(UNTIL(within_ms, secure(READER)), "%s: secure again within %u ms", kind, within_ms);
	snprintf(text, sizeof text, "{\"command\":\"swipe\",\"device\":\"gate\",\"bits\":\"c0ffee\"}");
	order(text);
	CHECK(UNTIL(3000, seen[READER].cards == cards + 1 && outputs_acknowledged == done + 1),
	      "%s: a card opens the door", kind);
	if (on_the_wire)
		CHECK(seen[READER].handshakes == 0, "%s: the session goes on", kind);
	CHECK(seen[READER].cards_in_clear == 0, "%s: no card in clear was believed", kind);
}

static void faults(void)
{
	recovers("noise", 20, 2000, true);
	recovers("duplicate", 3, 2000, true);
	recovers("bad-crc", 2, 2000, true);
	recovers("drop-reply", 2, 2000, true);
	recovers("slow", 1, 3000, true);
	recovers("busy", 5, 2000, true);
	uint32_t before = seen[READER].alarms[OSDP_OFFENCE_MAC];
	recovers("bad-mac", 1, 4000, false);
	CHECK(seen[READER].alarms[OSDP_OFFENCE_MAC] > before, "a wrong MAC is an alarm");
	before = seen[READER].alarms[OSDP_OFFENCE_PLAINTEXT];
	recovers("plain-nak", 1, 6000, false);
	CHECK(seen[READER].alarms[OSDP_OFFENCE_PLAINTEXT] > before, "a NAK in clear inside a session is an alarm");
	recovers("wrong-key", 1, 12000, false);
	CHECK(seen[READER].alarms[OSDP_OFFENCE_CRYPTOGRAM] + seen[READER].alarms[OSDP_OFFENCE_REFUSED] > 0,
	      "a wrong key is an alarm");
}

static void attacks(void)
{
	fresh_panel();
	NEED(UNTIL(10000, secure(READER) && secure(IO)), "a fresh panel, and all is well");
	uint32_t cards = seen[READER].cards;
	order("{\"command\":\"fault\",\"device\":\"gate\",\"kind\":\"plaintext\"}");
	(void)UNTIL(100, false);
	order("{\"command\":\"swipe\",\"device\":\"gate\",\"bits\":\"c0ffee\"}");
	(void)UNTIL(1500, false);
	CHECK(seen[READER].cards == cards, "a card in clear from a reader that must be secure is no card");
	CHECK(seen[READER].alarms[OSDP_OFFENCE_PLAINTEXT] + seen[READER].alarms[OSDP_OFFENCE_REFUSED] +
			      seen[READER].alarms[OSDP_OFFENCE_DOWNGRADE] >
		      1,
	      "but an alarm");
	CHECK(!secure(READER), "and the reader is out of service");
	order("{\"command\":\"fault\",\"device\":\"gate\",\"kind\":\"plaintext\",\"on\":false}");
	fresh_panel();
	CHECK(UNTIL(15000, secure(READER) && secure(IO)), "put right, it comes back");
	order("{\"command\":\"fault\",\"device\":\"gate\",\"kind\":\"asks-scbkd\"}");
	order("{\"command\":\"restart\",\"device\":\"gate\"}");
	CHECK(UNTIL(12000, seen[READER].alarms[OSDP_OFFENCE_DEFAULT_KEY] > 0),
	      "asking for the default key is an alarm");
	(void)UNTIL(500, false);
	CHECK(!secure(READER), "and no session");
	order("{\"command\":\"fault\",\"device\":\"gate\",\"kind\":\"asks-scbkd\",\"on\":false}");
	fresh_panel();
	CHECK(UNTIL(15000, secure(READER) && secure(IO)), "put right, it comes back");
	uint8_t cuid[8];
	memcpy(cuid, seen[READER].cuid, 8);
	order("{\"command\":\"fault\",\"device\":\"gate\",\"kind\":\"swapped\"}");
	CHECK(UNTIL(12000, memcmp(cuid, seen[READER].cuid, 8) != 0), "a swapped reader's cUID reaches core");
	CHECK(secure(IO), "all the while the I/O device stayed secure");
}

static void installs(void)
{
	static const uint8_t key[16] = {0x3b, 0xd1, 0x0f, 0x77, 0x92, 0x4e, 0xa8, 0x65,
					0x1c, 0xf3, 0x88, 0x2a, 0xe9, 0x56, 0x04, 0xbd};
	install[SPARE] = true;
	set_devices(true);
	CHECK(UNTIL(5000, seen[SPARE].link == OSDP_LINK_INSTALL), "a new device comes up under the default key");
	struct osdp_keyset keyset = {.device = SPARE, .scbk = SPAN_OF(key), .reference = 5};
	tell(MESSAGE_OSDP_KEYSET, &keyset);
	CHECK(UNTIL(2000, keysets_acknowledged == 1), "it takes its own key");
	install[SPARE] = false;
	memcpy(keys[SPARE], key, 16);
	struct osdp_restart restart = {.device = SPARE};
	tell(MESSAGE_OSDP_RESTART, &restart);
	CHECK(UNTIL(5000, secure(SPARE)), "and comes up under it");
}

static void end(void)
{
	int status = 0;
	char path[128];
	forget_said();
	close(to_child);
	ssize_t more;
	while (said_size < SAID_SIZE - 1 && (more = read(from_child, said + said_size, SAID_SIZE - 1 - said_size)) > 0)
		said_size += (size_t)more;
	said[said_size] = '\0';
	CHECK(is_said("\"happening\":\"summary\""), "the simulator sums up");
	char *summary = strstr(said, "\"cards_sent\"");
	printf("# %s", summary ? summary : "\n");
	NEED(waitpid(child, &status, 0) == child && status == 0, "and ends well");
	bus = osdp_bus_free(bus);
	snprintf(path, sizeof path, "%s/config", folder);
	unlink(path);
	rmdir(folder);
}

int main(int count, char **words)
{
	NEED(count == 2, "usage: interop_test SIM-READER");
	signal(SIGPIPE, SIG_IGN);
	start(words[1]);
	bring_up();
	swipes();
	faults();
	attacks();
	installs();
	end();
	return tap_finish();
}
