#include "worker/web/head.h"

/* Fields that may stand only once. A second one is how two readers are made to disagree. */
static const char *const head_single[] = {
	"host",          "content-length",    "content-type",          "origin",         "cookie",
	"authorization", "sec-websocket-key", "sec-websocket-version", "sec-fetch-site", "if-none-match",
	"expect",        "upgrade",
};

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool web_head_equal_word(struct span a, struct span b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	return true;
}

size_t web_head_size(struct span bytes)
{
	for (size_t i = 3; i < bytes.size; i++)
		if (bytes.at[i] == '\n' && bytes.at[i - 1] == '\r' && bytes.at[i - 2] == '\n' &&
		    bytes.at[i - 3] == '\r')
			return i + 1;
	return 0;
}

/* RFC 9110 5.6.2 */
static bool is_token_byte(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static struct web_head_refusal refuse(uint32_t status, const char *why)
{
	return (struct web_head_refusal){status, why};
}

static const struct web_head_refusal good = {0, ""};

/* One line without its CR LF, which must be exactly that. */
static bool take_line(struct cursor *c, struct span *ret_line)
{
	const uint8_t *start = c->at;
	while (c->at < c->end && *c->at != '\r' && *c->at != '\n')
		c->at++;
	if (c->end - c->at < 2 || c->at[0] != '\r' || c->at[1] != '\n')
		return false;
	*ret_line = (struct span){start, (size_t)(c->at - start)};
	c->at += 2;
	return true;
}

static struct span take_token(struct span *line)
{
	size_t size = 0;
	while (size < line->size && is_token_byte(line->at[size]))
		size++;
	struct span token = {line->at, size};
	*line = (struct span){line->at + size, line->size - size};
	return token;
}

static bool take_byte(struct span *line, uint8_t byte)
{
	if (line->size == 0 || line->at[0] != byte)
		return false;
	*line = (struct span){line->at + 1, line->size - 1};
	return true;
}

static enum web_head_method method_of(struct span word)
{
	static const struct {
		const char *word;
		enum web_head_method method;
	} methods[] = {
		{"GET", WEB_HEAD_METHOD_GET},
		{"HEAD", WEB_HEAD_METHOD_HEAD},
		{"POST", WEB_HEAD_METHOD_POST},
		{"DELETE", WEB_HEAD_METHOD_DELETE},
	};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (span_is(word, methods[i].word))
			return methods[i].method;
	return WEB_HEAD_METHOD_OTHER;
}

/* Only a path of our own: no other server's address, no "*", no fragment. */
static struct web_head_refusal read_target(struct span target, struct web_head *head)
{
	if (target.size > WEB_HEAD_TARGET_SIZE_MAX)
		return refuse(414, "the address is too long");
	if (target.size == 0 || target.at[0] != '/')
		return refuse(400, "the request line does not name a path");
	size_t path_size = target.size;
	for (size_t i = 0; i < target.size; i++) {
		uint8_t c = target.at[i];
		if (c <= 0x20 || c >= 0x7F || c == '#' || c == '"' || c == '<' || c == '>' || c == '\\')
			return refuse(400, "the address holds a byte that belongs in none");
		if (c == '?' && path_size == target.size)
			path_size = i;
	}
	head->path = (struct span){target.at, path_size};
	if (path_size < target.size)
		head->query = (struct span){target.at + path_size + 1, target.size - path_size - 1};
	return good;
}

static struct web_head_refusal read_request_line(struct span line, struct web_head *head)
{
	struct span method = take_token(&line);
	if (method.size == 0 || method.size > 32 || !take_byte(&line, ' '))
		return refuse(400, "the request line is malformed");
	head->method = method_of(method);
	size_t size = 0;
	while (size < line.size && line.at[size] != ' ')
		size++;
	struct web_head_refusal refusal = read_target((struct span){line.at, size}, head);
	if (refusal.status != 0)
		return refusal;
	line = (struct span){line.at + size, line.size - size};
	if (!take_byte(&line, ' ') || line.size != 8 || memcmp(line.at, "HTTP/", 5) != 0 || line.at[6] != '.')
		return refuse(400, "the request line is malformed");
	if (line.at[5] != '1' || (line.at[7] != '0' && line.at[7] != '1'))
		return refuse(505, "only HTTP/1.1 is spoken here");
	head->chunks = line.at[7] == '1';
	head->keep_alive = head->chunks;
	return good;
}

static struct span trimmed(struct span text)
{
	while (text.size > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
		text = (struct span){text.at + 1, text.size - 1};
	while (text.size > 0 && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t'))
		text.size--;
	return text;
}

static struct web_head_refusal read_field(struct span line, struct web_head *head)
{
	if (head->field_count == WEB_HEAD_FIELDS_MAX)
		return refuse(431, "too many header fields");
	struct span name = take_token(&line);
	if (name.size == 0 || !take_byte(&line, ':'))
		return refuse(400, "a header field is malformed");
	struct span value = trimmed(line);
	for (size_t i = 0; i < value.size; i++)
		if ((value.at[i] < 0x20 && value.at[i] != '\t') || value.at[i] == 0x7F)
			return refuse(400, "a header field holds a control character");
	head->fields[head->field_count++] = (struct web_head_field){name, value};
	return good;
}

/* The first field of this name and how many there are. */
static size_t count_fields(const struct web_head *head, const char *name, struct span *ret_first)
{
	size_t count = 0;
	for (size_t i = 0; i < head->field_count; i++)
		if (web_head_equal_word(head->fields[i].name, span_of_string(name)) && count++ == 0)
			*ret_first = head->fields[i].value;
	return count;
}

struct span web_head_value(const struct web_head *head, const char *name)
{
	struct span value = {0};
	(void)count_fields(head, name, &value);
	return value;
}

bool web_head_has(const struct web_head *head, const char *name)
{
	struct span value;
	return count_fields(head, name, &value) > 0;
}

static bool list_holds(struct span list, struct span word)
{
	while (list.size > 0) {
		size_t size = 0;
		while (size < list.size && list.at[size] != ',')
			size++;
		if (web_head_equal_word(trimmed((struct span){list.at, size}), word))
			return true;
		size_t used = size < list.size ? size + 1 : size;
		list = (struct span){list.at + used, list.size - used};
	}
	return false;
}

bool web_head_lists(const struct web_head *head, const char *name, const char *word)
{
	for (size_t i = 0; i < head->field_count; i++)
		if (web_head_equal_word(head->fields[i].name, span_of_string(name)) &&
		    list_holds(head->fields[i].value, span_of_string(word)))
			return true;
	return false;
}

/* How long is the body? Only a plain length says it. */
static struct web_head_refusal read_body_size(struct web_head *head)
{
	bool has_length = web_head_has(head, "content-length");
	if (web_head_has(head, "transfer-encoding"))
		return has_length ? refuse(400, "the body's length is said in two ways")
				  : refuse(411, "say the body's length; chunks are not taken");
	if (has_length && failed(decimal_read(web_head_value(head, "content-length"), UINT32_MAX, &head->body_size)))
		return refuse(400, "the body's length is malformed");
	return good;
}

static struct web_head_refusal read_meaning(struct web_head *head)
{
	struct span ignored;
	for (size_t i = 0; i < sizeof head_single / sizeof *head_single; i++)
		if (count_fields(head, head_single[i], &ignored) > 1)
			return refuse(400, "a header field stands there twice that may stand once");
	head->host = web_head_value(head, "host");
	if (head->host.size == 0)
		return refuse(400, "the request does not name its host");
	struct web_head_refusal refusal = read_body_size(head);
	if (refusal.status != 0)
		return refusal;
	if (web_head_lists(head, "connection", "close"))
		head->keep_alive = false;
	else if (web_head_lists(head, "connection", "keep-alive"))
		head->keep_alive = true;
	if (web_head_has(head, "expect")) {
		if (!web_head_equal_word(web_head_value(head, "expect"), SPAN_TEXT("100-continue")))
			return refuse(417, "an expectation that is not known here");
		head->expects_continue = head->chunks;
	}
	head->upgrades = head->chunks && web_head_lists(head, "connection", "upgrade") &&
			 web_head_equal_word(web_head_value(head, "upgrade"), SPAN_TEXT("websocket"));
	return good;
}

struct web_head_refusal web_head_read(struct span bytes, struct web_head *ret_head)
{
	struct web_head head;
	head.field_count = 0;
	head.body_size = 0;
	head.query = (struct span){0};
	head.expects_continue = false;
	struct cursor c = cursor_of(bytes);
	struct span line;
	if (bytes.size > WEB_HEAD_SIZE_MAX)
		return refuse(431, "the request's head is too long");
	if (!take_line(&c, &line))
		return refuse(400, "a line does not end as it must");
	struct web_head_refusal refusal = read_request_line(line, &head);
	while (refusal.status == 0) {
		if (!take_line(&c, &line))
			return refuse(400, "a line does not end as it must");
		if (line.size == 0)
			break;
		refusal = read_field(line, &head);
	}
	if (refusal.status == 0 && c.at != c.end)
		refusal = refuse(400, "the request's head is malformed");
	if (refusal.status == 0)
		refusal = read_meaning(&head);
	if (refusal.status == 0)
		*ret_head = head;
	return refusal;
}
