/* tests/ui/look.mjs - the pieces the UI scripts share: a browser, a signed-in page, and what must never happen. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const SHOTS = process.env.SHOTS ?? fileURLToPath(new URL('../../test-results/shots', import.meta.url));
mkdirSync(SHOTS, { recursive: true });

export async function openBrowser() {
	return chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb', '--hide-scrollbars'],
	});
}

/* A page that remembers every complaint of the browser: a broken policy or an exception fails the run. */
export async function openPage(browser, { width = 1366, height = 768, theme = 'dark', language = 'en', phone = false, state } = {}) {
	const context = await browser.newContext({
		viewport: { width, height },
		deviceScaleFactor: phone ? 2 : 1,
		hasTouch: phone,
		isMobile: phone,
		ignoreHTTPSErrors: true,
		reducedMotion: 'reduce',
		locale: { en: 'en-GB', fr: 'fr-FR', ar: 'ar-EG' }[language],
		...(state === undefined ? {} : { storageState: state }),
	});
	await context.addInitScript(
		([theme, language]) => {
			if (localStorage.getItem('legation.theme') === null) localStorage.setItem('legation.theme', theme);
			if (localStorage.getItem('legation.language') === null) localStorage.setItem('legation.language', language);
		},
		[theme, language],
	);
	const page = await context.newPage();
	page.complaints = [];
	page.on('pageerror', (error) => page.complaints.push(`exception: ${error.message}`));
	page.on('console', (message) => {
		const expected = /Failed to load resource|WebSocket connection/.test(message.text());
		if (message.type() === 'error' && !expected) page.complaints.push(`console: ${message.text()}`);
	});
	return page;
}

export async function shoot(page, name) {
	await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/* WCAG 2.2 A and AA, and the best practices, on what is on screen now. Axe is read out by the debugger, not by the
 * page, so the content security policy stays as it is. */
export async function axe(page, name) {
	await page.waitForTimeout(250);
	await page.evaluate(AXE);
	const found = await page.evaluate(async () => {
		const result = await globalThis.axe.run(document, {
			runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
			resultTypes: ['violations'],
		});
		return result.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 4).map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`) }));
	});
	return found.map(({ id, impact, nodes }) => `${name}: ${id} (${impact}): ${nodes.join(' | ')}`);
}
