import { describe, expect, it } from 'vitest';
import { argumentsOf, compile, Formatter, BadMessage, pluralCases } from '../../src/lib/icu.ts';
import { messages as ar } from '../../src/locales/ar.ts';
import { messages as en, type Key } from '../../src/locales/en.ts';
import { messages as fr } from '../../src/locales/fr.ts';
import { FACES } from '../../src/lib/doors.ts';
import * as generated from '../../src/generated.ts';

const LOCALES = { en, fr, ar };
const plain = (text: string): string => text.replace(/[\u2068\u2069]/g, '');

describe('messages', () => {
	it('choose the plural of the language', () => {
		const said = (language: 'en' | 'fr' | 'ar', entries: number): string => new Formatter(language).format(LOCALES[language]['ledger.entries'], { entries });
		expect([0, 1, 2, 1500].map((n) => said('en', n))).toEqual(['no entries', '1 entry', '2 entries', '1,500 entries']);
		expect([0, 1, 2].map((n) => said('fr', n))).toEqual(['aucune inscription', '1 inscription', '2 inscriptions']);
		/* The six forms of Arabic: none, one, two, a few (3–10), many (11–99), and the rest. */
		expect([0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111].map((n) => said('ar', n))).toEqual([
			'لا قيود',
			'قيد واحد',
			'قيدان',
			'3 قيود',
			'10 قيود',
			'11 قيدًا',
			'99 قيدًا',
			'100 قيد',
			'102 قيد',
			'103 قيود',
			'111 قيدًا',
		]);
	});

	it('are parsed as ICU', () => {
		const to = new Formatter('en');
		expect(to.format('It’s a plain text')).toBe('It’s a plain text');
		expect(to.format("l'a {n}", { n: 3 })).toBe("l'a 3");
		expect(to.format("'{n}' is {n}", { n: 3 })).toBe('{n} is 3');
		expect(plain(to.format('{who} did', { who: 'A' }))).toBe('A did');
		expect(to.format('{n, plural, =0 {none} =2 {a pair} one {# one} other {# others}}', { n: 2 })).toBe('a pair');
		expect(to.format('{s, select, a {is a} other {is not}}', { s: 'b' })).toBe('is not');
		expect(to.format('{n, plural, other {{s, select, x {# x} other {#}}}}', { n: 4, s: 'x' })).toBe('4 x');
		expect(to.format('# outside')).toBe('# outside');
	});

	it.each(['{', '{n', '{n,}', '{n, plural}', '{n, plural, one {x}}', '{n, count, other {x}}', 'a } b', "'{ no end", '{n, plural, other {}'])(
		'refuse %s',
		(wrong) => {
			expect(() => compile(wrong)).toThrow(BadMessage);
		},
	);

	it('isolate what comes from outside', () => {
		const said = new Formatter('ar').format(ar['users.disable.done'], { name: 'duty.officer' });
		expect(said).toContain('\u2068duty.officer\u2069');
	});

	it('use Latin digits in every language', () => {
		for (const language of ['en', 'fr', 'ar']) expect(new Formatter(language).number(1234567)).toMatch(/^[0-9.,\s\u00a0\u202f٬]+$/);
		expect(new Formatter('ar').number(42)).toBe('42');
	});
});

describe.each(Object.entries(LOCALES))('the locale %s', (language, messages) => {
	const keys = Object.keys(en) as Key[];

	it('has every message, and none besides', () => {
		expect(Object.keys(messages).sort()).toEqual([...keys].sort());
		for (const key of keys) expect(messages[key].trim(), key).not.toBe('');
	});

	it('parses, and takes the arguments English takes', () => {
		const names = (text: string): string[] => argumentsOf(compile(text));
		for (const key of keys) {
			expect(() => compile(messages[key]), key).not.toThrow();
			expect(names(messages[key]), key).toEqual(names(en[key]));
		}
	});

	it('spells out every plural form its language has', () => {
		const forms = new Set(new Intl.PluralRules(language).resolvedOptions().pluralCategories);
		/* French counts whole millions apart; nothing here is counted in millions. */
		if (language === 'fr') forms.delete('many');
		for (const key of keys) {
			for (const cases of pluralCases(compile(messages[key]))) {
				const spelt = new Set(cases.filter((one) => !one.startsWith('=')));
				expect(spelt.has('other'), key).toBe(true);
				if (language === 'ar') expect([...spelt].sort(), key).toEqual([...forms].sort());
				for (const form of spelt) expect(forms.has(form as Intl.LDMLPluralRule), `${key}: ${form}`).toBe(true);
			}
		}
	});

	it('names every face and type of entry', () => {
		for (const face of FACES) expect(messages[`face.${face}`]).toBeTruthy();
		for (const type of generated.ENTRY_TYPES) {
			expect(messages[`entry.${type}` as Key], type).toBeTruthy();
			expect(messages[`family.${type.split('.')[0]}` as Key], type).toBeTruthy();
		}
	});

	it('names every word of the server that is shown', () => {
		const families: Record<string, readonly string[]> = {
			role: generated.route_role.slice(1),
			'role.may': generated.route_role.slice(1),
			lock: generated.access_lock,
			position: generated.access_position,
			reader: generated.osdp_link,
			reason: generated.access_reason,
			status: generated.law_status.slice(1),
			fit: generated.law_fit,
			credential: generated.access_credential_kind,
			sealed: generated.core_sealed_state,
			offence: generated.osdp_offence.slice(1),
			object: generated.post_object.slice(1),
			why: [...generated.user_refusal.slice(1), ...generated.user_session_end.slice(1)],
			'entry.access.device_state': generated.osdp_link,
		};
		for (const [family, all] of Object.entries(families)) {
			for (const word of all) expect(messages[`${family}.${word}` as Key], `${family}.${word}`).toBeTruthy();
		}
	});

	it('has no two faces of one word', () => {
		expect(new Set(FACES.map((face) => messages[`face.${face}`])).size).toBe(FACES.length);
	});
});
