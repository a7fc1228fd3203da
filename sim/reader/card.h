/* sim/reader/card.h - the bits of a card. Pure. */
#ifndef LEGATION_SIM_READER_CARD_H
#define LEGATION_SIM_READER_CARD_H

#include <stdint.h>

enum { SIM_H10301_BITS = 26, SIM_H10301_SIZE = 4 };

/* The 26-bit format: even parity over the first 12 data bits, facility (8), number (16), odd parity over the
 * last 12; most significant bit first, padded to the right.
 */
void sim_card_h10301(uint8_t facility, uint16_t number, uint8_t ret_bits[SIM_H10301_SIZE]);

#endif
