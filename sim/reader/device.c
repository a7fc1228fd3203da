#include "sim/reader/device.h"

void sim_device_begin(const struct sim_device *device, struct sim_news *news, const char *happening)
{
	sim_news_begin(news, "happening", happening);
	sim_news_number(news, "line", device->line);
	sim_news_number(news, "device", device->address);
}

void sim_device_tell(const struct sim_device *device, struct sim_news *news, uint64_t at_us)
{
	sim_news_number(news, "boot_us", at_us);
	device->listener->news(device->listener->context, sim_news_end(news));
}

void sim_device_violation(const struct sim_device *device, const char *what, uint64_t now_ns)
{
	struct sim_news news;
	sim_device_begin(device, &news, "violation");
	sim_news_text(&news, "what", what);
	sim_device_tell(device, &news, now_ns / 1000);
}

void sim_device_start(struct sim_device *device, const struct sim_listener *listener, unsigned line)
{
	device->listener = listener;
	device->line = line;
	device->sequence_last = -1;
	device->panel_size_max = OSDP_FRAME_SIZE_MAX;
	for (unsigned i = 0; i < SIM_OUTPUTS_MAX; i++)
		device->outputs[i].until_ns = SIM_NEVER;
}

void sim_session_gone(struct sim_device *device, const char *reason, uint64_t now_ns)
{
	bool was_up = device->session.state == SIM_SESSION_UP;
	sim_session_end(&device->session);
	if (!was_up)
		return;
	struct sim_news news;
	sim_device_begin(device, &news, "secure");
	sim_news_bool(&news, "up", false);
	sim_news_text(&news, "reason", reason);
	sim_device_tell(device, &news, now_ns / 1000);
}

void sim_device_restart(struct sim_device *device, uint64_t now_ns)
{
	sim_session_gone(device, "restart", now_ns);
	device->sequence_last = -1;
	device->cached_size = 0;
	device->panel_size_max = OSDP_FRAME_SIZE_MAX;
	device->event_count = 0;
	device->changed_local = device->changed_inputs = device->changed_outputs = device->changed_readers = false;
	device->bio_wanted = false;
	device->file_total = 0;
	device->comset_pending = false;
	memset(device->leds, 0, sizeof device->leds);
	memset(device->buzzer, 0, sizeof device->buzzer);
	device->text[0] = '\0';
	for (unsigned i = 0; i < device->setup.output_count; i++) {
		bool was_on = device->outputs[i].on;
		device->outputs[i] = (struct sim_output){.until_ns = SIM_NEVER};
		if (was_on)
			device->listener->output_changed(device->listener->context, device, i, false, now_ns);
	}
	struct sim_news news;
	sim_device_begin(device, &news, "restart");
	sim_device_tell(device, &news, now_ns / 1000);
}

void sim_device_identity(const struct sim_device *device, uint32_t *ret_serial, uint8_t *ret_cuid)
{
	*ret_serial = device->setup.serial;
	memcpy(ret_cuid, device->setup.cuid, OSDP_CUID_SIZE);
	if (sim_fault_on(device, SIM_FAULT_SWAPPED)) {
		*ret_serial ^= 0xA5A5A5;
		for (size_t i = 0; i < OSDP_CUID_SIZE; i++)
			ret_cuid[i] ^= 0xA5;
	}
	if (sim_fault_on(device, SIM_FAULT_WEAK_CUID))
		memset(ret_cuid, 0, OSDP_CUID_SIZE);
}

void sim_answer_id(struct sim_answer *answer, uint8_t id)
{
	answer->id = id;
	answer->data = SINK_OF(answer->bytes);
	answer->has_block = false;
	answer->clear = false;
	answer->swipe = 0;
}

void sim_answer_nak(struct sim_answer *answer, uint8_t code)
{
	sim_answer_id(answer, OSDP_REPLY_NAK);
	sink_u8(&answer->data, code);
}

/* A NAK in clear that also ends what there is of a session. */
static void refuse_session(struct sim_device *device, struct sim_answer *answer, const char *why, uint64_t now_ns)
{
	sim_device_violation(device, why, now_ns);
	sim_session_gone(device, why, now_ns);
	sim_answer_nak(answer, OSDP_NAK_SECURE_NOT_MET);
	answer->clear = true;
}

/* ---- handshake ---- */

static void challenge(struct sim_device *device, const struct sim_frame *frame, uint64_t now_ns,
		      struct sim_answer *answer)
{
	answer->clear = true;
	if (frame->block_data.size != 1 || frame->data.size != OSDP_RANDOM_SIZE) {
		sim_answer_nak(answer, OSDP_NAK_LENGTH);
		return;
	}
	sim_session_gone(device, "a new challenge", now_ns);
	uint8_t kind = frame->block_data.at[0];
	bool asks_default = sim_fault_use(device, SIM_FAULT_ASKS_SCBKD);
	bool allowed = kind == OSDP_KEY_KIND_OWN ? device->has_scbk : kind == OSDP_KEY_KIND_DEFAULT && device->install;
	if (!allowed && !asks_default) {
		sim_answer_nak(answer, OSDP_NAK_SECURE_NOT_MET);
		return;
	}
	if (asks_default)
		kind = OSDP_KEY_KIND_DEFAULT;
	uint8_t key[OSDP_BLOCK_SIZE];
	memcpy(key, kind == OSDP_KEY_KIND_OWN ? device->scbk : sim_key_default, sizeof key);
	if (sim_fault_use(device, SIM_FAULT_WRONG_KEY))
		for (size_t i = 0; i < sizeof key; i++)
			key[i] ^= 0x5A;
	uint8_t rnd_b[OSDP_RANDOM_SIZE], cuid[OSDP_CUID_SIZE], cryptogram[OSDP_BLOCK_SIZE];
	uint32_t serial;
	device->listener->random(device->listener->context, rnd_b, sizeof rnd_b);
	sim_device_identity(device, &serial, cuid);
	sim_session_challenge(&device->session, kind, key, frame->data.at, rnd_b, cryptogram);
	wipe(key, sizeof key);
	sim_answer_id(answer, OSDP_REPLY_CCRYPT);
	answer->has_block = true;
	answer->block[0] = OSDP_SCS_CCRYPT;
	answer->block[1] = kind;
	sink_put(&answer->data, SPAN_OF(cuid));
	sink_put(&answer->data, SPAN_OF(rnd_b));
	sink_put(&answer->data, SPAN_OF(cryptogram));
}

static void confirm(struct sim_device *device, const struct sim_frame *frame, uint64_t now_ns,
		    struct sim_answer *answer)
{
	if (frame->data.size != OSDP_BLOCK_SIZE || frame->block_data.size != 1) {
		sim_answer_nak(answer, OSDP_NAK_LENGTH);
		return;
	}
	if (device->session.state != SIM_SESSION_CHALLENGED || frame->block_data.at[0] != device->session.key_kind) {
		refuse_session(device, answer, "SCRYPT without its CHLNG", now_ns);
		return;
	}
	uint8_t rmac[OSDP_BLOCK_SIZE] = {0};
	uint8_t kind = device->session.key_kind;
	bool good = sim_session_confirm(&device->session, frame->data.at, rmac);
	sim_answer_id(answer, OSDP_REPLY_RMAC_I);
	answer->has_block = true;
	answer->block[0] = OSDP_SCS_RMAC_I;
	answer->block[1] = good ? OSDP_RMAC_GOOD : OSDP_RMAC_FAILED;
	sink_put(&answer->data, SPAN_OF(rmac));
	struct sim_news news;
	sim_device_begin(device, &news, "secure");
	sim_news_bool(&news, "up", good);
	if (good)
		sim_news_text(&news, "key", kind == OSDP_KEY_KIND_OWN ? "own" : "default");
	else
		sim_news_text(&news, "reason", "the panel's cryptogram is wrong");
	sim_device_tell(device, &news, now_ns / 1000);
}

/* ---- who may say what ---- */

static bool allowed_in_clear(const struct sim_device *device, uint8_t id)
{
	if (id == OSDP_COMMAND_KEYSET || id == OSDP_COMMAND_CHLNG || id == OSDP_COMMAND_SCRYPT)
		return false;
	if (device->setup.secure != SIM_SECURE_REQUIRED)
		return true;
	if (id == OSDP_COMMAND_COMSET)
		return device->install;
	return id == OSDP_COMMAND_POLL || id == OSDP_COMMAND_ID || id == OSDP_COMMAND_CAP;
}

/* The PLAINTEXT fault: no channel, no MAC, all in clear; what it cannot read it pretends to have obeyed. */
static void run_plaintext(struct sim_device *device, const struct sim_frame *frame, uint64_t now_ns,
			  uint64_t first_byte_ns, struct sim_answer *answer)
{
	bool readable = frame->block_type != OSDP_SCS_COMMAND_ENCRYPTED;
	if (frame->id == OSDP_COMMAND_CHLNG || frame->id == OSDP_COMMAND_SCRYPT)
		sim_answer_nak(answer, OSDP_NAK_SECURE_UNSUPPORTED);
	else if (readable || frame->id == OSDP_COMMAND_POLL)
		sim_command_run(device, frame->id, frame->data, false, false, now_ns, first_byte_ns, answer);
	answer->clear = true;
}

static void run_session(struct sim_device *device, const struct sim_frame *frame, uint64_t now_ns,
			uint64_t first_byte_ns, struct sim_answer *answer)
{
	if (device->session.state != SIM_SESSION_UP) {
		refuse_session(device, answer, "a session frame without a session", now_ns);
		return;
	}
	uint8_t data[OSDP_FRAME_SIZE_MAX];
	size_t size = 0;
	if (frame->block_data.size != 0 || failed(sim_session_open(&device->session, frame, data, &size))) {
		refuse_session(device, answer, frame->block_data.size ? "a session block with data" : err_why(),
			       now_ns);
		return;
	}
	bool encrypted = frame->block_type == OSDP_SCS_COMMAND_ENCRYPTED;
	if (encrypted && size == 0)
		sim_device_violation(device, "empty data was sent encrypted; it should go with block 15", now_ns);
	sim_command_run(device, frame->id, (struct span){data, size}, true, encrypted, now_ns, first_byte_ns, answer);
	wipe(data, size);
}

static void run(struct sim_device *device, const struct sim_frame *frame, uint64_t now_ns, uint64_t first_byte_ns,
		struct sim_answer *answer)
{
	sim_answer_id(answer, OSDP_REPLY_ACK);
	if (sim_fault_on(device, SIM_FAULT_PLAINTEXT)) {
		run_plaintext(device, frame, now_ns, first_byte_ns, answer);
	} else if (!frame->has_block) {
		if (device->session.state == SIM_SESSION_UP) {
			refuse_session(device, answer, "plaintext inside a session", now_ns);
		} else if (frame->id == OSDP_COMMAND_CHLNG && device->setup.secure == SIM_SECURE_NONE) {
			sim_answer_nak(answer, OSDP_NAK_SECURE_UNSUPPORTED);
		} else if (!allowed_in_clear(device, frame->id)) {
			sim_answer_nak(answer, OSDP_NAK_SECURE_NOT_MET);
		} else {
			sim_command_run(device, frame->id, frame->data, false, false, now_ns, first_byte_ns, answer);
		}
	} else if (device->setup.secure == SIM_SECURE_NONE) {
		sim_answer_nak(answer, OSDP_NAK_SECURE_UNSUPPORTED);
	} else if (frame->block_type == OSDP_SCS_CHLNG && frame->id == OSDP_COMMAND_CHLNG) {
		challenge(device, frame, now_ns, answer);
	} else if (frame->block_type == OSDP_SCS_SCRYPT && frame->id == OSDP_COMMAND_SCRYPT) {
		confirm(device, frame, now_ns, answer);
	} else if (frame->block_type == OSDP_SCS_COMMAND_MAC || frame->block_type == OSDP_SCS_COMMAND_ENCRYPTED) {
		run_session(device, frame, now_ns, first_byte_ns, answer);
	} else {
		refuse_session(device, answer, "a security block that does not fit its command", now_ns);
	}
}

/* ---- link ---- */

static void heard(struct sim_device *device, uint64_t now_ns)
{
	device->heard_ns = now_ns;
	if (device->online)
		return;
	device->online = true;
	struct sim_news news;
	sim_device_begin(device, &news, "online");
	sim_device_tell(device, &news, now_ns / 1000);
}

static uint8_t reply_address(const struct sim_device *device, const struct sim_frame *frame)
{
	bool broadcast = frame->address == OSDP_ADDRESS_BROADCAST;
	return (uint8_t)(OSDP_REPLY_BIT | (broadcast ? OSDP_ADDRESS_BROADCAST : device->address));
}

static void write_clear(const struct sim_device *device, const struct sim_frame *frame, uint8_t sequence,
			const struct sim_answer *answer, struct sim_reply *reply)
{
	struct sink s = SINK_OF(reply->bytes);
	struct span block = {answer->block, answer->has_block ? sizeof answer->block : 0};
	sim_frame_begin(&s, reply_address(device, frame), sequence, frame->has_crc, block, answer->id,
			sink_span(&answer->data), 0);
	sim_frame_end(&s);
	reply->size = s.size;
}

static void write_nak(const struct sim_device *device, const struct sim_frame *frame, uint8_t code,
		      struct sim_reply *reply)
{
	struct sim_answer answer;
	sim_answer_nak(&answer, code);
	write_clear(device, frame, frame->sequence, &answer, reply);
}

static void write_busy(const struct sim_device *device, const struct sim_frame *frame, struct sim_reply *reply)
{
	struct sim_answer answer;
	sim_answer_id(&answer, OSDP_REPLY_BUSY);
	write_clear(device, frame, 0, &answer, reply); /* BUSY has sequence 0 and no security */
}

static void remember(struct sim_device *device, const struct sim_frame *frame, const struct sim_reply *reply)
{
	device->sequence_last = frame->sequence;
	memcpy(device->command, frame->raw.at, frame->raw.size);
	device->command_size = frame->raw.size;
	memcpy(device->cached, reply->bytes, reply->size);
	device->cached_size = reply->size;
	device->cached_swipe = reply->swipe;
	device->cached_has_mac = reply->has_mac;
}

static void obey(struct sim_device *device, const struct sim_frame *frame, uint64_t now_ns, uint64_t first_byte_ns,
		 struct sim_reply *reply)
{
	struct sim_answer answer;
	run(device, frame, now_ns, first_byte_ns, &answer);
	ENSURE(!answer.data.failed);
	bool seal = device->session.state == SIM_SESSION_UP && !answer.clear && !answer.has_block;
	if (seal) {
		struct sink s = SINK_OF(reply->bytes);
		sim_session_seal(&device->session, &s, reply_address(device, frame), frame->sequence, frame->has_crc,
				 answer.id, sink_span(&answer.data));
		reply->size = s.size;
	} else {
		write_clear(device, frame, frame->sequence, &answer, reply);
	}
	reply->has_mac = seal;
	reply->swipe = answer.swipe;
	remember(device, frame, reply);
}

static void repeat(const struct sim_device *device, struct sim_reply *reply)
{
	memcpy(reply->bytes, device->cached, device->cached_size);
	reply->size = device->cached_size;
	reply->has_mac = device->cached_has_mac;
	reply->swipe = device->cached_swipe;
	reply->repeat = true;
}

static bool broadcast_fits(uint8_t id)
{
	return id == OSDP_COMMAND_ID || id == OSDP_COMMAND_CAP || id == OSDP_COMMAND_COMSET;
}

static void receive_in_turn(struct sim_device *device, const struct sim_frame *frame, uint64_t now_ns,
			    uint64_t first_byte_ns, struct sim_reply *reply)
{
	if (frame->sequence == 0) { /* the panel starts anew */
		sim_session_gone(device, "the panel started anew", now_ns);
		device->cached_size = 0;
		obey(device, frame, now_ns, first_byte_ns, reply);
	} else if (frame->sequence == device->sequence_last && device->cached_size != 0 &&
		   span_equal(frame->raw, (struct span){device->command, device->command_size})) {
		repeat(device, reply);
	} else if (device->sequence_last >= 0 && frame->sequence == device->sequence_last % 3 + 1) {
		obey(device, frame, now_ns, first_byte_ns, reply);
	} else {
		if (device->sequence_last >= 0)
			sim_device_violation(device, "wrong sequence number", now_ns);
		write_nak(device, frame, OSDP_NAK_SEQUENCE, reply);
	}
}

bool sim_device_receive(struct sim_device *device, const struct sim_frame *frame, uint64_t now_ns,
			uint64_t first_byte_ns, struct sim_reply *ret_reply)
{
	REQUIRE(!frame->is_reply);
	if (frame->address == OSDP_ADDRESS_BROADCAST && !broadcast_fits(frame->id))
		return false;
	if (sim_fault_use(device, SIM_FAULT_SILENCE))
		return false;
	heard(device, now_ns);
	ret_reply->size = 0;
	ret_reply->has_mac = ret_reply->repeat = false;
	ret_reply->swipe = 0;
	if (sim_fault_use(device, SIM_FAULT_BUSY)) {
		write_busy(device, frame, ret_reply);
	} else if (device->session.state == SIM_SESSION_UP && frame->sequence != 0 &&
		   sim_fault_use(device, SIM_FAULT_PLAIN_NAK)) {
		write_nak(device, frame, OSDP_NAK_SECURE_NOT_MET, ret_reply);
	} else if (frame->raw.size > device->setup.receive_size_max) {
		sim_device_violation(device, "a frame over the device's receive size", now_ns);
		write_nak(device, frame, OSDP_NAK_LENGTH, ret_reply);
	} else {
		receive_in_turn(device, frame, now_ns, first_byte_ns, ret_reply);
	}
	sim_faults_work_in(device, ret_reply);
	return true;
}

bool sim_device_bad_check(struct sim_device *device, struct span raw, struct sim_reply *ret_reply)
{
	if (!device->setup.nak_bad_check || raw.size < SIM_FRAME_SIZE_LEAST || sim_fault_on(device, SIM_FAULT_SILENCE))
		return false;
	struct sim_frame frame = {
		.raw = raw,
		.address = raw.at[1] & 0x7F,
		.sequence = raw.at[4] & OSDP_CONTROL_SEQUENCE,
		.has_crc = raw.at[4] & OSDP_CONTROL_CRC,
	};
	ret_reply->has_mac = ret_reply->repeat = false;
	ret_reply->swipe = 0;
	write_nak(device, &frame, OSDP_NAK_CHECK, ret_reply);
	sim_faults_work_in(device, ret_reply);
	return true;
}

void sim_device_replied(struct sim_device *device)
{
	if (!device->comset_pending)
		return;
	device->comset_pending = false;
	device->address = device->comset_address;
	device->baud = device->comset_baud;
	device->listener->keep(device->listener->context, device);
}

uint64_t sim_device_tick(struct sim_device *device, uint64_t now_ns)
{
	sim_outputs_tick(device, now_ns);
	sim_events_drop_old(device, now_ns);
	uint64_t offline_ns = device->heard_ns + OSDP_OFFLINE_MS * SIM_NS_PER_MS;
	if (device->online && now_ns >= offline_ns) {
		device->online = false;
		sim_session_gone(device, "offline", now_ns);
		sim_events_forget(device);
		struct sim_news news;
		sim_device_begin(device, &news, "offline");
		sim_device_tell(device, &news, now_ns / 1000);
	}
	uint64_t next_ns = device->online ? offline_ns : SIM_NEVER;
	uint64_t outputs_ns = sim_outputs_next(device);
	uint64_t events_ns = sim_events_next(device);
	next_ns = outputs_ns < next_ns ? outputs_ns : next_ns;
	return events_ns < next_ns ? events_ns : next_ns;
}
