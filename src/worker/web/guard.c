#include "worker/web/guard.h"

enum { WEB_TOKEN_TEXT_SIZE = 43 }; /* 32 bytes in base64url without padding */

bool web_guard_host(const struct web_hosts *hosts, const struct web_head *head)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (web_head_equal_word(head->host, span_of_string(hosts->names[i])))
			return true;
	return false;
}

bool web_guard_origin(const struct web_head *head)
{
	static const char scheme[] = "https://";
	struct span origin = web_head_value(head, "origin");
	if (origin.size < sizeof scheme || memcmp(origin.at, scheme, sizeof scheme - 1) != 0)
		return false;
	return web_head_equal_word((struct span){origin.at + sizeof scheme - 1, origin.size - (sizeof scheme - 1)},
				   head->host);
}

bool web_guard_site(const struct web_head *head)
{
	struct span site = web_head_value(head, "sec-fetch-site");
	return !web_head_has(head, "sec-fetch-site") || span_is(site, "same-origin") || span_is(site, "none");
}

/* base64url without padding to the bytes. */
static bool read_token(struct span text, uint8_t ret_token[WEB_TOKEN_SIZE])
{
	uint8_t padded[WEB_TOKEN_TEXT_SIZE + 1];
	size_t size = 0;
	if (text.size != WEB_TOKEN_TEXT_SIZE)
		return false;
	bool clean = true;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.at[i];
		clean &= c != '+' && c != '/';
		padded[i] = c == '-' ? '+' : c == '_' ? '/' : c;
	}
	padded[WEB_TOKEN_TEXT_SIZE] = '=';
	bool good = clean && !failed(base64_read(SPAN_OF(padded), ret_token, WEB_TOKEN_SIZE, &size)) &&
		    size == WEB_TOKEN_SIZE;
	wipe(padded, sizeof padded);
	return good;
}

bool web_guard_token(const struct web_head *head, uint8_t ret_token[WEB_TOKEN_SIZE])
{
	static const char name[] = WEB_COOKIE_NAME "=";
	struct span cookies = web_head_value(head, "cookie");
	struct span found = {0};
	size_t count = 0;
	while (cookies.size > 0) {
		size_t size = 0;
		while (size < cookies.size && cookies.at[size] != ';')
			size++;
		struct span one = {cookies.at, size};
		while (one.size > 0 && one.at[0] == ' ')
			one = (struct span){one.at + 1, one.size - 1};
		if (one.size >= sizeof name - 1 && memcmp(one.at, name, sizeof name - 1) == 0 && count++ == 0)
			found = (struct span){one.at + sizeof name - 1, one.size - (sizeof name - 1)};
		size_t used = size < cookies.size ? size + 1 : size;
		cookies = (struct span){cookies.at + used, cookies.size - used};
	}
	return count == 1 && read_token(found, ret_token);
}

bool web_guard_bearer(const struct web_head *head, struct span token)
{
	static const char scheme[] = "Bearer ";
	struct span said = web_head_value(head, "authorization");
	if (token.size == 0 || said.size < sizeof scheme - 1 ||
	    !web_head_equal_word((struct span){said.at, sizeof scheme - 1}, SPAN_TEXT("bearer ")))
		return false;
	return span_equal_secret((struct span){said.at + sizeof scheme - 1, said.size - (sizeof scheme - 1)}, token);
}

/* A browser keeps this for every port of the name; on the machine itself that would reach other people's servers. */
static bool is_own_machine(struct span host)
{
	size_t size = 0;
	while (size < host.size && host.at[size] != ':')
		size++;
	return web_head_equal_word((struct span){host.at, size}, SPAN_TEXT("localhost"));
}

void web_guard_fields(struct sink *s, const struct web_head *head, bool page)
{
	sink_text(s, page ? "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
			    "img-src 'self' blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; "
			    "manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; "
			    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html\r\n"
			  : "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'\r\n");
	sink_text(s, "X-Content-Type-Options: nosniff\r\n"
		     "X-Frame-Options: DENY\r\n"
		     "Referrer-Policy: no-referrer\r\n"
		     "Cross-Origin-Opener-Policy: same-origin\r\n"
		     "Cross-Origin-Resource-Policy: same-origin\r\n");
	if (page)
		sink_text(s, "Permissions-Policy: accelerometer=(), browsing-topics=(), camera=(), display-capture=(), "
			     "geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), "
			     "publickey-credentials-get=(self), screen-wake-lock=(self), usb=()\r\n");
	if (head && !is_own_machine(head->host))
		sink_text(s, "Strict-Transport-Security: max-age=31536000\r\n");
}

void web_guard_cookie(struct sink *s, struct span token)
{
	uint8_t text[WEB_TOKEN_TEXT_SIZE + 1];
	struct sink t = SINK_OF(text);
	REQUIRE(token.size == WEB_TOKEN_SIZE || token.size == 0);
	sink_base64(&t, token);
	sink_text(s, "Set-Cookie: " WEB_COOKIE_NAME "=");
	for (size_t i = 0; i < t.size && text[i] != '='; i++)
		sink_u8(s, text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
	sink_text(s, "; Path=/; Secure; HttpOnly; SameSite=Strict");
	sink_text(s, token.size > 0 ? "\r\n" : "; Max-Age=0\r\n");
	wipe(text, sizeof text);
}
