/* Finishes a build: the licences of what is inside, a .br beside each asset, and dist/manifest.json for the server,
 * which links every file named there into its binary. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const console_ = fileURLToPath(new URL('..', import.meta.url));
const dist = join(console_, 'dist');

const TYPES = {
	'.html': 'text/html; charset=utf-8',
	'.js': 'text/javascript; charset=utf-8',
	'.css': 'text/css; charset=utf-8',
	'.svg': 'image/svg+xml',
	'.woff2': 'font/woff2',
	'.txt': 'text/plain; charset=utf-8',
};

const SHIPPED = ['svelte', '@noble/ed25519', '@noble/hashes', 'lucide-static', '@fontsource-variable/ibm-plex-sans', '@fontsource/ibm-plex-sans-arabic'];

async function licences() {
	const texts = [];
	for (const name of SHIPPED) {
		const folder = join(console_, 'node_modules', name);
		const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
		if (file === undefined) throw new Error(`${name} has no licence file`);
		const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
		texts.push(`${name} ${version}\n\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`);
	}
	await writeFile(join(dist, 'licences.txt'), texts.join(`\n${'-'.repeat(78)}\n\n`));
}

async function files(folder) {
	const found = [];
	for (const entry of await readdir(folder, { withFileTypes: true })) {
		if (entry.name.startsWith('.')) continue;
		const path = join(folder, entry.name);
		if (entry.isDirectory()) found.push(...(await files(path)));
		else found.push(path);
	}
	return found.sort();
}

/* Fonts gain nothing (a woff2 is brotli inside), but a server that always finds a .br has one rule less. */
function brotli(bytes) {
	return brotliCompressSync(bytes, {
		params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
	});
}

await licences();
for (const path of await files(dist)) if (path.endsWith('.br') || path === join(dist, 'manifest.json')) await rm(path);

const listed = [];
for (const path of await files(dist)) {
	const type = TYPES[extname(path)];
	if (type === undefined) throw new Error(`no media type for ${path}`);
	const bytes = await readFile(path);
	const small = brotli(bytes);
	await writeFile(`${path}.br`, small);
	listed.push({
		path: relative(dist, path),
		type,
		size: bytes.length,
		brotli_size: small.length,
		immutable: /^assets\/.+-[\w-]{8}\.\w+$/.test(relative(dist, path)),
	});
}
await writeFile(join(dist, 'manifest.json'), `${JSON.stringify(listed, null, '\t')}\n`);
