import { describe, expect, it } from 'vitest';
import { pathOf } from '../../scripts/icon-path.ts';
import type { Door } from '../../src/lib/types.ts';
import { afterEntry, byAttention, faceOf, FACES, levelOf } from '../../src/lib/doors.ts';
import { actorId, idOf, look, readEntry } from '../../src/lib/entries.ts';
import { find, folded, OFFERS_MAX, type Offer } from '../../src/lib/find.ts';
import { nameOf, Sequence, SEQUENCE_MS_MAX } from '../../src/lib/keys.ts';
import { Ring } from '../../src/lib/ring.ts';
import { format, parse } from '../../src/lib/router.ts';
import { clock, dayKey, differsFromUtc, lasted, moment } from '../../src/lib/time.ts';
import { dice } from './tree.ts';

describe('the ring', () => {
	const ring = (cap: number): Ring<number> => new Ring(cap, (item) => item);

	it('keeps the newest and no more', () => {
		const one = ring(3);
		one.add([1, 2, 3, 4, 5]);
		expect(one.latest(9)).toEqual([5, 4, 3]);
		expect(one.latest(2)).toEqual([5, 4]);
		expect(one.newest).toBe(5);
	});

	it('does not grow, whatever passes through', () => {
		const one = ring(500);
		for (let i = 0; i < 1_000_000; i += 1000) {
			one.add(Array.from({ length: 1000 }, (_, j) => i + j));
			expect(one.length).toBeLessThanOrEqual(1000);
		}
		expect(one.latest(1)).toEqual([999_999]);
	});

	it('puts late items in their place, each once', () => {
		const seed = 5;
		const random = dice(seed);
		const one = ring(50);
		const all = Array.from({ length: 200 }, (_, i) => i).sort(() => random() - 0.5);
		one.add(all.slice(0, 40));
		one.add(all.slice(20, 90));
		const expected = [...new Set(all.slice(0, 90))].sort((a, b) => b - a).slice(0, 50);
		expect(one.latest(50), `seed ${seed}`).toEqual(expected);
	});

	it('holds at least one', () => {
		expect(() => ring(0)).toThrow(RangeError);
	});
});

describe('addresses', () => {
	it('name pages, things and filters', () => {
		expect(parse('')).toEqual({ page: 'watch', id: undefined, query: {} });
		expect(parse('#/')).toEqual({ page: 'watch', id: undefined, query: {} });
		expect(parse('#/doors?search=main%20gate&show=open')).toEqual({ page: 'doors', id: undefined, query: { search: 'main gate', show: 'open' } });
		expect(parse('#/ledger/0')).toEqual({ page: 'ledger', id: 0, query: {} });
		expect(parse('#/people/42?search=a')).toEqual({ page: 'people', id: 42, query: { search: 'a' } });
		expect(parse('#/welcome/abcDEF012_-xyz')).toEqual({ page: 'welcome', token: 'abcDEF012_-xyz' });
		expect(parse('#/welcome')).toEqual({ page: 'welcome', token: '' });
	});

	it.each(['#/nowhere', '#/doors/3', '#/people/x', '#/people/01', '#/people/-1', '#/ledger/1/2', '#/ledger/99999999999999999', '#//evil.example'])(
		'%s is lost',
		(address) => {
			expect(parse(address).page).toBe('lost');
		},
	);

	it('a token that is none gives no token', () => {
		expect(parse('#/welcome/<script>')).toEqual({ page: 'welcome', token: '' });
		expect(parse('#/welcome/a%2Fb')).toEqual({ page: 'welcome', token: '' });
	});

	it('come back as they went', () => {
		for (const [page, id, query] of [['ledger', 7, { type: 'access.denied', actor: 'reader/7' }], ['people', undefined, { search: 'é & ü' }], ['watch', undefined, {}]] as const) {
			expect(parse(format(page, id, query))).toEqual({ page, id, query });
		}
		expect(format('ledger', undefined, { type: undefined, actor: '' })).toBe('#/ledger');
	});
});

describe('times', () => {
	const time = '2026-11-22T22:48:57.123456Z';
	it('are shown in the post’s zone, 24 hours, Latin digits', () => {
		expect(clock(time, 'UTC')).toBe('22:48:57');
		expect(clock(time, 'Europe/Vienna')).toBe('23:48:57');
		expect(clock('2026-11-22T00:00:00.000000Z', 'UTC')).toBe('00:00:00');
		expect(moment(time, 'Asia/Riyadh', 'en')).toBe('23 Nov 2026 01:48:57');
		expect(moment(time, 'UTC', 'en', '2026-11-22T23:59:59Z')).toBe('22:48:57');
		expect(moment(time, 'UTC', 'en', '2026-12-01T00:00:00Z')).toBe('22 Nov 22:48:57');
		expect(moment(time, 'UTC', 'en', '2027-01-01T00:00:00Z')).toBe('22 Nov 2026 22:48:57');
		expect(moment(time, 'UTC', 'ar')).toMatch(/^[^٠-٩]*22[^٠-٩]*2026[^٠-٩]* 22:48:57$/);
		expect(dayKey(time, 'Asia/Riyadh')).toBe('2026-11-23');
	});

	it('follow the zone through its changes', () => {
		expect(clock('2026-07-01T10:00:00Z', 'Europe/Vienna')).toBe('12:00:00');
		expect(differsFromUtc('2026-07-01T10:00:00Z', 'Europe/London')).toBe(true);
		expect(differsFromUtc('2026-12-01T10:00:00Z', 'Europe/London')).toBe(false);
	});

	it('that cannot be read are shown as they are', () => {
		expect(clock('', 'UTC')).toBe('');
		expect(clock('yesterday', 'UTC')).toBe('yesterday');
		expect(moment('yesterday', 'UTC', 'en')).toBe('yesterday');
		expect(clock(time, 'No/Such_Zone')).toBe('22:48:57');
	});

	it('last', () => {
		expect([0, 999, 61_000, 3_600_000, 11_412_000, -5].map(lasted)).toEqual(['0:00', '0:00', '1:01', '1:00:00', '3:10:12', '0:00']);
	});
});

const door = (change: Partial<Door> = {}): Door => ({
	id: 1, key: 'd', name: 'D', floor: 1, zone_from: 1, zone_to: 2, x: 0, y: 0,
	lock: 'locked', unlocked_until: '', strike: 'secure', has_reader: true, has_strike: true, position: 'closed', condition: 'normal', lockdown: false, reader: 'secure', since: '', ...change,
});

describe('doors', () => {
	it('show the gravest of what is true of them', () => {
		expect(faceOf(door(), false)).toBe('secure');
		expect(faceOf(door(), true)).toBe('lockdown');
		expect(faceOf(door({ lock: 'unlocked' }), false)).toBe('unlocked');
		expect(faceOf(door({ position: 'open', lock: 'unlocked' }), true)).toBe('open');
		expect(faceOf(door({ position: 'unknown' }), false)).toBe('unknown');
		expect(faceOf(door({ reader: 'offline', position: 'open' }), false)).toBe('offline');
		expect(faceOf(door({ condition: 'held', reader: 'offline' }), false)).toBe('held');
		expect(faceOf(door({ strike: 'offline' }), false)).toBe('offline');
		expect(faceOf(door({ reader: 'plain' }), false)).toBe('exposed');
		expect(faceOf(door({ reader: 'offline', strike: 'offline', lock: 'unknown', has_reader: false, has_strike: false }), false)).toBe('secure');
		expect(faceOf(door({ condition: 'forced', reader: 'offline' }), true)).toBe('forced');
		expect(new Set(FACES.map(levelOf).filter((level) => level !== 'quiet')).size).toBe(4);
	});

	it('ask for attention gravest first, then longest waiting', () => {
		const list = [door({ id: 1, condition: 'held', since: '2' }), door({ id: 2, condition: 'forced', since: '9' }), door({ id: 3, condition: 'forced', since: '3' }), door({ id: 4, reader: 'offline', since: '1' })];
		expect(list.sort(byAttention(false)).map(({ id }) => id)).toEqual([3, 2, 1, 4]);
	});

	it('change as entries say, and leave other doors alone', () => {
		const start = { doors: [door(), door({ id: 2 })], lockdown: false };
		const say = (type: string, body: object): string => JSON.stringify({ seq: 1, time: 'T', type, actor: 'x', body });
		const step = (picture: typeof start, type: string, body: object) => afterEntry(picture, readEntry(say(type, body))) as typeof start;
		const forced = step(start, 'access.door_forced', { door: 1 });
		expect(forced.doors[0]).toMatchObject({ condition: 'forced', position: 'open', since: 'T' });
		expect(forced.doors[1]).toBe(start.doors[1]);
		expect(step(forced, 'access.door_closed', { door: 1 }).doors[0]).toMatchObject({ condition: 'normal', position: 'closed' });
		expect(step(start, 'access.lockdown', { on: true }).lockdown).toBe(true);
		expect(step(step(start, 'access.lockdown', { on: true }), 'access.lockdown', {}).lockdown).toBe(false);
		expect(step(start, 'access.lockdown', { door: 2, on: true }).doors[1]?.lockdown).toBe(true);
		for (const [type, body] of [['access.denied', { door: 1 }], ['access.granted', { door: 9 }], ['weather.changed', { door: 1 }], ['access.door_opened', {}]] as const) {
			expect(step(start, type, body)).toBe(start);
		}
	});
});

describe('entries', () => {
	it('are read leniently and kept exactly', () => {
		const line = '{"post":"BRN","seq":7,"time":"T","type":"access.denied","actor":"reader/7","cause":6,"body":{"door":3,"person":0,"x":"y"},"sealed":"ab"}';
		const entry = readEntry(line);
		expect(entry).toMatchObject({ seq: 7, type: 'access.denied', actor: 'reader/7', cause: 6, sealed: 'ab', line });
		expect(idOf(entry, 'door')).toBe(3);
		expect(idOf(entry, 'person')).toBeUndefined();
		expect(idOf(entry, 'x')).toBeUndefined();
		expect(actorId('reader/7')).toBe(7);
		for (const none of ['core', 'tool/', 'reader/x', '', 'a/b/7']) expect(actorId(none)).toBeUndefined();
	});

	it('of any kind can be shown', () => {
		for (const line of ['', 'null', '[]', '{"body":7}', '{"type":"video.lost","body":{"camera":3}}']) {
			const entry = readEntry(line, 12);
			expect(entry.seq).toBe(12);
			expect(look(entry.type).icon).not.toBe('');
		}
	});

	it('of one type can be bad news or good', () => {
		expect(look('access.device_state', {}).level).toBe('low');
		expect(look('access.device_state', { link: 'plain' }).level).toBe('medium');
		expect(look('access.device_state', { link: 'secure' }).level).toBe('quiet');
		expect(look('ledger.verified', { sound: true }).level).toBe('quiet');
		expect(look('ledger.verified', {}).level).toBe('critical');
		expect(look('disk.changed', { low: true }).level).toBe('high');
		expect(look('access.device_tamper', {}).level).toBe('quiet');
	});
});

describe('keys', () => {
	it('are told by their letter, and by their place on layouts without Latin letters', () => {
		expect(nameOf({ key: 'g', code: 'KeyG' })).toBe('g');
		expect(nameOf({ key: 'W', code: 'KeyZ' })).toBe('w');
		expect(nameOf({ key: 'ص', code: 'KeyW' })).toBe('w');
		expect(nameOf({ key: '/', code: 'Period' })).toBe('/');
		expect(nameOf({ key: 'ظ', code: 'Slash' })).toBe('/');
		expect(nameOf({ key: 'ArrowDown', code: 'ArrowDown' })).toBe('ArrowDown');
	});

	it('come in sequences, for a moment', () => {
		const sequence = new Sequence(['g']);
		expect(sequence.press('g', 0)).toBeUndefined();
		expect(sequence.press('w', 500)).toBe('g w');
		expect(sequence.press('w', 600)).toBe('w');
		expect(sequence.press('g', 1000)).toBeUndefined();
		expect(sequence.press('w', 1001 + SEQUENCE_MS_MAX)).toBe('w');
	});
});

describe('finding', () => {
	const offers: Offer[] = [
		{ kind: 'page', name: 'Watch', key: 'watch' },
		{ kind: 'door', name: 'Élysée gate', key: '1' },
		{ kind: 'door', name: 'Service entrance', key: '2' },
		{ kind: 'door', name: 'Main entrance', key: '3' },
		...Array.from({ length: 40 }, (_, i): Offer => ({ kind: 'door', name: `Garage ${i}`, key: String(100 + i) })),
	];
	it('takes words in any order, without accents', () => {
		expect(find(offers, 'elysee').map(({ key }) => key)).toEqual(['1']);
		expect(find(offers, 'entr serv').map(({ key }) => key)).toEqual(['2']);
		expect(find(offers, '').map(({ key }) => key)).toEqual(['watch']);
		expect(find(offers, '(.*')).toEqual([]);
		expect(find(offers, 'garage')).toHaveLength(OFFERS_MAX);
		expect(folded('Œuvre ÀÉ')).toBe('œuvre ae');
	});
});

describe('icons', () => {
	it('become one path', () => {
		expect(pathOf(['path', { d: 'm6 6 12 12' }])).toBe('M6 6l12 12');
		expect(pathOf(['path', { d: 'm9 18h3' }])).toBe('M9 18h3');
		expect(pathOf(['path', { d: 'M18 6 6 18' }])).toBe('M18 6 6 18');
		expect(pathOf(['line', { x1: '1', y1: '2', x2: '3', y2: '4' }])).toBe('M1 2L3 4');
		expect(pathOf(['circle', { cx: '12', cy: '12', r: '2' }])).toBe('M10 12a2 2 0 1 0 4 0a2 2 0 1 0 -4 0Z');
		expect(() => pathOf(['script', {}])).toThrow();
	});
});
