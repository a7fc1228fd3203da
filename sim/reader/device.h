/* sim/reader/device.h - one simulated peripheral device: a frame goes in, at most one reply comes out.
 *
 * Stop 2 of 3: line.c > [here] > commands.c. Holds the device's make-up (what the configuration says), its
 * link state (sequence, cached reply, session), its points (inputs, outputs), what its reader shows, and
 * what it has to tell at the next poll. It knows no file descriptors and no clock: every call brings its
 * time, nanoseconds of the boot clock.
 *
 * A card read or key press that is not collected within `hold_ms` is dropped, as a real reader gives up on
 * it. Inputs and local states are never dropped: while nobody listens they shrink to "something changed",
 * told on return.
 */
#ifndef LEGATION_SIM_READER_DEVICE_H
#define LEGATION_SIM_READER_DEVICE_H

#include "sim/reader/frame.h"
#include "sim/reader/news.h"
#include "sim/reader/secure.h"

enum {
	SIM_READERS_MAX = 2,
	SIM_LEDS_MAX = 4, /* each reader */
	SIM_INPUTS_MAX = 16,
	SIM_OUTPUTS_MAX = 16,
	SIM_EVENTS_MAX = 32,
	SIM_CARD_BITS_MAX = 1024,
	SIM_KEYS_MAX = 32,
	SIM_TEXT_MAX = 64,
	SIM_NAME_MAX = 64,
	SIM_CAPABILITIES_MAX = 16,
	SIM_TEMPLATE_SIZE_MAX = 1400,
	SIM_EVENT_SIZE_MAX = 4 + SIM_CARD_BITS_MAX / 8,
	SIM_HOLD_MS_DEFAULT = 2000,
	SIM_SLOW_MS_DEFAULT = 250,
	SIM_NOISE_SIZE_MAX = 8,
	SIM_FILE_SIZE_MAX = 16 * 1024 * 1024,
};

#define SIM_NEVER UINT64_MAX
#define SIM_NS_PER_MS UINT64_C(1000000)
#define SIM_NS_PER_100MS (100 * SIM_NS_PER_MS)

enum sim_fault_kind {
#define SIM_FAULT(name, word, does) SIM_FAULT_##name,
#include "sim/reader/faults.def"
#undef SIM_FAULT
	SIM_FAULT_COUNT,
};

struct sim_fault {
	bool on;
	uint32_t left; /* uses until it wears off; 0 without end */
	uint32_t ms;   /* SIM_FAULT_SLOW */
};

/* Who may talk in clear. */
enum sim_secure_mode {
	SIM_SECURE_REQUIRED = 0, /* events and all but identification only inside a session */
	SIM_SECURE_OPTIONAL,
	SIM_SECURE_NONE, /* no secure channel at all */
};

enum sim_event_kind {
	SIM_EVENT_CARD,
	SIM_EVENT_KEYS,
	SIM_EVENT_STATE, /* inputs, outputs, local, readers: a snapshot */
	SIM_EVENT_BIO,   /* the data stands in `bio` */
};

struct sim_event {
	enum sim_event_kind kind;
	uint8_t reply_id;
	uint8_t data[SIM_EVENT_SIZE_MAX];
	size_t size;
	uint32_t swipe; /* running number of a card read, from 1 */
	uint64_t queued_ns;
};

struct sim_output {
	bool on;           /* as it stands */
	bool permanent_on; /* where a timed operation returns to */
	uint64_t until_ns; /* end of a timed operation; SIM_NEVER without one */
};

struct sim_led {
	uint8_t permanent[4]; /* on time, off time, on colour, off colour */
	uint8_t temporary[4];
	uint64_t temporary_from_ns;
	uint64_t temporary_until_ns; /* 0 without one */
	uint64_t permanent_from_ns;
};

struct sim_capability {
	uint8_t function, compliance, count;
};

/* What the file says: see config.c for the words. */
struct sim_setup {
	char name[SIM_NAME_MAX + 1];
	uint8_t address; /* as configured; the file's and the state's name for the device */
	uint8_t vendor[3], model, version, firmware[3];
	uint32_t serial;
	uint8_t cuid[OSDP_CUID_SIZE];
	enum sim_secure_mode secure;
	bool nak_bad_check, mark, report_outputs, keypad, keypad_ascii, display, biometric;
	uint8_t reader_count, led_count, input_count, output_count;
	uint16_t receive_size_max;
	uint32_t hold_ms;
	struct sim_capability capabilities[SIM_CAPABILITIES_MAX];
	size_t capability_count;
	bool unlocks; /* an OUT "on" for this output answers a card of this reader */
	uint8_t unlocks_address, unlocks_output;
};

struct sim_device;

/* Who wants to know. Every function must be set. */
struct sim_listener {
	void *context;
	void (*news)(void *context, struct span line);
	/* An OUT record was obeyed; `first_byte_us`: when the command's first byte arrived. */
	void (*output_command)(void *context, struct sim_device *device, unsigned output, bool on,
			       uint64_t first_byte_us);
	void (*output_changed)(void *context, struct sim_device *device, unsigned output, bool on, uint64_t now_ns);
	/* Something that must outlive the process changed: key, address, speed, install. */
	void (*keep)(void *context, struct sim_device *device);
	void (*random)(void *context, uint8_t *bytes, size_t size);
	/* The last byte of a reply with a card read left the wire. */
	void (*card_sent)(void *context, struct sim_device *device, uint32_t swipe, bool repeat, uint64_t last_byte_us);
};

struct sim_device {
	struct sim_setup setup;
	const struct sim_listener *listener;
	unsigned line; /* index of its line */

	/* what outlives a restart */
	uint32_t baud;
	uint8_t address;
	bool has_scbk, install;
	uint8_t scbk[OSDP_BLOCK_SIZE];

	/* link */
	bool online, cached_has_mac;
	uint16_t panel_size_max; /* ACURXSIZE */
	int sequence_last;       /* -1 before the first command */
	uint32_t cached_swipe;
	uint64_t heard_ns;
	size_t command_size, cached_size;
	uint8_t command[OSDP_FRAME_SIZE_MAX];
	uint8_t cached[OSDP_FRAME_SIZE_MAX];
	struct sim_session session;

	/* points and face */
	struct sim_output outputs[SIM_OUTPUTS_MAX];
	struct sim_led leds[SIM_READERS_MAX][SIM_LEDS_MAX];
	uint64_t text_until_ns;
	bool inputs[SIM_INPUTS_MAX];
	bool tamper, power_failed;
	uint8_t reader_states[SIM_READERS_MAX];
	uint8_t buzzer[4]; /* tone, on, off, count */
	char text[SIM_TEXT_MAX + 1];

	/* to tell at the next poll */
	bool changed_local, changed_inputs, changed_outputs, changed_readers;
	uint32_t swipes;
	size_t event_first, event_count;
	struct sim_event events[SIM_EVENTS_MAX];

	/* a biometric reading under way */
	bool bio_wanted, bio_match;
	uint8_t bio_reader, bio_type;
	size_t bio_size;
	uint8_t bio[SIM_TEMPLATE_SIZE_MAX];

	/* a file under way */
	uint32_t file_total, file_size;
	uint16_t file_sum;
	uint8_t file_type;

	/* a COMSET whose reply has not left yet */
	bool comset_pending;
	uint8_t comset_address;
	uint32_t comset_baud;

	uint64_t card_sent_us; /* the card read that awaits its unlock; 0 for none: site.c keeps it */
	struct sim_fault faults[SIM_FAULT_COUNT];
};

struct sim_reply {
	uint8_t bytes[OSDP_FRAME_SIZE_MAX]; /* without mark */
	size_t size;
	bool has_mac;
	bool repeat;    /* from the cache */
	uint32_t swipe; /* the card read it carries; 0 for none */
	/* what a fault makes of it */
	uint32_t late_ms;
	bool lost, twice;
	uint8_t noise_before, noise_after; /* bytes */
};

/* Make the device as it is at power-on. `setup`, `address`, `baud`, key and `install` are set before and
 * stay.
 */
void sim_device_start(struct sim_device *device, const struct sim_listener *listener, unsigned line);

/* Power off and on: session, sequence, outputs, face and queue go. */
void sim_device_restart(struct sim_device *device, uint64_t now_ns);

/* Obey one frame that was addressed to this device or to all.
 *
 * needs   frame read by sim_frame_read, not a reply; `first_byte_ns` when its first byte arrived.
 * gives   true and the reply, or false for silence. Faults are already worked in.
 * rules   OSDP: SQN 0 starts anew; the same bytes with the same SQN get the same reply, bit by bit.
 */
bool sim_device_receive(struct sim_device *device, const struct sim_frame *frame, uint64_t now_ns,
			uint64_t first_byte_ns, struct sim_reply *ret_reply) MUST_USE;

/* A frame for this device with a wrong check: silence, or NAK 1 if it was set up so. */
bool sim_device_bad_check(struct sim_device *device, struct span raw, struct sim_reply *ret_reply) MUST_USE;

/* The reply has left: new address and speed hold from now. */
void sim_device_replied(struct sim_device *device);

/* Timed outputs, dropped cards, offline.
 *
 * gives   when to call again; SIM_NEVER if nothing is under way.
 */
uint64_t sim_device_tick(struct sim_device *device, uint64_t now_ns);

/* What people and doors do to it. */
struct err sim_device_swipe(struct sim_device *device, unsigned reader, uint8_t format, struct span bits,
			    unsigned bit_count, uint64_t now_ns, uint32_t *ret_swipe) MUST_USE;
struct err sim_device_keys(struct sim_device *device, unsigned reader, struct span keys, uint64_t now_ns) MUST_USE;
struct err sim_device_finger(struct sim_device *device, uint8_t status, uint8_t quality, struct span pattern,
			     uint64_t now_ns) MUST_USE;
struct err sim_device_set_input(struct sim_device *device, unsigned input, bool active, uint64_t now_ns) MUST_USE;
void sim_device_set_tamper(struct sim_device *device, bool on, uint64_t now_ns);
void sim_device_set_power(struct sim_device *device, bool failed, uint64_t now_ns);
struct err sim_device_set_reader_state(struct sim_device *device, unsigned reader, uint8_t state,
				       uint64_t now_ns) MUST_USE;
void sim_device_set_key(struct sim_device *device, const uint8_t *scbk);

/* gives   ERR_NOT_FOUND for a word that is no fault. */
struct err sim_fault_named(struct span word, enum sim_fault_kind *ret_kind) MUST_USE;
const char *sim_fault_word(enum sim_fault_kind kind);
void sim_device_set_fault(struct sim_device *device, enum sim_fault_kind kind, bool on, uint32_t count, uint32_t ms,
			  uint64_t now_ns);

/* The colour an LED shows now. */
uint8_t sim_led_colour(const struct sim_led *led, uint64_t now_ns);

/* All a person standing before it could see, as members of a JSON object. */
void sim_device_describe(const struct sim_device *device, struct sim_news *news, uint64_t now_ns);

/* ---- between device.c, commands.c, points.c and events.c ---- */

struct sim_answer {
	uint8_t id;
	struct sink data;
	uint8_t bytes[OSDP_FRAME_SIZE_MAX];
	uint8_t block[2]; /* type and third byte of a handshake's security block */
	bool has_block;
	bool clear; /* even inside a session */
	uint32_t swipe;
};

void sim_answer_id(struct sim_answer *answer, uint8_t id);
void sim_answer_nak(struct sim_answer *answer, uint8_t code);

/* Run a command whose data is in clear. `secure`: it came inside a session; `encrypted`: its data was
 * encrypted.
 */
void sim_command_run(struct sim_device *device, uint8_t id, struct span data, bool secure, bool encrypted,
		     uint64_t now_ns, uint64_t first_byte_ns, struct sim_answer *answer);

/* Fill in the oldest thing there is to tell; else leave the ACK. */
void sim_events_take(struct sim_device *device, struct sim_answer *answer, uint64_t now_ns);
void sim_events_drop_old(struct sim_device *device, uint64_t now_ns);
void sim_events_forget(struct sim_device *device);
uint64_t sim_events_next(const struct sim_device *device);
void sim_events_state(struct sim_device *device, uint8_t reply_id, uint64_t now_ns);
bool sim_device_listened(const struct sim_device *device);

void sim_points_write(const struct sim_device *device, uint8_t reply_id, struct sink *s);
void sim_output_command(struct sim_device *device, uint8_t index, uint8_t control, uint16_t time_100ms, uint64_t now_ns,
			uint64_t first_byte_ns);
void sim_outputs_tick(struct sim_device *device, uint64_t now_ns);
uint64_t sim_outputs_next(const struct sim_device *device);

bool sim_fault_on(const struct sim_device *device, enum sim_fault_kind kind);
bool sim_fault_use(struct sim_device *device, enum sim_fault_kind kind); /* also counts it down */
void sim_faults_work_in(struct sim_device *device, struct sim_reply *reply);

void sim_device_identity(const struct sim_device *device, uint32_t *ret_serial, uint8_t *ret_cuid);
void sim_session_gone(struct sim_device *device, const char *reason, uint64_t now_ns);

/* A happening of this device: begin, add members, tell. */
void sim_device_begin(const struct sim_device *device, struct sim_news *news, const char *happening);
void sim_device_tell(const struct sim_device *device, struct sim_news *news, uint64_t at_us);
/* The panel broke a rule of the protocol: said aloud, so that nobody adapts in silence. */
void sim_device_violation(const struct sim_device *device, const char *what, uint64_t now_ns);

#endif
