/* bench/console.mjs - what a browser must fetch, in kB of 1,000 bytes after brotli.
 *
 * Reads console/dist, which the build links into the program: Vite's own manifest says what needs what, and the files that
 * lie there say how large they are. A page's figure is what it adds to what is already loaded; of pages and locales the
 * largest counts. The limits are those of the console's own budget, which also fails its build.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../console/dist', import.meta.url));
const chunks = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const listed = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'));

const size = (path) => statSync(join(dist, `${path}.br`)).size;
const sum = (paths) => [...new Set(paths)].reduce((all, path) => all + size(path), 0);

/* A chunk and all that it cannot start without. */
function needs(key, seen = new Set()) {
	if (!seen.has(key)) {
		seen.add(key);
		for (const next of chunks[key].imports ?? []) needs(next, seen);
	}
	return seen;
}

const js = (keys) => [...keys].map((key) => chunks[key].file).filter((path) => path.endsWith('.js'));
const css = (keys) => [...keys].flatMap((key) => chunks[key].css ?? []);

const entry = Object.keys(chunks).find((key) => chunks[key].isEntry);
const first = needs(entry);
const added = (key) => [...needs(key)].filter((one) => !first.has(one));
const lazy = Object.keys(chunks).filter((key) => chunks[key].isDynamicEntry);
const locales = lazy.filter((key) => /locales\/\w+\.ts$/.test(key));
const pages = lazy.filter((key) => /pages\/\w+\.svelte$/.test(key));

for (const { path, brotli_size } of listed)
	if (size(path) !== brotli_size) {
		console.error(`bench: ${path} has ${size(path)} bytes, and the manifest says ${brotli_size}`);
		process.exit(1);
	}
const strangers = readdirSync(join(dist, 'assets')).filter((name) => !name.endsWith('.br') && !listed.some(({ path }) => path === `assets/${name}`));
if (strangers.length > 0 || locales.length === 0 || pages.length === 0) {
	console.error(`bench: the manifest does not fit what is there: ${strangers.join(' ')}`);
	process.exit(1);
}

const figure = (name, bytes) => console.log(`console.${name}_kb ${(bytes / 1000).toFixed(1)} kB`);
const say = (key, bytes) => console.log(`${key}: ${(bytes / 1000).toFixed(1)} kB`);
const ofLocale = (key) => sum(js(added(key)));
const ofPage = (key) => sum([...js(added(key)), ...css(added(key))]);

for (const key of locales) say(key, ofLocale(key));
for (const key of pages) say(key, ofPage(key));
figure('first_js', sum(js(first)));
figure('css', sum(css(first)));
figure('locale', Math.max(...locales.map(ofLocale)));
figure('route', Math.max(...pages.map(ofPage)));
figure('all', sum(listed.map(({ path }) => path)));
