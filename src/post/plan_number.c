#include "post/plan.h"

#include <math.h>

static bool is_digit(const struct cursor *c)
{
	return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

static bool take_byte(struct cursor *c, uint8_t byte)
{
	if (c->at == c->end || *c->at != byte)
		return false;
	c->at++;
	return true;
}

/* "e-3" after a number, when digits follow; an "e" that is something else stays. */
static int take_exponent(struct cursor *c)
{
	struct cursor ahead = *c;
	int exponent = 0;
	if (!take_byte(&ahead, 'e') && !take_byte(&ahead, 'E'))
		return 0;
	bool negative = take_byte(&ahead, '-');
	if (!negative)
		(void)take_byte(&ahead, '+');
	if (!is_digit(&ahead))
		return 0;
	while (is_digit(&ahead))
		exponent = exponent > 99 ? exponent : exponent * 10 + (*ahead.at++ - '0');
	while (is_digit(&ahead))
		ahead.at++;
	*c = ahead;
	return negative ? -exponent : exponent;
}

bool post_svg_number(struct cursor *c, double *ret_number)
{
	skip_space(c);
	if (take_byte(c, ','))
		skip_space(c);
	bool negative = take_byte(c, '-');
	if (!negative)
		(void)take_byte(c, '+');
	double number = 0, place = 1;
	bool any = is_digit(c);
	while (is_digit(c))
		number = number * 10 + (*c->at++ - '0');
	if (c->end - c->at >= 2 && c->at[0] == '.' && c->at[1] >= '0' && c->at[1] <= '9') {
		any = true;
		c->at++;
		while (is_digit(c))
			number += (*c->at++ - '0') * (place /= 10);
	} else if (any) {
		(void)take_byte(c, '.');
	}
	if (!any)
		return false;
	int exponent = take_exponent(c);
	number *= exponent == 0 ? 1 : pow(10, exponent);
	if (!isfinite(number) || number > 1e9)
		return false;
	*ret_number = negative ? -number : number;
	return true;
}

bool post_svg_hundredths(double value, uint32_t max, uint32_t *ret_hundredths)
{
	double hundredths = round(value * 100);
	if (!(hundredths >= 0 && hundredths <= max))
		return false;
	*ret_hundredths = (uint32_t)hundredths;
	return true;
}
