/* worker/osdp/device.h - one peripheral device: what to say to it next, and what its answers mean.
 *
 * It stands between line.h, which decides whose turn it is, and reader.h, which reads what a judged reply says. It
 * is pure: times are given, bytes are given and taken, and what core should hear goes out through a port. It does
 * not know the wire, the other devices, or any device's own key but the one that a KEYSET is carrying.
 *
 * A device that needs the secure channel (the default) is believed under its MAC alone. What it says in the clear
 * moves the handshake along and nothing else; a card, a key press or a contact in the clear is an alarm and a new
 * handshake.
 *
 * device.c holds turns and replies, handshake.c the way up to a session, orders.c what core wants of the device.
 */
#ifndef LEGATION_WORKER_OSDP_DEVICE_H
#define LEGATION_WORKER_OSDP_DEVICE_H

#include "worker/osdp/commands.h"
#include "worker/osdp/reader.h"
#include "worker/osdp/secure.h"

enum {
	OSDP_OUTPUTS_MAX = 16,        /* waiting for one device */
	OSDP_ORDERS_MAX = 8,          /* LED, buzzer, text; the oldest gives way */
	OSDP_TRANSMIT_SIZE_MAX = 144, /* mark byte, and TEXT under the channel */

	OSDP_POLL_US = 20000,             /* at the soonest, when nothing else is due */
	OSDP_SETTLE_US = 100000,          /* after a repeat was answered: the answer to the first try may come yet */
	OSDP_REPLY_US = 200000,           /* how long a device has for its answer */
	OSDP_PROBE_US = 30000,            /* the same for one that was not there last time */
	OSDP_OFFLINE_US = 8000000,        /* without a valid exchange */
	OSDP_OUTPUT_AGE_US_MAX = 2000000, /* an older unlock opens a door that nobody stands at */
	OSDP_CORE_US_MAX = 5000000,       /* core's part of a handshake */
	OSDP_REPEATS_MAX = 3,             /* the same bytes, before a new start */
	OSDP_REPEAT_PAUSE_US = 100000,    /* before the last of them */
	OSDP_BUSY_MAX = 100,              /* in a row */
	OSDP_BUSY_PAUSE_US = 20000,
	OSDP_FIRST_PAUSE_US = 100000,    /* after the first try in vain: on a busy machine it proves little */
	OSDP_SILENCE_PAUSE_US = 1000000, /* next pause after a device went away; doubled up to: */
	OSDP_SILENCE_PAUSE_US_MAX = 4000000,
	OSDP_TROUBLE_PAUSE_US = 1000000, /* second handshake after an offence; the first is at once; doubled up to: */
	OSDP_TROUBLE_PAUSE_US_MAX = 8000000,
	OSDP_CALM_US = 10000000,          /* a session this old wipes out earlier troubles */
	OSDP_ALARM_US = 1000000,          /* at most one of a kind in this time */
	OSDP_SESSION_FRAMES_MAX = 200000, /* then new session keys */
};
#define OSDP_SESSION_US_MAX UINT64_C(3600000000)
#define OSDP_NEVER UINT64_MAX

/* Where a device's words for core go. `body` is the struct of the kind's row; it is read before say returns. */
struct osdp_port {
	void *context;
	void (*say)(void *context, enum message_kind kind, const void *body);
};

enum osdp_stage {
	OSDP_STAGE_ID = 0, /* a new start, with sequence number 0 */
	OSDP_STAGE_CAPABILITIES,
	OSDP_STAGE_CHALLENGE, /* once core has drawn RND.A */
	OSDP_STAGE_CONFIRM,   /* once core has derived the session's keys */
	OSDP_STAGE_LOCAL,
	OSDP_STAGE_INPUTS,
	OSDP_STAGE_OUTPUTS,
	OSDP_STAGE_READERS,
	OSDP_STAGE_POLL,
};

/* What the running session rests on. */
enum osdp_session_kind {
	OSDP_SESSION_NONE = 0,
	OSDP_SESSION_INSTALL, /* the default key: carries a KEYSET, and nothing that it says is believed */
	OSDP_SESSION_OWN,     /* the device's own key */
};

/* How much a device wants the line, rising. */
enum osdp_rank {
	OSDP_RANK_NONE = 0, /* nothing to say now */
	OSDP_RANK_PROBE,    /* was not there last time; may cost a whole timeout */
	OSDP_RANK_TURN,     /* handshake, status or poll */
	OSDP_RANK_ORDER,    /* an LED, a sound, a text, a key */
	OSDP_RANK_OUTPUT,   /* an unlock */
};

enum osdp_heard {
	OSDP_HEARD_NOTHING = 0, /* not an answer to what was said: keep listening */
	OSDP_HEARD_REPLY,
	OSDP_HEARD_READ, /* a card or keys went to core: its decision may come at once */
};

/* What the command under way is for. */
enum osdp_errand {
	OSDP_ERRAND_NONE = 0,
	OSDP_ERRAND_STAGE,
	OSDP_ERRAND_OUTPUT,
	OSDP_ERRAND_ORDER,
	OSDP_ERRAND_KEYSET,
};

struct osdp_waiting_output {
	uint64_t reference;
	uint64_t expires_us;
	uint8_t data[OSDP_OUTPUT_DATA_SIZE];
};

struct osdp_alarm_meter {
	uint32_t count;
	uint64_t next_us;
};

enum { OSDP_OFFENCE_COUNT = OSDP_OFFENCE_DOWNGRADE + 1 };

struct osdp_peripheral {
	struct osdp_device settings;
	const struct osdp_port *port;

	/* Where it stands. */
	enum osdp_stage stage;
	enum osdp_session_kind session;
	enum osdp_link link;
	bool link_said;
	bool live;              /* has answered since the last new start after a silence */
	uint32_t silences;      /* in a row, since the last new start */
	uint32_t absences;      /* new starts after silences, in a row */
	uint32_t busies;        /* in a row */
	uint32_t troubles;      /* handshakes after offences */
	uint64_t valid_us;      /* last valid exchange */
	uint64_t believed_us;   /* the same, of a kind that may be believed */
	uint64_t rest_until_us; /* says nothing before */
	uint64_t poll_due_us;
	struct osdp_alarm_meter alarms[OSDP_OFFENCE_COUNT];

	/* The command under way. */
	bool waiting;        /* for its reply */
	bool repeat;         /* the same bytes go out again */
	bool restart_wanted; /* as soon as the reply that is on its way is in */
	bool started;        /* false: the next command carries sequence number 0 */
	uint8_t sequence;
	uint8_t command;
	enum osdp_errand errand;
	uint64_t spoke_us;
	uint8_t transmit[OSDP_TRANSMIT_SIZE_MAX];
	size_t transmit_size;
	uint64_t output_reference;
	uint64_t output_sent_us; /* 0: not yet on the wire */

	/* The handshake and the session. */
	struct osdp_secure secure;
	bool random_there;
	bool keys_there;
	bool install;
	uint64_t asked_us;     /* when core was asked for its part; 0: not asked */
	uint32_t randoms_owed; /* by core, which answers in order: an answer counts when none after it is owed */
	uint32_t sessions_owed;
	uint8_t rnd_a[OSDP_NUMBER_RANDOM_SIZE];
	uint8_t rnd_b[OSDP_NUMBER_RANDOM_SIZE];
	uint8_t client_cryptogram[OSDP_NUMBER_BLOCK_SIZE];
	uint8_t server_cryptogram[OSDP_NUMBER_BLOCK_SIZE];
	uint64_t session_since_us;
	uint32_t session_frames;

	/* Who it says it is. */
	bool identity_known;
	bool capabilities_known;
	struct osdp_identity identity;
	struct osdp_capability capabilities[OSDP_CAPABILITIES_MAX];
	size_t capability_count;

	/* What core wants of it. */
	struct osdp_waiting_output outputs[OSDP_OUTPUTS_MAX];
	uint32_t output_first, output_count;
	struct osdp_order orders[OSDP_ORDERS_MAX];
	uint32_t order_first, order_count;
	bool keyset_there;
	uint64_t keyset_reference;
	uint8_t keyset_key[OSDP_NUMBER_BLOCK_SIZE];
};

/* Begin with a device: nothing is known of it.
 *
 * needs   p->secure made by osdp_secure_make; everything else may be anything. The port outlives the device.
 */
void osdp_device_start(struct osdp_peripheral *p, const struct osdp_device *settings, const struct osdp_port *port,
		       uint64_t now_us);

/* The line was away and is back: begin with it again at once. */
void osdp_device_reopen(struct osdp_peripheral *p, uint64_t now_us);

/* Take leave of it: what waits is reported as not done, keys are wiped. */
void osdp_device_stop(struct osdp_peripheral *p);

/* A message from core that names this device: osdp_random, _session, _output, _led, _buzzer, _text, _keyset,
 * _restart.
 */
void osdp_device_told(struct osdp_peripheral *p, enum message_kind kind, const void *body, uint64_t now_us);

/* How much does it want the line now? */
enum osdp_rank osdp_device_rank(const struct osdp_peripheral *p, uint64_t now_us) MUST_USE;

/* From when on does it want the line, with nothing coming from outside? OSDP_NEVER: not at all. */
uint64_t osdp_device_speak_due(const struct osdp_peripheral *p) MUST_USE;

/* When has osdp_device_tick work? */
uint64_t osdp_device_tick_due(const struct osdp_peripheral *p) MUST_USE;

/* Say it.
 *
 * needs   a rank above NONE.
 * gives   the bytes, mark byte first, that hold until the next call; the device is waiting for the reply then.
 */
struct span osdp_device_speak(struct osdp_peripheral *p, uint64_t now_us) MUST_USE;

/* The first byte of what it said went onto the wire at this moment. */
void osdp_device_sent(struct osdp_peripheral *p, uint64_t first_byte_us);

/* How long may the reply to what it said take to begin? */
uint64_t osdp_device_patience(const struct osdp_peripheral *p) MUST_USE;

/* A frame with its address came while it was waiting. now_us is when its last byte was there. */
enum osdp_heard osdp_device_heard(struct osdp_peripheral *p, const struct osdp_frame *frame, uint64_t now_us) MUST_USE;

/* No valid reply came in time. `damaged`: there were bytes, so somebody answered. */
void osdp_device_silence(struct osdp_peripheral *p, bool damaged, uint64_t now_us);

/* What time alone brings: old outputs, offline, alarms that were held back, core's silence. */
void osdp_device_tick(struct osdp_peripheral *p, uint64_t now_us);

#endif
