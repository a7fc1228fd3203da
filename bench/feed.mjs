/* bench/feed.mjs - from an entry to its picture: how long until an operator can see what happened.
 *
 * `legation demo` runs its embassy; a headless Chromium signs in with the demo's one-time link and watches the page Watch. For
 * each entry that comes, the clock starts at the entry's own time, which core takes before it writes anything, and so
 * before the commit, and stops after the frame in which the entry's line was painted: a MutationObserver sees the line come,
 * the next animation frame draws it, and a message queued in that frame is delivered behind the drawing. Both clocks are
 * this machine's wall clock.
 *
 * The floor is the browser's own: the same path from a line that the page itself puts into the list to the same message.
 * What is between the two is commit, core, web, TLS, WebSocket and the console's code.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = resolve(process.env.BUILD ?? join(root, 'build'));
const { chromium } = createRequire(join(root, 'console/package.json'))('playwright-core');

const WATCH_S = Number(process.env.WATCH_S ?? 90);
const FLOOR_SAMPLES = 200;
const WAIT_MS = 30_000;
const ENTRIES_AT_ONCE = 500;
const ENTRIES_MIN = 100;
const PASSWORD = 'a long enough sentence for a bench';

function fail(why) {
	console.error(`bench: ${why}`);
	process.exit(1);
}

function percentile(samples, percent) {
	const sorted = [...samples].sort((a, b) => a - b);
	return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}

const figure = (name, value, unit = 'ms') => console.log(`${name} ${value.toFixed(value < 10 ? 2 : 1)} ${unit}`);

/* ---- the embassy ---- */

async function startDemo(folder) {
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	const demo = spawn(join(build, 'legation'), ['demo', '--dir', folder, '--listen', '127.0.0.1:0'], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	process.on('exit', () => demo.kill('SIGTERM'));
	let said = '';
	const link = await new Promise((found, lost) => {
		demo.stdout.on('data', (text) => {
			said += text;
			const link = /https:\/\/\S+\n/.exec(said);
			if (link) found(link[0].trim());
		});
		demo.on('exit', () => lost(new Error('the demo ended')));
	});
	const ended = new Promise((over) => demo.on('exit', over));
	return {
		link,
		stop: () => {
			demo.kill('SIGTERM');
			return ended;
		},
	};
}

/* ---- the operator ---- */

async function signIn(browser, link) {
	const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, ignoreHTTPSErrors: true });
	const page = await context.newPage();
	await page.goto(link);
	await page.waitForSelector('input[name=password]', { timeout: WAIT_MS });
	await page.fill('input[name=username]', 'duty.officer');
	await page.fill('input[name=password]', PASSWORD);
	await page.keyboard.press('Enter');
	await page.waitForSelector('.watch .feed a', { timeout: WAIT_MS });
	await page.waitForSelector('.connection.live', { timeout: WAIT_MS });
	return page;
}

/* Runs in the page: note when each new line of the feed has been painted. */
function watch() {
	const list = document.querySelector('.feed ol');
	const painted = new Map();
	const seen = new Set([...list.querySelectorAll('a')].map((line) => line.getAttribute('href')));
	let waiting = [];
	const channel = new MessageChannel();
	channel.port1.onmessage = () => {
		const now = Date.now();
		for (const href of waiting) painted.set(href, now);
		waiting = [];
	};
	new MutationObserver(() => {
		const fresh = [];
		for (const line of list.querySelectorAll('a')) {
			const href = line.getAttribute('href');
			if (seen.has(href)) continue;
			seen.add(href);
			fresh.push(href);
		}
		if (fresh.length === 0) return;
		requestAnimationFrame(() => {
			waiting.push(...fresh);
			channel.port2.postMessage(0);
		});
	}).observe(list, { childList: true, subtree: true, attributes: true, attributeFilter: ['href'] });
	globalThis.benchPainted = painted;
}

/* Runs in the page: the same way for a line of the page's own. */
async function ownPaint(count) {
	const took = [];
	const place = document.createElement('div');
	document.body.append(place);
	for (let i = 0; i < count; i++) {
		await new Promise((next) => setTimeout(next, 20 + Math.random() * 30));
		const start = performance.now();
		await new Promise((done) => {
			const channel = new MessageChannel();
			channel.port1.onmessage = done;
			const observer = new MutationObserver(() => {
				observer.disconnect();
				requestAnimationFrame(() => channel.port2.postMessage(0));
			});
			observer.observe(place, { childList: true });
			const line = document.createElement('p');
			line.textContent = `line ${i}`;
			place.replaceChildren(line);
		});
		took.push(performance.now() - start);
	}
	place.remove();
	return took;
}

/* Runs in the page: the times of the entries, as the ledger has them. */
async function entryTimes({ from, limit }) {
	const answer = await fetch(`/api/ledger?upward=true&from=${from}&limit=${limit}`);
	if (!answer.ok) throw new Error(`the ledger answers ${answer.status}`);
	const { entries } = await answer.json();
	return entries.map(({ line }) => {
		const { seq, time } = JSON.parse(line);
		return [seq, time];
	});
}

async function latencies(page) {
	const painted = (await page.evaluate(() => [...globalThis.benchPainted])).map(([href, at]) => [Number(/(\d+)$/.exec(href)[1]), at]);
	const times = new Map();
	let from = Math.min(...painted.map(([seq]) => seq));
	const last = Math.max(...painted.map(([seq]) => seq));
	while (from <= last) {
		const part = await page.evaluate(entryTimes, { from, limit: ENTRIES_AT_ONCE });
		if (part.length === 0) break;
		for (const [seq, time] of part) times.set(seq, Date.parse(`${time.slice(0, 23)}Z`));
		from = part[part.length - 1][0] + 1;
	}
	return painted.map(([seq, at]) => at - (times.get(seq) ?? fail(`entry ${seq} is not in the ledger`)));
}

/* ---- together ---- */

const folder = join(build, 'bench', 'data', 'feed');
if (!existsSync(join(build, 'legation'))) fail(`${build}/legation: build it first`);
const demo = await startDemo(folder);
const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-gpu'],
});
const page = await signIn(browser, demo.link);
const before = await page.evaluate(ownPaint, FLOOR_SAMPLES);
await page.evaluate(watch);
await page.waitForTimeout(WATCH_S * 1000);
const samples = await latencies(page);
const after = await page.evaluate(ownPaint, FLOOR_SAMPLES);
await browser.close();
await demo.stop();
if (samples.length < ENTRIES_MIN) fail(`only ${samples.length} entries came in ${WATCH_S} s; see ${folder}`);

console.log(`${samples.length} entries in ${WATCH_S} s; the longest took ${Math.max(...samples)} ms`);
figure('feed.p50_ms', percentile(samples, 50));
figure('feed.p99_ms', percentile(samples, 99));
figure('feed.floor_p50_ms', percentile([...before, ...after], 50));
figure('feed.floor_p99_ms', percentile([...before, ...after], 99));
rmSync(folder, { recursive: true, force: true });
process.exit(0);
