#include "sim/reader/card.h"

static unsigned parity(uint32_t bits)
{
	unsigned odd = 0;
	for (; bits; bits >>= 1)
		odd ^= bits & 1;
	return odd;
}

void sim_card_h10301(uint8_t facility, uint16_t number, uint8_t ret_bits[SIM_H10301_SIZE])
{
	uint32_t data = (uint32_t)facility << 16 | number;
	uint32_t even = parity(data >> 12);
	uint32_t odd = parity(data & 0xFFF) ^ 1;
	uint32_t all = (even << 25 | data << 1 | odd) << (32 - SIM_H10301_BITS);
	for (int i = 0; i < SIM_H10301_SIZE; i++)
		ret_bits[i] = (uint8_t)(all >> (24 - 8 * i));
}
