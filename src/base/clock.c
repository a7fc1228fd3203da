#include "base/clock.h"

#include <time.h>

static uint64_t clock_ns(clockid_t which)
{
	struct timespec now;
	ENSURE(clock_gettime(which, &now) == 0);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_wall_us(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000;
}

uint64_t clock_boot_us(void)
{
	return clock_ns(CLOCK_BOOTTIME) / 1000;
}

uint64_t clock_boot_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

/* Days since 1970-01-01 to a civil date and back (proleptic Gregorian, March-based year). */
static void civil_of_days(uint64_t days, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	uint64_t z = days + 719468;
	uint64_t era = z / 146097;
	uint64_t day_of_era = z % 146097;
	uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t shifted = (5 * day_of_year + 2) / 153;
	*ret_day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1);
	*ret_month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
	*ret_year = (unsigned)(year_of_era + era * 400 + (*ret_month <= 2));
}

static uint64_t days_of_civil(unsigned year, unsigned month, unsigned day)
{
	uint64_t y = month <= 2 ? year - 1 : year;
	uint64_t era = y / 400;
	uint64_t year_of_era = y % 400;
	uint64_t day_of_year = (153 * (uint64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	uint64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static void put_digits(char *at, unsigned value, size_t count)
{
	for (size_t i = count; i > 0; i--, value /= 10)
		at[i - 1] = (char)('0' + value % 10);
}

void clock_write(struct sink *s, uint64_t wall_us)
{
	unsigned year, month, day;
	uint64_t seconds = wall_us / 1000000;
	civil_of_days(seconds / 86400, &year, &month, &day);
	ENSURE(year <= 9999);
	char text[CLOCK_TEXT_SIZE + 1] = "0000-00-00T00:00:00.000000Z";
	put_digits(text, year, 4);
	put_digits(text + 5, month, 2);
	put_digits(text + 8, day, 2);
	put_digits(text + 11, (unsigned)(seconds % 86400 / 3600), 2);
	put_digits(text + 14, (unsigned)(seconds % 3600 / 60), 2);
	put_digits(text + 17, (unsigned)(seconds % 60), 2);
	put_digits(text + 20, (unsigned)(wall_us % 1000000), 6);
	sink_put(s, (struct span){(const uint8_t *)text, CLOCK_TEXT_SIZE});
}

static bool read_digits(const uint8_t *at, size_t count, unsigned *ret_value)
{
	unsigned value = 0;
	for (size_t i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		value = value * 10 + (unsigned)(at[i] - '0');
	}
	*ret_value = value;
	return true;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

struct err clock_read(struct span text, uint64_t *ret_wall_us)
{
	static const char form[] = "0000-00-00T00:00:00.000000Z";
	unsigned year, month, day, hour, minute, second, micros;
	const uint8_t *at = text.at;
	if (text.size != CLOCK_TEXT_SIZE)
		return FAIL(ERR_INVALID, "time: not of the form %s", form);
	for (size_t i = 0; i < text.size; i++)
		if (form[i] != '0' && at[i] != (uint8_t)form[i])
			return FAIL(ERR_INVALID, "time: not of the form %s", form);
	if (!read_digits(at, 4, &year) || !read_digits(at + 5, 2, &month) || !read_digits(at + 8, 2, &day) ||
	    !read_digits(at + 11, 2, &hour) || !read_digits(at + 14, 2, &minute) || !read_digits(at + 17, 2, &second) ||
	    !read_digits(at + 20, 6, &micros))
		return FAIL(ERR_INVALID, "time: not of the form %s", form);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 ||
	    minute > 59 || second > 59)
		return FAIL(ERR_INVALID, "time: no such moment");
	uint64_t seconds = days_of_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	*ret_wall_us = seconds * 1000000 + micros;
	return OK;
}
