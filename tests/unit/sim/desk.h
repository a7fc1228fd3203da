/* tests/unit/sim/desk.h - one simulated device on a desk: no line, no clock, and a note of all it says.
 *
 * `send` brings a frame as hex; `said` compares the reply with hex. The panel's half, for tests that need
 * more frames than were written out by hand, is built from the device's own pieces only after vectors_test
 * has proved them.
 */
#ifndef LEGATION_TESTS_SIM_DESK_H
#define LEGATION_TESTS_SIM_DESK_H

#include "lib/tap.h"
#include "sim/reader/device.h"

enum { NOTES_SIZE = 64 * 1024 };

struct desk {
	struct sim_device device;
	struct sim_listener listener;
	struct sim_reply reply;
	uint64_t now_ns;
	char notes[NOTES_SIZE];
	size_t notes_size;
	unsigned kept, output_changes;
	uint8_t rnd_b[8];
	/* the panel's half */
	struct sim_session session;
	uint8_t sequence;
};

static void desk_news(void *context, struct span line)
{
	struct desk *desk = context;
	NEED(desk->notes_size + line.size + 2 < NOTES_SIZE, "the notes fit");
	memcpy(desk->notes + desk->notes_size, line.at, line.size);
	desk->notes_size += line.size;
	desk->notes[desk->notes_size++] = '\n';
	desk->notes[desk->notes_size] = '\0';
}

static void desk_output_command(void *context, struct sim_device *device, unsigned output, bool on, uint64_t us)
{
	(void)context, (void)device, (void)output, (void)on, (void)us;
}

static void desk_output_changed(void *context, struct sim_device *device, unsigned output, bool on, uint64_t now_ns)
{
	(void)device, (void)output, (void)on, (void)now_ns;
	((struct desk *)context)->output_changes++;
}

static void desk_keep(void *context, struct sim_device *device)
{
	(void)device;
	((struct desk *)context)->kept++;
}

static void desk_random(void *context, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = ((struct desk *)context)->rnd_b[i % 8];
}

static void desk_card_sent(void *context, struct sim_device *device, uint32_t swipe, bool repeat, uint64_t us)
{
	(void)context, (void)device, (void)swipe, (void)repeat, (void)us;
}

/* A reader and I/O device in one, address 0, install mode, secure channel required. Nothing is on its heap. */
__attribute__((unused)) static void desk_lay(struct desk *desk)
{
	memset(desk, 0, sizeof *desk);
	desk->now_ns = 1000 * SIM_NS_PER_MS;
	for (unsigned i = 0; i < 8; i++)
		desk->rnd_b[i] = (uint8_t)(0xA0 + i);
	desk->listener = (struct sim_listener){desk,      desk_news,   desk_output_command, desk_output_changed,
					       desk_keep, desk_random, desk_card_sent};
	struct sim_setup *s = &desk->device.setup;
	static const uint8_t cuid[] = {0x00, 0x06, 0x8E, 0x01, 0x02, 0x10, 0x32, 0x54};
	memcpy(s->cuid, cuid, sizeof cuid);
	s->vendor[1] = 0x06;
	s->vendor[2] = 0x8E;
	s->model = 1;
	s->version = 2;
	s->serial = 0x76543210;
	s->reader_count = s->led_count = 1;
	s->input_count = 3;
	s->output_count = 2;
	s->keypad = s->display = s->biometric = s->report_outputs = true;
	s->receive_size_max = OSDP_FRAME_SIZE_MAX;
	s->hold_ms = SIM_HOLD_MS_DEFAULT;
	s->capabilities[0] = (struct sim_capability){OSDP_CAPABILITY_SECURITY, 1, 1};
	s->capabilities[1] = (struct sim_capability){OSDP_CAPABILITY_OUTPUTS, 3, 2};
	s->capability_count = 2;
	desk->device.install = true;
	desk->device.baud = 9600;
	sim_device_start(&desk->device, &desk->listener, 0);
}

__attribute__((unused)) static bool desk_noted(const struct desk *desk, const char *words)
{
	return strstr(desk->notes, words) != NULL;
}

__attribute__((unused)) static bool desk_give(struct desk *desk, struct span raw)
{
	struct sim_frame frame;
	NEED(sim_frame_check_good(raw) && !failed(sim_frame_read(raw, &frame)), "the test's frame is well-formed");
	return sim_device_receive(&desk->device, &frame, desk->now_ns, desk->now_ns, &desk->reply);
}

__attribute__((unused)) static bool desk_send(struct desk *desk, const char *hex)
{
	uint8_t raw[OSDP_FRAME_SIZE_MAX];
	size_t size = strlen(hex) / 2;
	NEED_OK(hex_read(span_of_string(hex), raw, size), "the test's hex is hex");
	return desk_give(desk, (struct span){raw, size});
}

__attribute__((unused)) static bool desk_said(const struct desk *desk, const char *hex)
{
	char got[2 * OSDP_FRAME_SIZE_MAX + 1];
	for (size_t i = 0; i < desk->reply.size; i++)
		snprintf(got + 2 * i, 3, "%02x", desk->reply.bytes[i]);
	got[2 * desk->reply.size] = '\0';
	if (strcmp(got, hex) == 0)
		return true;
	printf("# got      %s\n# expected %s\n", got, hex);
	return false;
}

/* ---- the panel's half ---- */

/* A clear command with the next sequence number. gives the reply's id, or 0 for silence. */
__attribute__((unused)) static uint8_t desk_clear(struct desk *desk, uint8_t id, struct span data)
{
	uint8_t raw[OSDP_FRAME_SIZE_MAX];
	struct sink s = SINK_OF(raw);
	sim_frame_begin(&s, desk->device.address, desk->sequence, true, (struct span){NULL, 0}, id, data, 0);
	sim_frame_end(&s);
	if (!desk_give(desk, sink_span(&s)))
		return 0;
	desk->sequence = (uint8_t)(desk->sequence % 3 + 1);
	struct sim_frame reply;
	NEED_OK(sim_frame_read((struct span){desk->reply.bytes, desk->reply.size}, &reply), "a reply is a frame");
	return reply.id;
}

__attribute__((unused)) static bool desk_handshake(struct desk *desk)
{
	desk->sequence = 0;
	bool good = desk_send(desk, "530013000c03110076b0b1b2b3b4b5b6b75232") &&
		    desk_send(desk, "53001b000d0313007726d3356e07762d262801fc8e6665a8917bda");
	static const uint8_t rnd_a[] = {0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7};
	sim_session_keys(&desk->session, sim_key_default, rnd_a);
	desk->session.state = SIM_SESSION_UP;
	memcpy(desk->session.reply_mac, desk->device.session.reply_mac, OSDP_BLOCK_SIZE);
	desk->sequence = 2;
	return good && desk->device.session.state == SIM_SESSION_UP;
}

static void desk_not(const uint8_t *mac, uint8_t *ret)
{
	for (size_t i = 0; i < OSDP_BLOCK_SIZE; i++)
		ret[i] = (uint8_t)~mac[i];
}

/* A command inside the session whose data are padded already, and its reply opened.
 *
 * gives   the reply's id, 0 for silence, 0xFF when the reply was in clear or its MAC is wrong; the data in
 *         `ret_data`.
 */
__attribute__((unused)) static uint8_t desk_secure_padded(struct desk *desk, uint8_t id, uint8_t block,
							  struct span padded, uint8_t *ret_data, size_t *ret_size)
{
	uint8_t raw[OSDP_FRAME_SIZE_MAX], encrypted[OSDP_FRAME_SIZE_MAX], iv[OSDP_BLOCK_SIZE];
	struct sim_session *session = &desk->session;
	desk_not(session->reply_mac, iv);
	if (padded.size)
		sim_aes_cbc(session->key_encrypt, iv, true, padded, encrypted);
	struct sink s = SINK_OF(raw);
	sim_frame_begin(&s, desk->device.address, desk->sequence, true, (struct span){&block, 1}, id,
			(struct span){encrypted, padded.size}, OSDP_MAC_SIZE);
	sim_session_mac(session, session->reply_mac, sink_span(&s), session->command_mac);
	sink_put(&s, (struct span){session->command_mac, OSDP_MAC_SIZE});
	sim_frame_end(&s);
	if (!desk_give(desk, sink_span(&s)))
		return 0;
	desk->sequence = (uint8_t)(desk->sequence % 3 + 1);
	struct sim_frame reply;
	struct span got = {desk->reply.bytes, desk->reply.size};
	NEED_OK(sim_frame_read(got, &reply), "a reply is a frame");
	if (reply.mac.size == 0)
		return 0xFF;
	sim_session_mac(session, session->command_mac, (struct span){got.at, (size_t)(reply.mac.at - got.at)},
			session->reply_mac);
	if (memcmp(session->reply_mac, reply.mac.at, OSDP_MAC_SIZE) != 0)
		return 0xFF;
	*ret_size = reply.data.size;
	if (reply.block_type == OSDP_SCS_REPLY_ENCRYPTED) {
		desk_not(session->command_mac, iv);
		sim_aes_cbc(session->key_encrypt, iv, false, reply.data, ret_data);
		while (*ret_size > 0 && ret_data[*ret_size - 1] == 0)
			--*ret_size;
		--*ret_size;
	}
	return reply.id;
}

/* The same, padded and with the right block. */
__attribute__((unused)) static uint8_t desk_secure(struct desk *desk, uint8_t id, struct span data, uint8_t *ret_data,
						   size_t *ret_size)
{
	uint8_t padded[OSDP_FRAME_SIZE_MAX] = {0};
	if (data.size == 0)
		return desk_secure_padded(desk, id, OSDP_SCS_COMMAND_MAC, data, ret_data, ret_size);
	memcpy(padded, data.at, data.size);
	padded[data.size] = 0x80;
	return desk_secure_padded(desk, id, OSDP_SCS_COMMAND_ENCRYPTED,
				  (struct span){padded, data.size + 16 - data.size % 16}, ret_data, ret_size);
}

#define NOTHING ((struct span){NULL, 0})
#define BYTES(...) ((struct span){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

/* One secure command whose reply data are compared with bytes. */
#define CHECK_SECURE(desk, command, data, reply_id, expected, ...)                                                     \
	do {                                                                                                           \
		uint8_t secure_data[OSDP_FRAME_SIZE_MAX];                                                              \
		size_t secure_size = 0;                                                                                \
		uint8_t secure_id = desk_secure((desk), (command), (data), secure_data, &secure_size);                 \
		CHECK(secure_id == (reply_id) && span_equal((struct span){secure_data, secure_size}, (expected)),      \
		      __VA_ARGS__);                                                                                    \
	} while (0)

#endif
