#include "worker/web/assets.h"

#include <brotli/decode.h>
#include <stdlib.h>

struct kept {
	struct web_bytes *as_is;
	struct web_bytes *unpacked;
};

struct web_assets {
	const struct web_asset *table;
	size_t count;
	struct kept *kept; /* beside each row */
};

struct web_assets *web_assets_new(const struct web_asset *table, size_t count)
{
	struct web_assets *assets = calloc(1, sizeof *assets);
	ENSURE(assets);
	assets->table = table;
	assets->count = count;
	assets->kept = calloc(count + 1, sizeof *assets->kept);
	ENSURE(assets->kept);
	return assets;
}

struct web_assets *web_assets_free(struct web_assets *assets)
{
	if (!assets)
		return NULL;
	for (size_t i = 0; i < assets->count; i++) {
		(void)web_bytes_free(assets->kept[i].as_is);
		(void)web_bytes_free(assets->kept[i].unpacked);
	}
	free(assets->kept);
	free(assets);
	return NULL;
}

static const struct web_asset *by_path(const struct web_assets *assets, struct span path)
{
	for (size_t i = 0; i < assets->count; i++)
		if (span_is(path, assets->table[i].path))
			return &assets->table[i];
	return NULL;
}

/* "/assets/main.js" is a file's name, "/doors/7" is a page's. */
static bool names_file(struct span path)
{
	bool dot = false;
	for (size_t i = 0; i < path.size; i++)
		dot = path.at[i] == '.' || (dot && path.at[i] != '/');
	return dot;
}

const struct web_asset *web_assets_find(const struct web_assets *assets, struct span path)
{
	const struct web_asset *asset = by_path(assets, path);
	if (!asset && !names_file(path))
		asset = by_path(assets, SPAN_TEXT("/index.html"));
	return asset;
}

static struct web_bytes *unpack(const struct web_asset *asset)
{
	size_t size = asset->plain_size;
	if (size > WEB_ASSET_SIZE_MAX)
		return NULL;
	struct web_bytes *plain = web_bytes_new(size);
	if (BrotliDecoderDecompress(asset->size, asset->at, &size, plain->own) != BROTLI_DECODER_RESULT_SUCCESS ||
	    size != asset->plain_size)
		return web_bytes_free(plain);
	return plain;
}

struct web_bytes *web_assets_bytes(struct web_assets *assets, const struct web_asset *asset, bool takes_brotli,
				   bool *ret_packed)
{
	struct kept *kept = &assets->kept[asset - assets->table];
	*ret_packed = asset->brotli && takes_brotli;
	if (asset->brotli && !takes_brotli) {
		if (!kept->unpacked)
			kept->unpacked = unpack(asset);
		return kept->unpacked;
	}
	if (!kept->as_is)
		kept->as_is = web_bytes_fixed((struct span){asset->at, asset->size});
	return kept->as_is;
}

bool web_assets_takes_brotli(const struct web_head *head)
{
	/* "br", or "br;q=0.8"; "br;q=0" says no, and nobody says it. */
	struct span value = web_head_value(head, "accept-encoding");
	for (size_t i = 0; i + 2 <= value.size; i++) {
		bool starts = i == 0 || value.at[i - 1] == ' ' || value.at[i - 1] == ',';
		bool ends = i + 2 == value.size || value.at[i + 2] == ',' || value.at[i + 2] == ';' ||
			    value.at[i + 2] == ' ';
		if (!starts || !ends || value.at[i] != 'b' || value.at[i + 1] != 'r')
			continue;
		struct span rest = {value.at + i + 2, value.size - i - 2};
		return !(rest.size >= 4 && memcmp(rest.at, ";q=0", 4) == 0 &&
			 (rest.size == 4 || rest.at[4] == ',' || rest.at[4] == ' '));
	}
	return false;
}
