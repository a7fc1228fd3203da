/* worker/osdp/reader.h - what a device says becomes one message.
 *
 * Stop 1 of 5 on the swipe tour: [here] > access/swipe.c > access/facts.c > access/decision.c > ledger/append.c
 *
 * Hostile bytes come in, the data of a reply that device.h has already judged (from whom, in answer to what, under
 * a MAC or not); a bounded struct of ipc/messages.def goes out, or an error. Nothing behind this file parses a
 * device's bytes. It is pure, and knows neither keys nor turns. Spans in the messages lie in the data given or in
 * the room given.
 */
#ifndef LEGATION_WORKER_OSDP_READER_H
#define LEGATION_WORKER_OSDP_READER_H

#include "ipc/link.h"

enum {
	OSDP_CARD_BITS_MAX = 1440,
	OSDP_CARD_SIZE_MAX = OSDP_CARD_BITS_MAX / 8,
	OSDP_KEYS_MAX = 64,
	OSDP_CAPABILITIES_MAX = 32,
	OSDP_CONTACTS_MAX = 32, /* further ones of one device are not read */
	OSDP_READERS_MAX = 8,   /* of one device */
};

/* RAW: reader, format, bit count (u16), bits. Bits behind the count are made zero, so that one card has one value.
 *
 * needs   room for OSDP_CARD_SIZE_MAX bytes.
 * fails   ERR_INVALID: no bits, more than the bound, or a size that is not that of the bits.
 */
struct err osdp_read_card(struct span data, uint8_t room[OSDP_CARD_SIZE_MAX], struct osdp_card *ret_card) MUST_USE;

/* KEYPAD: reader, count, characters. '*' and '#' come as themselves or as 7F and 0D. One unknown character refuses
 * all: what is left of a PIN could be another's.
 */
struct err osdp_read_keys(struct span data, uint8_t room[OSDP_KEYS_MAX], struct osdp_keypad *ret_keypad) MUST_USE;

/* ISTATR, OSTATR: one byte a contact. */
struct err osdp_read_contacts(struct span data, struct osdp_contacts *ret_contacts) MUST_USE;

/* LSTATR: tamper, power failure. */
struct err osdp_read_local(struct span data, struct osdp_local *ret_local) MUST_USE;

/* RSTATR: one byte a reader; 0 fine, 1 not connected, 2 tamper.
 *
 * gives   one message a reader, numbered from 0, and how many; at most OSDP_READERS_MAX.
 */
struct err osdp_read_readers(struct span data, struct osdp_reader_tamper ret_readers[OSDP_READERS_MAX],
			     size_t *ret_count) MUST_USE;

/* PDID: everything of an identity but the capabilities. */
struct err osdp_read_identity(struct span data, struct osdp_identity *ret_identity) MUST_USE;

/* PDCAP: three bytes a capability. */
struct err osdp_read_capabilities(struct span data, struct osdp_capability ret_capabilities[OSDP_CAPABILITIES_MAX],
				  size_t *ret_count) MUST_USE;

/* CCRYPT: cUID, RND.B, client cryptogram. */
struct err osdp_read_cryptogram(struct span data, struct osdp_cryptogram *ret_cryptogram) MUST_USE;

/* NAK: the code; further bytes are for people and are left alone. */
struct err osdp_read_nak(struct span data, uint8_t *ret_code) MUST_USE;
const char *osdp_nak_words(uint8_t code);

#endif
