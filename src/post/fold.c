#include "post/tables.h"

/* U+00C0 to U+017F as the plain letters that people type for them; '.' stands for a letter that stays itself. */
static const char latin[] = "aaaaaaaceeeeiiiidnooooo.ouuuuy.saaaaaaaceeeeiiiidnooooo.ouuuuy.y"
			    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkk.lllllll"
			    "lllnnnnnnn..oooooo..rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

void post_fold(struct sink *s, struct span name)
{
	_Static_assert(sizeof latin - 1 == 0x180 - 0xC0, "one letter for each code point");
	for (size_t i = 0; i < name.size; i++) {
		uint8_t a = name.at[i];
		if (a >= 'A' && a <= 'Z') {
			sink_u8(s, (uint8_t)(a - 'A' + 'a'));
		} else if (a >= 0xC3 && a <= 0xC5 && i + 1 < name.size) {
			uint32_t point = (uint32_t)(a & 0x1F) << 6 | (name.at[i + 1] & 0x3F);
			char letter = latin[point - 0xC0];
			if (letter != '.')
				sink_u8(s, (uint8_t)letter);
			else
				sink_put(s, (struct span){name.at + i, 2});
			i++;
		} else {
			sink_u8(s, a);
		}
	}
}
