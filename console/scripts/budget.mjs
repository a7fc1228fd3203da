/* The console's budget, in kB of 1,000 bytes after brotli. Prints `name value unit` lines; over budget, the build fails. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const chunks = JSON.parse(await readFile(join(dist, '.vite/manifest.json'), 'utf8'));
const sizes = new Map(JSON.parse(await readFile(join(dist, 'manifest.json'), 'utf8')).map((one) => [one.path, one.brotli_size]));

const BUDGET = { first_js: 60, css: 12, locale: 15, route: 35, all: 600 };

/* A chunk and everything it cannot start without. */
function closure(key, seen = new Set()) {
	if (seen.has(key)) return seen;
	seen.add(key);
	for (const next of chunks[key].imports ?? []) closure(next, seen);
	return seen;
}

const sum = (paths) => [...new Set(paths)].reduce((all, path) => all + (sizes.get(path) ?? 0), 0);
const js = (keys) => [...keys].map((key) => chunks[key].file).filter((file) => file.endsWith('.js'));
const css = (keys) => [...keys].flatMap((key) => chunks[key].css ?? []);

const entry = Object.keys(chunks).find((key) => chunks[key].isEntry);
const first = closure(entry);
const rest = (key) => [...closure(key)].filter((one) => !first.has(one));

const figures = [
	['first_js', sum(js(first)), BUDGET.first_js],
	['css', sum(css(first)), BUDGET.css],
];
for (const key of Object.keys(chunks).sort()) {
	const name = chunks[key].src ?? key;
	const locale = /locales\/(\w+)\.ts$/.exec(name);
	const page = /pages\/(\w+)\.svelte$/.exec(name);
	if (locale) figures.push([`locale_${locale[1]}`, sum(js(rest(key))), BUDGET.locale]);
	else if (page && chunks[key].isDynamicEntry) figures.push([`route_${page[1].toLowerCase()}`, sum([...js(rest(key)), ...css(rest(key))]), BUDGET.route]);
}
/* The largest of each kind is what the budget is about. */
for (const kind of ['locale', 'route']) figures.push([kind, Math.max(...figures.filter(([name]) => name.startsWith(`${kind}_`)).map(([, size]) => size)), BUDGET[kind]]);
figures.push(['all', [...sizes.values()].reduce((all, size) => all + size, 0), BUDGET.all]);

let over = 0;
for (const [name, bytes, most] of figures) {
	const kb = bytes / 1000;
	const bad = kb > most;
	if (bad) over++;
	console.log(`console.${name}_kb ${kb.toFixed(1)} kB`);
	if (bad) console.error(`console.${name}_kb is over its budget of ${most} kB`);
}
if (over > 0) process.exitCode = 1;
