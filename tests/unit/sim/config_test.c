/* A configuration is taken whole or refused with file, line, column and reason. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/tap.h"
#include "sim/reader/config.h"
#include "sim/reader/orders.h"

#define KEY "\"scbk\":\"000102030405060708090a0b0c0d0e0f\""
#define LINE(devices, rest) "{\"lines\":[{\"transport\":\"tcp\",\"devices\":[" devices "]" rest "}]}"
#define IO "{\"address\":5,\"kind\":\"io\"," KEY "}"

static void ignore(void *context, struct span line)
{
	(void)context, (void)line;
}

static const struct {
	const char *text, *where, *why;
} bad[] = {
	{"", "x:1:0", "expected near end of file"},
	{"{\"lines\":[],}", "x:1:13", "expected near '}'"},
	{"{\"lines\":[]} x", "x:1:14", "end of file expected"},
	{"[]", "x:1:1", "an object is needed"},
	{"{}", "x:1:1", "\"lines\" is missing"},
	{"{\"lines\":[],\"lines\":[]}", "x:1:19", "duplicate object key"},
	{"{\"lines\":[],\n \"speed\":1}", "x:2:10: speed", "nobody knows this key"},
	{"{\"lines\":{}}", "x:1:10: lines", "a list is needed"},
	{"{\"lines\":[\n {\"devices\":[]}]}", "x:2:2: lines[0]", "\"transport\" is missing"},
	{"{\"lines\":[{\"transport\":\"usb\"}]}", "x:1:24: lines[0].transport", "one of these is needed: pty, tcp"},
	{"{\"lines\":[{\"transport\":\"pty\",\"port\":1}]}", "lines[0].port", "a pty has none"},
	{"{\"lines\":[{\"transport\":\"tcp\",\"path\":\"x\"}]}", "lines[0].path", "a tcp has none"},
	{"{\"lines\":[{\"transport\":\"tcp\",\"port\":65536}]}", "lines[0].port", "65536 is not in 0 to 65535"},
	{"{\"lines\":[{\"transport\":\"tcp\",\"baud\":300}]}", "lines[0].baud", "OSDP knows 9600"},
	{"{\"lines\":[{\"transport\":\"tcp\",\"baud\":\"9600\"}]}", "lines[0].baud", "a whole number is needed"},
	{LINE("{}", ""), "lines[0].devices[0]", "\"address\" is missing"},
	{LINE("{\"address\":127}", ""), "lines[0].devices[0].address", "127 is not in 0 to 126"},
	{LINE("{\"address\":-1}", ""), "lines[0].devices[0].address", "-1 is not in 0 to 126"},
	{LINE("{\"address\":1}", ""), "lines[0].devices[0]", "needs an \"scbk\""},
	{LINE("{\"address\":5," KEY "},\n" IO, ""), "x:2:12: lines[0].devices[1].address", "another device"},
	{LINE("{\"address\":1,\"scbk\":\"00\"}", ""), "devices[0].scbk", "32 lower-case hex digits"},
	{LINE("{\"address\":1,\"scbk\":\"000102030405060708090A0B0C0D0E0F\"}", ""), "devices[0].scbk",
	 "lower-case hex"},
	{LINE("{\"address\":1,\"firmware\":\"1.2\"," KEY "}", ""), "devices[0].firmware", "three numbers"},
	{LINE("{\"address\":1,\"firmware\":\"1.2.256\"," KEY "}", ""), "devices[0].firmware", "three numbers"},
	{LINE("{\"address\":1,\"install\":1}", ""), "devices[0].install", "true or false"},
	{LINE("{\"address\":1," KEY ",\"unlocks\":{\"device\":9}}", ""), "devices[0].unlocks",
	 "no device of this line"},
	{LINE("{\"address\":1," KEY ",\"capabilities\":[{\"function\":17}]}", ""), "capabilities[0].function",
	 "17 is not in"},
	{LINE("{\"address\":1," KEY ",\"receive_size\":127}", ""), "devices[0].receive_size",
	 "127 is not in 128 to 1440"},
	{LINE(IO, ",\"doors\":[{\"name\":\"a\"}]"), "lines[0].doors[0]", "\"lock\" is missing"},
	{LINE(IO, ",\"doors\":[{\"name\":\"a\",\"lock\":{\"device\":5,\"output\":2}}]"), "doors[0].lock.output",
	 "device 5 has 2 outputs"},
	{LINE(IO, ",\"doors\":[{\"name\":\"a\",\"lock\":{\"device\":6}}]"), "doors[0].lock.device",
	 "no device of this line"},
	{LINE(IO, ",\"doors\":[{\"name\":\"a\",\"lock\":{\"device\":5}},{\"name\":\"a\",\"lock\":{\"device\":5}}]"),
	 "doors[1].name", "another door"},
	{LINE(IO, ",\"doors\":[{\"name\":\"a \\\" b\",\"contact\":{\"input\":1},\"lock\":{\"device\":5}}]"),
	 "doors[0].contact", "\"device\" is missing"},
};

static void refused(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct sim_site *site = sim_site_new();
		struct err e = sim_config_read("x", span_of_string(bad[i].text), site);
		CHECK(failed(e) && strstr(err_why(), bad[i].where) && strstr(err_why(), bad[i].why), "%s: %s",
		      bad[i].where, bad[i].why);
		sim_site_free(site);
	}
}

static void taken(void)
{
	static const char text[] =
		"{\"baud\":115200,\"reply_delay_us\":500,\"seed\":7,\"lines\":["
		"{\"name\":\"north\",\"transport\":\"pty\",\"path\":\"/nowhere\",\"devices\":["
		"{\"address\":0,\"name\":\"front\",\"keypad\":true,\"vendor\":\"0a0b0c\",\"serial\":66051,\"firmware\":"
		"\"1.2.3\"," KEY ",\"unlocks\":{\"device\":5,\"output\":1},\"capabilities\":[{\"function\":4,"
		"\"compliance\":1,\"count\":9}]}," IO "],"
		"\"doors\":[{\"name\":\"front\",\"lock\":{\"device\":5,\"output\":1},\"contact\":{\"device\":5,"
		"\"input\":2},"
		"\"contact_active_when\":\"closed\"}]},"
		"{\"transport\":\"tcp\",\"baud\":9600,\"devices\":[]}]}";
	struct sim_site *site = sim_site_new();
	NEED_OK(sim_config_read("x", span_of_string(text), site), "a whole configuration is taken");
	const struct sim_line *line = site->lines[0];
	const struct sim_device *reader = line->devices[0], *io = line->devices[1];
	CHECK(site->line_count == 2 && line->device_count == 2 && line->baud == 115200 &&
		      site->lines[1]->baud == 9600 && line->reply_delay_ns == 500000,
	      "lines");
	CHECK(reader->setup.reader_count == 1 && reader->setup.keypad && reader->setup.output_count == 0 &&
		      io->setup.reader_count == 0 && io->setup.input_count == 4 && io->setup.output_count == 2,
	      "devices");
	CHECK(memcmp(reader->setup.cuid, "\x0a\x0b\x0c\x01\x01\x03\x02\x01", 8) == 0,
	      "the cUID follows from the identity");
	bool own_capability = false, security = false;
	for (size_t i = 0; i < reader->setup.capability_count; i++) {
		const struct sim_capability *c = &reader->setup.capabilities[i];
		own_capability |= c->function == 4 && c->compliance == 1 && c->count == 9;
		security |= c->function == OSDP_CAPABILITY_SECURITY && c->compliance == 1;
	}
	CHECK(own_capability && security, "capabilities, one of them overruled");
	CHECK(site->door_count == 1 && site->doors[0].lock == io && site->doors[0].lock_output == 1 &&
		      site->doors[0].contact_input == 2 && site->doors[0].contact_active_when_closed &&
		      !site->doors[0].rex,
	      "a door");
	sim_site_free(site);
}

static void kept(void)
{
	char path[] = "/tmp/sim_state_XXXXXX";
	int fd = mkstemp(path);
	NEED(fd >= 0, "a temporary file");
	close(fd);
	unlink(path);
	struct sim_site *site = sim_site_new();
	NEED_OK(sim_config_read("x", span_of_string(LINE(IO, "")), site), "a configuration");
	snprintf(site->state_path, sizeof site->state_path, "%s", path);
	CHECK_OK(sim_state_load(site), "no state yet is no error");
	struct sim_device *device = site->lines[0]->devices[0];
	memset(device->scbk, 0x77, sizeof device->scbk);
	device->address = 9;
	device->baud = 19200;
	CHECK_OK(sim_state_save(site), "saved");
	memset(device->scbk, 0, sizeof device->scbk);
	device->address = 5;
	device->baud = 0;
	CHECK_OK(sim_state_load(site), "loaded");
	CHECK(device->scbk[15] == 0x77 && device->address == 9 && device->baud == 19200,
	      "key, address and speed are back");
	FILE *file = fopen(path, "w");
	NEED(file && fputs("{\"devices\":[{\"line\":0,\"device\":5,\"baud\":true}]}", file) >= 0 && fclose(file) == 0,
	     "spoilt");
	CHECK_FAILS(sim_state_load(site), ERR_INVALID, "devices[0].baud: a whole number", "a spoilt state is refused");
	unlink(path);
	sim_site_free(site);
}

static const struct {
	const char *order, *answer;
} orders[] = {
	{"{\"command\":\"swipe\",\"device\":5,\"bits\":\"80\"}", "this device has no reader 0"},
	{"{\"command\":\"swipe\",\"device\":1,\"bits\":\"8080\",\"bit_count\":8}", "8 bits do not fit 2 bytes"},
	{"{\"command\":\"swipe\",\"device\":1,\"bits\":\"8080\",\"bit_count\":10,\"tag\":\"t1\"}",
	 "\"tag\":\"t1\",\"swipe\":1,\"ok\":true"},
	{"{\"command\":\"swipe\",\"device\":1,\"h10301\":{\"facility\":256}}", "256 is not in 0 to 255"},
	{"{\"command\":\"swipe\",\"device\":7,\"bits\":\"80\"}", "no such device"},
	{"{\"command\":\"swipe\",\"device\":\"gate\",\"bits\":\"80\"}", "\"swipe\":2,\"ok\":true"},
	{"{\"command\":\"keys\",\"device\":1,\"digits\":\"12x\"}", "no keypad has the key 78"},
	{"{\"command\":\"fault\",\"device\":1,\"kind\":\"rust\"}", "no such fault: rust"},
	{"{\"command\":\"fault\",\"device\":1,\"kind\":\"noise\",\"count\":2}", "\"ok\":true"},
	{"{\"command\":\"door\",\"door\":\"front\",\"action\":\"open\"}", "the door front is locked"},
	{"{\"command\":\"door\",\"door\":\"back\",\"action\":\"open\"}", "no such door"},
	{"{\"command\":\"dance\"}", "nobody knows the command"},
	{"{\"command\":\"tamper\",\"device\":1,\"loud\":true}", "nobody knows this key"},
	{"{\"wait_ms\":20}", "\"answer\":\"wait\",\"ok\":true"},
	{"{\"command\":", "command:1:"},
	{"[]", "an object is needed"},
};

static void ordered(void)
{
	static const char text[] = LINE("{\"address\":1,\"name\":\"gate\",\"keypad\":true," KEY "}," IO,
					",\"doors\":[{\"name\":\"front\",\"lock\":{\"device\":5}}]");
	struct sim_site *site = sim_site_new();
	NEED_OK(sim_config_read("x", span_of_string(text), site), "a configuration");
	site->publish = ignore;
	sim_site_start(site, 1);
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		struct sim_news answer;
		struct sim_order_effect effect;
		sim_order_run(site, span_of_string(orders[i].order), 1, &answer, &effect);
		char said[SIM_NEWS_SIZE_MAX];
		snprintf(said, sizeof said, "%.*s", SPAN_ARGS(sim_news_end(&answer)));
		CHECK(strstr(said, orders[i].answer) != NULL, "%s", orders[i].order);
	}
	sim_site_free(site);
}

int main(void)
{
	refused();
	taken();
	kept();
	ordered();
	return tap_finish();
}
