import { beforeEach, describe, expect, it } from 'vitest';
import { Feed, SILENCE_MS_MAX, type FeedListener, type FeedWorld } from '../../src/lib/feed.ts';
import { dice } from './tree.ts';

/* A night in a millisecond: sockets, clock and timers that do as they are told. */
class Night implements FeedWorld {
	now = 0;
	sockets: { after: number | undefined; open: boolean; say: (message: unknown) => void; drop: () => void }[] = [];
	timers: { at: number; then: () => void }[] = [];
	chance = 0.5;

	open(after: number | undefined): { close(): void; listen(m: (data: unknown) => void, c: () => void): void } {
		let hear: (data: unknown) => void = () => undefined;
		let closed: () => void = () => undefined;
		const socket = {
			after,
			open: true,
			say: (message: unknown) => hear(typeof message === 'string' ? message : JSON.stringify(message)),
			drop: () => {
				socket.open = false;
				closed();
			},
		};
		this.sockets.push(socket);
		return {
			close: () => (socket.open = false),
			listen: (message, close) => {
				hear = message;
				closed = close;
			},
		};
	}
	nowMs = (): number => this.now;
	setTimer(then: () => void, ms: number): unknown {
		const timer = { at: this.now + ms, then };
		this.timers.push(timer);
		return timer;
	}
	clearTimer(timer: unknown): void {
		this.timers = this.timers.filter((one) => one !== timer);
	}
	random = (): number => this.chance;

	pass(ms: number): void {
		const end = this.now + ms;
		for (;;) {
			const next = [...this.timers].sort((a, b) => a.at - b.at)[0];
			if (next === undefined || next.at > end) break;
			this.clearTimer(next);
			this.now = next.at;
			next.then();
		}
		this.now = end;
	}
	get last(): Night['sockets'][number] {
		return this.sockets[this.sockets.length - 1]!;
	}
}

let night: Night;
let heard: string[];
let feed: Feed;
const lines = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

beforeEach(() => {
	night = new Night();
	heard = [];
	const listener: FeedListener = {
		lines: (first, some) => some.forEach((line, i) => heard.push(`${first + i}:${line}`)),
		gap: (from, to) => heard.push(`gap ${from}-${to}`),
		rewound: (size) => heard.push(`rewound ${size}`),
		checkpoint: (note, size) => heard.push(`checkpoint ${note} ${size}`),
		beat: (time) => heard.push(`beat ${time}`),
		changed: (connection) => heard.push(connection),
	};
	feed = new Feed(night, listener);
	feed.start();
});

describe('the feed', () => {
	it('begins at the ledger’s end and takes what comes', () => {
		expect(night.last.after).toBeUndefined();
		night.last.say({ kind: 'hello', size: 10, checkpoint: 'c10' });
		night.last.say({ kind: 'lines', first: 10, lines: lines(10, 11), size: 12, checkpoint: '' });
		night.last.say({ kind: 'beat', time: 't' });
		expect(heard).toEqual(['live', 'checkpoint c10 10', '10:line 10', '11:line 11', 'beat t']);
		expect(feed.last).toBe(11);
	});

	it('resumes after the last entry it has seen', () => {
		night.last.say({ kind: 'hello', size: 10, checkpoint: '' });
		night.last.say({ kind: 'lines', first: 10, lines: lines(10, 12), size: 13, checkpoint: '' });
		night.last.drop();
		night.pass(1000);
		expect(night.sockets).toHaveLength(2);
		expect(night.last.after).toBe(12);
		night.last.say({ kind: 'hello', size: 15, checkpoint: '' });
		night.last.say({ kind: 'lines', first: 13, lines: lines(13, 14), size: 15, checkpoint: '' });
		expect(heard.filter((line) => line.includes(':'))).toEqual(['10:line 10', '11:line 11', '12:line 12', '13:line 13', '14:line 14']);
	});

	it('gives no entry twice when the server repeats some, and none that lie behind', () => {
		night.last.say({ kind: 'hello', size: 3, checkpoint: '' });
		night.last.say({ kind: 'lines', first: 1, lines: lines(1, 4), size: 5, checkpoint: '' });
		night.last.say({ kind: 'lines', first: 0, lines: lines(0, 2), size: 5, checkpoint: '' });
		expect(heard.slice(1)).toEqual(['3:line 3', '4:line 4']);
	});

	it('says what is missing, whether the server tells of it or not', () => {
		night.last.say({ kind: 'hello', size: 5, checkpoint: '' });
		night.last.say({ kind: 'gap', from: 5, to: 104 });
		night.last.say({ kind: 'lines', first: 105, lines: lines(105, 105), size: 106, checkpoint: '' });
		night.last.say({ kind: 'lines', first: 110, lines: lines(110, 110), size: 111, checkpoint: '' });
		expect(heard.slice(1)).toEqual(['gap 5-104', '105:line 105', 'gap 106-109', '110:line 110']);
	});

	it('follows from the founding entry, whose number is left out as a zero', () => {
		night.last.say({ kind: 'hello', checkpoint: '' });
		night.last.say({ kind: 'lines', lines: lines(0, 1), size: 2, checkpoint: '' });
		expect(heard.slice(1)).toEqual(['0:line 0', '1:line 1']);
		expect(feed.last).toBe(1);
	});

	it('calls three seconds of silence stale, and a word ends it', () => {
		night.last.say({ kind: 'hello', size: 1, checkpoint: '' });
		night.pass(SILENCE_MS_MAX - 100);
		expect(feed.connection).toBe('live');
		night.pass(700);
		expect(feed.connection).toBe('stale');
		night.last.say({ kind: 'beat', time: 't' });
		expect(feed.connection).toBe('live');
		expect(heard).toEqual(['live', 'stale', 'live', 'beat t']);
	});

	it('says stale at the start too, when nothing is ever heard', () => {
		night.pass(2500);
		expect(feed.connection).toBe('connecting');
		night.pass(1200);
		expect(feed.connection).toBe('stale');
	});

	it('leaves a socket that is open but dead', () => {
		night.last.say({ kind: 'hello', size: 1, checkpoint: '' });
		night.pass(30_000);
		expect(night.sockets.length).toBeGreaterThan(1);
		expect(night.sockets[0]!.open).toBe(false);
		expect(night.sockets.filter((socket) => socket.open).length).toBeLessThanOrEqual(1);
	});

	it('backs off, by chance, up to a bound, and begins anew after a word', () => {
		const waits: number[] = [];
		for (let i = 0; i < 9; i++) {
			const before = night.now;
			const count = night.sockets.length;
			night.last.drop();
			while (night.sockets.length === count) night.pass(10);
			waits.push(night.now - before);
		}
		for (let i = 1; i < waits.length; i++) expect(waits[i]!).toBeGreaterThanOrEqual(waits[i - 1]! - 20);
		expect(waits[0]).toBeLessThanOrEqual(500);
		expect(Math.max(...waits)).toBeLessThanOrEqual(15_000);
		night.last.say({ kind: 'hello', size: 1, checkpoint: '' });
		const count = night.sockets.length;
		night.last.drop();
		night.pass(500);
		expect(night.sockets.length).toBe(count + 1);
	});

	it('tries at once when told that the network is back', () => {
		night.last.drop();
		feed.retryNow();
		expect(night.sockets).toHaveLength(2);
		night.pass(20_000);
		expect(night.sockets.filter((socket) => socket.open)).toHaveLength(1);
	});

	it('notices a ledger that has become shorter', () => {
		night.last.say({ kind: 'hello', size: 100, checkpoint: '' });
		night.last.drop();
		night.pass(1000);
		night.last.say({ kind: 'hello', size: 60, checkpoint: 'c60' });
		night.last.say({ kind: 'lines', first: 60, lines: lines(60, 60), size: 61, checkpoint: '' });
		expect(heard.slice(1)).toEqual(['rewound 60', 'checkpoint c60 60', '60:line 60']);
	});

	it('stops for good', () => {
		feed.stop();
		night.sockets[0]!.drop();
		night.pass(100_000);
		expect(night.sockets).toHaveLength(1);
		expect(night.timers).toHaveLength(0);
	});

	it('survives nonsense', () => {
		for (const wrong of ['', '{', 'null', '[]', '1', '{"kind":7}', '{"kind":"lines"}', '{"kind":"lines","first":-1,"lines":7}', '{"kind":"gap"}', '{"kind":"new-kind"}']) night.last.say(wrong);
		expect(heard.filter((line) => line !== 'live' && !line.startsWith('beat'))).toEqual([]);
	});

	it('loses and doubles nothing through a night of broken lines', () => {
		const seed = 88;
		const random = dice(seed);
		let size = 0;
		night.last.say({ kind: 'hello', size, checkpoint: '' });
		for (let step = 0; step < 400; step++) {
			if (random() < 0.15) {
				night.last.drop();
				while (!night.last.open) night.pass(500);
				const after = night.last.after ?? -1;
				night.last.say({ kind: 'hello', size, checkpoint: '' });
				/* A server may start a little early; it may also have dropped the middle. */
				const from = Math.max(0, after + 1 - Math.floor(random() * 3));
				if (size > from) night.last.say({ kind: 'lines', first: from, lines: lines(from, size - 1), size, checkpoint: '' });
			} else {
				const count = 1 + Math.floor(random() * 5);
				size += count;
				if (random() < 0.1) night.last.say({ kind: 'gap', from: size - count, to: size - 1 });
				else night.last.say({ kind: 'lines', first: size - count, lines: lines(size - count, size - 1), size, checkpoint: '' });
			}
		}
		const seen: number[] = [];
		for (const line of heard) {
			const one = /^(\d+):line (\d+)$/.exec(line);
			const gap = /^gap (\d+)-(\d+)$/.exec(line);
			if (one) expect(one[1], `seed ${seed}`).toBe(one[2]);
			if (one) seen.push(Number(one[1]));
			if (gap) for (let i = Number(gap[1]); i <= Number(gap[2]); i++) seen.push(i);
		}
		expect(seen, `seed ${seed}`).toEqual(Array.from({ length: size }, (_, i) => i));
	});
});
