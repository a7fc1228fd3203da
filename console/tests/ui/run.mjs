/* tests/ui/run.mjs - every main path and every page of the console in a real browser, as TAP.
 *
 *   npm run ui                                                    starts the demo of ../build/legation (or of LEGATION)
 *   BASE_URL=https://… LINK=https://…/#/welcome/…  npm run ui     against a running post: LINK is its one-time link
 *   BASE_URL=… NAME=… PASSWORD=… npm run ui                       or somebody who may sign in already
 *
 * Screenshots go to SHOTS. With CHROMIUM another browser than Debian's can be named. What has to stop the server or put
 * an older ledger back is skipped against a post that was not started here.
 */
import { axe, openBrowser, openPage, shoot } from './look.mjs';
import { TestPost } from './post.mjs';

let post;
let base = process.env.BASE_URL;
let link = process.env.LINK ?? '';
if (base === undefined && link === '') {
	if (!TestPost.exists()) {
		console.log('1..0 # SKIP there is no build/legation, and neither BASE_URL nor LINK is set');
		process.exit(0);
	}
	post = new TestPost();
	link = await post.startDemo();
}
base ??= new URL(link).origin;
base = base.replace(/\/$/, '');
const name = process.env.NAME ?? 'duty.officer';
const password = process.env.PASSWORD ?? 'correct horse battery';

let number = 0;
let failed = 0;
async function test(what, run) {
	number++;
	try {
		const said = await run();
		console.log(`ok ${number} - ${what}${said === 'skip' ? ' # SKIP needs a post of its own' : ''}`);
	} catch (error) {
		failed++;
		console.log(`not ok ${number} - ${what}`);
		for (const line of String(error.stack ?? error).split('\n').slice(0, 12)) console.log(`# ${line}`);
	}
}

function must(holds, why) {
	if (!holds) throw new Error(why);
}

async function none(list) {
	if (list.length > 0) throw new Error(list.join('\n'));
}

const browser = await openBrowser();
const WAIT = 10_000;

async function visit(page, address, sight) {
	await page.goto(`${base}/${address}`);
	await page.waitForSelector(sight, { timeout: WAIT });
	await page.waitForTimeout(350);
}

/* ---- coming in ---- */

const first = await openPage(browser);
if (link !== '' && process.env.NAME === undefined) {
	await test('a one-time link leaves the address bar at once and lets its owner in', async () => {
		await first.goto(link);
		await first.waitForSelector('input[name=password]', { timeout: WAIT });
		must(!first.url().includes(link.split('/').pop()), 'the token is still in the address bar');
		await shoot(first, 'welcome');
		await none(await axe(first, 'welcome'));
		await first.fill('input[name=username]', name);
		await first.fill('input[name=password]', 'short');
		await first.keyboard.press('Enter');
		await first.waitForSelector('[aria-invalid=true]', { timeout: WAIT });
		await first.fill('input[name=password]', password);
		await first.keyboard.press('Enter');
		await first.waitForSelector('.watch', { timeout: 30_000 });
	});
	await test('signing out leads to the sign-in page', async () => {
		await first.click('[popovertarget=me]');
		await first.click('#me > .button:last-child');
		await first.waitForSelector('input[autocomplete=current-password]', { timeout: WAIT });
		await shoot(first, 'sign-in');
		await none(await axe(first, 'sign-in'));
	});
} else {
	await first.goto(base);
}

await test('a wrong password is refused in words, the right one lets in', async () => {
	await first.waitForSelector('input[name=password]', { timeout: WAIT });
	await first.fill('input[name=username]', name);
	await first.fill('input[name=password]', 'not the password');
	await first.keyboard.press('Enter');
	await first.waitForSelector('[role=alert]', { timeout: 30_000 });
	await shoot(first, 'sign-in-refused');
	await none(await axe(first, 'sign-in, refused'));
	await first.fill('input[name=password]', password);
	await first.keyboard.press('Enter');
	await first.waitForSelector('.watch', { timeout: 30_000 });
});

await test('the feed is live and the checkpoint was checked', async () => {
	await first.waitForSelector('.connection.live', { timeout: WAIT });
	await first.waitForFunction(() => Object.keys(localStorage).some((key) => key.startsWith('legation.checkpoint.')), undefined, { timeout: WAIT });
	must((await first.locator('.bar.critical').count()) === 0, 'the console names trouble where there is none');
});

const state = await first.context().storageState();
/* Theme and language are chosen anew in each window below. */
for (const origin of state.origins) origin.localStorage = origin.localStorage.filter(({ name }) => !/theme|language/.test(name));

/* ---- main paths ---- */

await test('every page is two keys away', async () => {
	for (const [keys, sight] of [['gd', 'table'], ['gp', '.people'], ['gu', 'table'], ['gl', '.ledger'], ['gw', '.watch']]) {
		for (const key of keys) await first.keyboard.press(key);
		await first.waitForSelector(sight, { timeout: WAIT });
	}
	await first.keyboard.press('?');
	await first.waitForSelector('dialog[open] dl', { timeout: WAIT });
	await none(await axe(first, 'keys'));
	await first.keyboard.press('Escape');
	await first.keyboard.press('Control+k');
	await first.waitForSelector('dialog[open] [role=combobox]', { timeout: WAIT });
	await none(await axe(first, 'palette'));
	await first.keyboard.press('Escape');
});

await test('a door is unlocked from its card on the plan, and the entry appears', async () => {
	await visit(first, '#/watch', '[data-door]');
	await first.focus('[data-door]');
	await first.keyboard.press('Enter');
	await first.waitForSelector('.card:popover-open', { timeout: WAIT });
	/* From one card straight to another. The demo's first door is an exit without a strike, which offers nothing. */
	await first.keyboard.press('Escape');
	await first.focus('[data-door]:nth-of-type(2)');
	await first.keyboard.press('Enter');
	await first.waitForSelector('.card:popover-open input', { timeout: WAIT });
	await shoot(first, 'door-card');
	await none(await axe(first, 'door card'));
	const before = await first.locator('.feed a').first().getAttribute('href');
	await first.fill('.card input', 'Drill of the console');
	await first.keyboard.press('Enter');
	await first.waitForFunction((href) => document.querySelector('.feed a')?.getAttribute('href') !== href, before, { timeout: WAIT });
	await first.waitForFunction(() => document.querySelector('.feed')?.textContent?.includes('Drill of the console'), undefined, { timeout: WAIT });
});

await test('an unlock without a reason is refused', async () => {
	await visit(first, '#/doors', 'tbody tr');
	await first.click('tbody tr:last-child [data-row]');
	await first.click('dialog[open] .primary');
	await first.waitForSelector('dialog[open] [aria-invalid=true]', { timeout: WAIT });
	await none(await axe(first, 'unlock dialog'));
	await first.keyboard.press('Escape');
});

await test('the post is locked down and released', async () => {
	const button = '.pagebar .end .button';
	for (const on of [true, false]) {
		await first.click(button);
		await first.fill('dialog[open] input', 'Drill of the console');
		await shoot(first, on ? 'lockdown-dialog' : 'lockdown-end-dialog');
		await none(await axe(first, 'lockdown dialog'));
		await first.click('dialog[open] .grave');
		await first.waitForSelector('.bar.lockdown', { state: on ? 'visible' : 'detached', timeout: WAIT });
	}
});

await test('reading a file says that it was recorded, and is an entry', async () => {
	await visit(first, '#/people', 'tbody [data-row]');
	await first.locator('tbody [data-row]').nth(1).click();
	await first.waitForSelector('.file .recorded', { timeout: WAIT });
	await shoot(first, 'person');
	await none(await axe(first, 'person'));
	await visit(first, '#/ledger?type=access.person_viewed', '.entry .seq');
	await none(await axe(first, 'ledger, filtered'));
});

await test('a user is made, the link works once, and the user is disabled', async () => {
	const made = `clerk.${Date.now() % 1_000_000}`;
	await visit(first, '#/users', 'tbody tr');
	await first.click('.pagebar .primary');
	await first.fill('dialog[open] input', made);
	await first.selectOption('dialog[open] select >> nth=0', 'auditor');
	await shoot(first, 'user-new');
	await none(await axe(first, 'new user'));
	await first.click('dialog[open] .primary');
	await first.waitForSelector('dialog[open] input[readonly]', { timeout: WAIT });
	await shoot(first, 'user-link');
	await none(await axe(first, 'one-time link'));
	const invited = await first.inputValue('dialog[open] input[readonly]');
	must(/#\/welcome\/.{8,}/.test(invited), `not a one-time link: ${invited}`);
	await first.keyboard.press('Escape');
	{
		const theirs = await openPage(browser);
		await theirs.goto(invited);
		await theirs.fill('input[name=username]', made);
		await theirs.fill('input[name=password]', 'another long sentence');
		await theirs.keyboard.press('Enter');
		await theirs.waitForSelector('.watch', { timeout: 30_000 });
		await theirs.context().close();
		const late = await openPage(browser);
		await late.goto(invited);
		await late.fill('input[name=username]', made);
		await late.fill('input[name=password]', 'yet another sentence');
		await late.keyboard.press('Enter');
		await late.waitForSelector('[role=alert]', { timeout: 30_000 });
		await late.context().close();
	}
	await first.locator('tbody tr', { hasText: made }).locator('.acts .button').last().click();
	await none(await axe(first, 'disable user'));
	await first.click('dialog[open] .grave');
	await first.waitForSelector('tbody tr.off', { timeout: WAIT });
});

await test('an entry is followed to its causes and proved in this browser', async () => {
	await visit(first, '#/ledger', '.entry .seq');
	await first.locator('a.entry').nth(2).click();
	await first.waitForSelector('.file .panel', { timeout: WAIT });
	await first.click('.file .panel .button');
	await first.waitForSelector('.panel .verdict', { timeout: WAIT });
	await shoot(first, 'entry-proved');
	await none(await axe(first, 'entry, proved'));
	const saved = first.waitForEvent('download', { timeout: WAIT });
	await first.click('.file .panel .button >> nth=1');
	must(/\.tlog-proof$/.test((await saved).suggestedFilename()), 'the proof is not saved under its name');
});

await test('the founding entry proves as well', async () => {
	await visit(first, '#/ledger/0', '.file .panel');
	await first.click('.file .panel .button');
	await first.waitForSelector('.panel .verdict', { timeout: WAIT });
});

/* ---- every page, as everybody may see it ---- */

const PAGES = [
	['watch', '#/watch', '[data-door], .calm'],
	['doors', '#/doors', 'tbody tr'],
	['people', '#/people', 'tbody tr'],
	['users', '#/users', 'tbody tr'],
	['ledger', '#/ledger', '.entry .seq'],
	['lost', '#/nowhere', '.calm'],
];
const LOOKS = [
	{ width: 1366, height: 768, theme: 'dark', language: 'en' },
	{ width: 1366, height: 768, theme: 'light', language: 'en' },
	{ width: 1366, height: 768, theme: 'dark', language: 'ar' },
	{ width: 1366, height: 768, theme: 'light', language: 'ar' },
	{ width: 1366, height: 768, theme: 'dark', language: 'fr' },
	{ width: 2560, height: 1440, theme: 'dark', language: 'en' },
	{ width: 2560, height: 1440, theme: 'light', language: 'ar' },
	{ width: 390, height: 844, theme: 'dark', language: 'en', phone: true },
	{ width: 390, height: 844, theme: 'light', language: 'ar', phone: true },
	{ width: 320, height: 640, theme: 'dark', language: 'fr', phone: true },
];
for (const look of LOOKS) {
	const title = `${look.width}-${look.theme}-${look.language}`;
	const page = await openPage(browser, { ...look, state });
	for (const [name, address, sight] of PAGES) {
		await test(`${name} at ${title}: axe finds nothing, nothing overflows, the browser complains of nothing`, async () => {
			await visit(page, address, sight);
			await page.waitForSelector('.connection.live', { timeout: WAIT });
			await shoot(page, `${name}-${title}`);
			await none(await axe(page, `${name} ${title}`));
			const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
			must(wide <= 0, `the page is ${wide} px too wide`);
			const main = await page.evaluate(() => { const one = document.querySelector('main'); return one.scrollWidth - one.clientWidth; });
			must(main <= 0, `the page's middle is ${main} px too wide`);
			const direction = await page.evaluate(() => document.documentElement.dir);
			must(direction === (look.language === 'ar' ? 'rtl' : 'ltr'), `the page runs ${direction}`);
			await none(page.complaints.splice(0));
		});
	}
	await page.context().close();
}

/* ---- bad nights ---- */

const onOwnPost = (run) => () => (post === undefined ? 'skip' : run());

await test('silence puts the bar up, a word takes it down', onOwnPost(async () => {
	await visit(first, '#/watch', '.connection.live');
	const web = post.pids('web');
	must(web.length === 1, 'there is no web process');
	process.kill(web[0], 'SIGSTOP');
	try {
		await first.waitForSelector('.bar.stale', { timeout: 6000 });
		await shoot(first, 'stale');
		await none(await axe(first, 'stale'));
	} finally {
		process.kill(web[0], 'SIGCONT');
	}
	await first.waitForSelector('.bar.stale', { state: 'detached', timeout: 20_000 });
}));

await test('the feed keeps few, and the ledger’s list is virtual', async () => {
	must((await first.locator('.feed li').count()) <= 100, 'the feed grows');
	await visit(first, '#/ledger', '.entry .seq');
	must((await first.locator('.row').count()) <= 100, 'the ledger’s list is not virtual');
});

/* Writes into the ledger what anybody can: a few entries. */
async function writeEntries(page, count) {
	const wrote = await page.evaluate(async (count) => {
		for (let i = 0; i < count; i++) {
			const answer = await fetch('/api/lockdown', {
				method: 'POST',
				headers: { 'Content-Type': 'application/json' },
				body: JSON.stringify({ on: i % 2 === 0, reason: 'drill' }),
			});
			if (answer.status === 429) {
				await new Promise((then) => setTimeout(then, 250));
				i--;
			} else if (!answer.ok) return `${answer.status} ${await answer.text()}`;
		}
		return '';
	}, count);
	must(wrote === '', wrote);
}

await test('two thousand entries later the page holds no more than before', onOwnPost(async () => {
	const page = await openPage(browser, { state });
	await visit(page, '#/watch', '.connection.live');
	const debug = await page.context().newCDPSession(page);
	await debug.send('Performance.enable');
	const held = async () => {
		await page.waitForTimeout(500);
		await debug.send('HeapProfiler.collectGarbage');
		const { metrics } = await debug.send('Performance.getMetrics');
		const of = (name) => metrics.find((one) => one.name === name).value;
		return { heap: of('JSHeapUsedSize'), nodes: of('Nodes') };
	};
	await writeEntries(page, 700); /* the rings are full now */
	const before = await held();
	await writeEntries(page, 2000);
	const after = await held();
	console.log(`# heap ${before.heap} -> ${after.heap} bytes, nodes ${before.nodes} -> ${after.nodes}`);
	must(after.heap < before.heap * 1.15 + 500_000, 'the heap grows');
	must(after.nodes < before.nodes * 1.15 + 200, 'the document grows');
	await none(page.complaints);
	await page.context().close();
}));

const keptSize = () => first.evaluate(() => Number(localStorage.getItem(Object.keys(localStorage).find((key) => key.startsWith('legation.checkpoint.'))).split('\n')[1]));

await test('a server that restarts is found again by itself, and nothing is wrong', onOwnPost(async () => {
	await visit(first, '#/watch', '.connection.live');
	await post.stop();
	await first.waitForSelector('.bar.stale', { timeout: 10_000 });
	post.keepCopy();
	await post.startServer();
	await first.waitForSelector('.connection.live', { timeout: 40_000 });
	await first.waitForSelector('.bar.stale', { state: 'detached', timeout: 10_000 });
	const before = await keptSize();
	await writeEntries(first, 6);
	await first.waitForFunction((size) => Number(localStorage.getItem(Object.keys(localStorage).find((key) => key.startsWith('legation.checkpoint.'))).split('\n')[1]) >= size, before + 6, { timeout: 20_000 });
	must((await first.locator('.bar.critical').count()) === 0, 'the console names trouble where there is none');
}));

await test('an older ledger put back is named as a rollback by the console that stayed open', onOwnPost(async () => {
	await post.stop();
	post.putBackCopy();
	await post.startServer();
	await first.waitForSelector('.bar.critical', { timeout: 60_000 });
	must(/ROLLED BACK/.test(await first.locator('.bar.critical').innerText()), await first.locator('.bar.critical').innerText());
	await shoot(first, 'rollback');
	await none(await axe(first, 'rollback'));
	await first.click('.bar.critical .button');
	must((await first.locator('dialog[open] pre').count()) === 2, 'the two checkpoints are not both shown');
	await shoot(first, 'rollback-details');
	await none(await axe(first, 'rollback, details'));
	await first.keyboard.press('Escape');
}));

await test('when that ledger goes on another way it is named as a fork, also by a console opened anew', onOwnPost(async () => {
	await writeEntries(first, 20);
	await first.reload();
	await first.waitForSelector('.bar.critical', { timeout: 30_000 });
	must(/FORKED/.test(await first.locator('.bar.critical').innerText()), await first.locator('.bar.critical').innerText());
	await shoot(first, 'fork');
}));

await test('a session that ended leads to the sign-in page', async () => {
	await first.context().clearCookies();
	await first.goto(`${base}/#/users`);
	await first.reload();
	await first.waitForSelector('input[name=password]', { timeout: 30_000 });
});

await test('through all this the browser complained of nothing', () => none(first.complaints));

console.log(`1..${number}`);
await browser.close();
await post?.end();
process.exitCode = failed > 0 ? 1 : 0;
