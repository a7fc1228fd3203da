#include "worker/web/bytes.h"

#include <stdlib.h>

struct web_bytes *web_bytes_new(size_t size)
{
	struct web_bytes *bytes = malloc(sizeof *bytes + size);
	ENSURE(bytes);
	bytes->holders = 1;
	bytes->at = bytes->own;
	bytes->size = size;
	return bytes;
}

struct web_bytes *web_bytes_copy(struct span from)
{
	struct web_bytes *bytes = web_bytes_new(from.size);
	if (from.size > 0)
		memcpy(bytes->own, from.at, from.size);
	return bytes;
}

struct web_bytes *web_bytes_fixed(struct span from)
{
	struct web_bytes *bytes = web_bytes_new(0);
	bytes->at = from.at;
	bytes->size = from.size;
	return bytes;
}

struct web_bytes *web_bytes_hold(struct web_bytes *bytes)
{
	REQUIRE(bytes->holders > 0 && bytes->holders < UINT32_MAX);
	bytes->holders++;
	return bytes;
}

struct web_bytes *web_bytes_free(struct web_bytes *bytes)
{
	if (!bytes || --bytes->holders > 0)
		return NULL;
	if (bytes->at == bytes->own)
		wipe(bytes->own, bytes->size); /* a cookie may have been among them */
	free(bytes);
	return NULL;
}
