/* lib/live.svelte.ts - the picture of the post as it is now: doors, names, the newest entries, the connection.
 *
 * Fed by lib/feed.ts and the API; the pages only read it. Everything here has a cap: a console stays open for weeks.
 */
import type { Door, Post } from './types.ts';
import { api, Refused } from './api.ts';
import { afterEntry, asksAttention, byAttention, faceOf, touchesDoors, type DoorsPicture } from './doors.ts';
import { actorId, idOf, NAMED_MEMBERS, readEntry, type Entry } from './entries.ts';
import { Feed, type Connection, type FeedListener } from './feed.ts';
import type { Contradiction, Judgement, Keeper } from './ledger/keeper.ts';
import { Ring } from './ring.ts';
import { session } from './session.svelte.ts';
import { storage } from './settings.svelte.ts';

const ENTRIES_KEPT_MAX = 500;
const ENTRIES_SHOWN_MAX = 200;
const GAP_ENTRIES_MAX = 200;
const PAINT_MS_MIN = 100;
const DOORS_ASK_MS = 400;
const DOORS_ASK_IDLE_MS = 20_000;
const DOORS_ASK_UNLOCKED_MS = 2_000;
const NAMES_ASK_MS = 2_000;
const JUDGE_MS_MIN = 5_000;
const UNKNOWN_NAMES_MAX = 10_000;

class Live {
	post = $state.raw<Post | undefined>();
	postProblem = $state.raw<unknown>();
	picture = $state.raw<DoorsPicture | undefined>();
	names = $state.raw<ReadonlyMap<number, string>>(new Map());
	entries = $state.raw<readonly Entry[]>([]);
	entriesKnown = $state(false);
	size = $state(0);
	connection = $state<Connection>('connecting');
	silentSince = $state('');
	silentMs = $state(0);
	/* The server's clock, by its beats: it stops when the server does, as an honest clock should. */
	now = $state('');
	trouble = $state.raw<Contradiction | undefined>();
	checkedSize = $state(0);
	checkedAt = $state('');

	readonly attention = $derived.by(() => {
		const picture = this.picture;
		if (picture === undefined) return [];
		return picture.doors
			.filter((door) => asksAttention(faceOf(door, picture.lockdown)))
			.sort(byAttention(picture.lockdown));
	});

	#ring = new Ring<Entry>(ENTRIES_KEPT_MAX, (entry) => entry.seq);
	#feed: Feed | undefined;
	#keeper: Keeper | undefined;
	#timers = new Map<string, number>();
	#paintedMs = 0;
	#note = '';
	#judging = false;
	#judgedMs = -Infinity;
	#turn: Promise<unknown> = Promise.resolve();
	#unknown = new Set<number>();
	#run = 0;

	start(): void {
		this.stop();
		const run = ++this.#run;
		this.#feed = new Feed(BROWSER, this.#listener(run));
		this.#feed.start();
		window.addEventListener('online', this.#retry);
		void this.askPost();
		void this.#askRecent();
		void this.#askNames();
		void this.#askDoors();
		void this.#startKeeper(run);
	}

	stop(): void {
		this.#run++;
		this.#feed?.stop();
		this.#feed = undefined;
		this.#keeper = undefined;
		window.removeEventListener('online', this.#retry);
		for (const timer of this.#timers.values()) clearTimeout(timer);
		this.#timers.clear();
		this.#ring.clear();
		this.#unknown.clear();
		this.#note = '';
		this.#judgedMs = -Infinity;
		this.post = this.picture = this.trouble = this.postProblem = undefined;
		this.names = new Map();
		this.entries = [];
		this.entriesKnown = false;
		this.connection = 'connecting';
		this.now = this.silentSince = this.checkedAt = '';
		this.size = this.checkedSize = 0;
	}

	door(id: number): Door | undefined {
		return this.picture?.doors.find((door) => door.id === id);
	}

	name(id: number): string | undefined {
		return this.names.get(id);
	}

	get zone(): string {
		return this.post?.time_zone || 'UTC';
	}

	#retry = (): void => this.#feed?.retryNow();

	/* Runs `then` once, `ms` from now, however often it is asked for meanwhile. */
	#later(name: string, ms: number, then: () => void): void {
		if (this.#timers.has(name)) return;
		const run = this.#run;
		const timer = window.setTimeout(() => {
			this.#timers.delete(name);
			if (run === this.#run) then();
		}, ms);
		this.#timers.set(name, timer);
	}

	#listener(run: number): FeedListener {
		const mine = (): boolean => run === this.#run;
		return {
			lines: (first, lines) => {
				if (mine()) this.#take(lines.map((line, i) => readEntry(line, first + i)));
			},
			gap: (from, to) => {
				if (mine()) void this.#fill(from, to);
			},
			rewound: () => {
				if (!mine()) return;
				this.#ring.clear();
				void this.#askRecent();
				/* What was last shown and not yet judged would be forgotten, and with it the rollback. */
				if (this.#note !== '') void this.judge(this.#note);
			},
			checkpoint: (note, size) => {
				if (!mine()) return;
				this.size = size;
				this.#note = note;
				this.#judgeSoon();
			},
			beat: (time) => {
				if (mine() && time !== '') this.now = time;
			},
			changed: (connection) => {
				if (!mine()) return;
				this.connection = connection;
				if (connection === 'stale') {
					this.silentSince = this.now;
					this.#countSilence();
				} else {
					void this.#askDoors();
					if (this.post === undefined) void this.askPost();
				}
			},
		};
	}

	#countSilence(): void {
		if (this.connection !== 'stale') return;
		this.silentMs = this.#feed?.silentForMs() ?? 0;
		this.#later('silence', 1000, () => this.#countSilence());
	}

	#take(entries: readonly Entry[]): void {
		this.#ring.add(entries);
		let picture = this.picture;
		let touched = false;
		for (const entry of entries) {
			if (picture !== undefined) picture = afterEntry(picture, entry);
			touched ||= touchesDoors(entry);
			this.#lookForNames(entry);
		}
		this.picture = picture;
		if (touched) this.#later('doors', DOORS_ASK_MS, () => void this.#askDoors());
		this.size = Math.max(this.size, (this.#ring.newest?.seq ?? -1) + 1);
		this.#paintSoon();
	}

	/* At once after a quiet moment; under a storm, no more often than the eye can use. */
	#paintSoon(): void {
		const wait = Math.max(0, this.#paintedMs + PAINT_MS_MIN - performance.now());
		if (wait === 0) this.#paint();
		else this.#later('paint', wait, () => this.#paint());
	}

	#paint(): void {
		this.#paintedMs = performance.now();
		this.entries = this.#ring.latest(ENTRIES_SHOWN_MAX);
		this.entriesKnown = true;
	}

	async #askRecent(): Promise<void> {
		const run = this.#run;
		try {
			const page = await api.ledger({ limit: 100 });
			if (run !== this.#run) return;
			this.#ring.add(page.entries.map((line) => readEntry(line)));
			for (const line of page.entries) this.#lookForNames(readEntry(line));
			this.size = Math.max(this.size, page.size);
			this.#paint();
		} catch (cause) {
			/* A role that may not read the ledger still has the feed. */
			if (cause instanceof Refused) this.entriesKnown = true;
			else this.#later('recent', 3000, () => void this.#askRecent());
		}
	}

	/* What the feed had no room for. Only the newest part would still be on screen, so only that is asked for. */
	async #fill(from: number, to: number): Promise<void> {
		const run = this.#run;
		void this.#askDoors();
		try {
			const limit = Math.min(GAP_ENTRIES_MAX, to - from + 1);
			const page = await api.ledger({ before: to + 1, limit });
			if (run !== this.#run) return;
			this.#ring.add(page.entries.map((line) => readEntry(line)));
			this.#paintSoon();
		} catch {
			/* The ledger page has them; the doors are asked for anyway. */
		}
	}

	async askPost(): Promise<void> {
		const run = this.#run;
		try {
			const post = await api.post();
			if (run !== this.#run) return;
			this.post = post;
			this.postProblem = undefined;
		} catch (cause) {
			if (run === this.#run) this.postProblem = cause;
		}
	}

	async #askDoors(): Promise<void> {
		const run = this.#run;
		try {
			const { doors, lockdown } = await api.doors();
			if (run !== this.#run) return;
			this.picture = { doors, lockdown };
		} catch {
			/* The bar above says when the server is silent; the next round asks again. */
		}
		if (run !== this.#run) return;
		const unlocked = this.picture?.doors.some((door) => door.lock === 'unlocked') === true;
		/* No entry says that a timed unlock ran out: while a door stands unlocked, ask more often. */
		if (unlocked) this.#later('doors-unlocked', DOORS_ASK_UNLOCKED_MS, () => void this.#askDoors());
		this.#later('doors-idle', DOORS_ASK_IDLE_MS, () => void this.#askDoors());
	}

	/* An id that has no name yet was made after we last asked. One that has none even then is not asked for again. */
	#lookForNames(entry: Entry): void {
		const ids = NAMED_MEMBERS.map((member) => idOf(entry, member));
		ids.push(actorId(entry.actor));
		for (const id of ids) {
			if (id === undefined || this.names.has(id) || this.#unknown.has(id)) continue;
			if (this.#unknown.size >= UNKNOWN_NAMES_MAX) this.#unknown.clear();
			this.#unknown.add(id);
			this.#later('names', NAMES_ASK_MS, () => void this.#askNames());
		}
		if (entry.type.startsWith('post.') && !entry.type.endsWith('_viewed')) {
			this.#later('post', NAMES_ASK_MS, () => void this.askPost());
			this.#later('names', NAMES_ASK_MS, () => void this.#askNames());
		}
	}

	async #askNames(): Promise<void> {
		const run = this.#run;
		try {
			const names = await api.names();
			if (run === this.#run) this.names = new Map(names.map(({ id, name }) => [id, name]));
		} catch (cause) {
			if (!(cause instanceof Refused)) this.#later('names', 5000, () => void this.#askNames());
		}
	}

	/* The verifier is a part of its own: the first picture does not wait for it. */
	async #startKeeper(run: number): Promise<void> {
		const now = session.now;
		if (now === undefined || now.ledger_key === '') return;
		const { Keeper } = await import('./ledger/keeper.ts');
		if (run !== this.#run) return;
		try {
			this.#keeper = new Keeper(now.ledger_key, now.origin, storage, {
				checkpoint: async () => (await api.checkpoint()).note,
				consistency: async (from) => {
					try {
						return await api.consistency(from);
					} catch (cause) {
						const denied = cause instanceof Refused && cause.status < 500 && ![401, 403, 429].includes(cause.status);
						if (denied) return undefined;
						throw cause;
					}
				},
			});
		} catch {
			this.trouble = { trouble: 'bad-signature', kept: '', shown: now.ledger_key, keptSize: 0, shownSize: 0 };
			return;
		}
		this.#judgeSoon();
	}

	#judgeSoon(): void {
		const wait = Math.max(0, this.#judgedMs + JUDGE_MS_MIN - performance.now());
		this.#later('judge', wait, () => void this.#judge());
	}

	async #judge(): Promise<void> {
		const note = this.#note;
		if (note === '' || this.#judging) return;
		this.#judging = true;
		this.#judgedMs = performance.now();
		try {
			const judgement = await this.judge(note);
			if (judgement === undefined || ('state' in judgement && judgement.state === 'unreached')) this.#judgeSoon();
		} finally {
			this.#judging = false;
		}
		if (note !== this.#note) this.#judgeSoon();
	}

	/* Holds one checkpoint against what this console has kept, one after the other. A contradiction raises the bar and
	 * leaves it up. Gives undefined when there is no keeper (yet). */
	judge(note: string): Promise<Judgement | undefined> {
		const run = this.#run;
		const turn = this.#turn.then(async () => {
			if (run !== this.#run) return undefined;
			const judgement = await this.#keeper?.judge(note);
			if (judgement === undefined || run !== this.#run) return undefined;
			if ('trouble' in judgement) {
				this.trouble = judgement;
			} else if (judgement.state !== 'unreached') {
				this.checkedSize = judgement.size;
				this.checkedAt = this.now;
			}
			return judgement;
		});
		this.#turn = turn.catch(() => undefined);
		return turn;
	}

	/* After a person compared the new key with the printed one. */
	trustKey(): void {
		this.#keeper?.trustKey();
		this.trouble = undefined;
		this.#judgeSoon();
	}
}

const BROWSER = {
	open: (after: number | undefined) => {
		const socket = new WebSocket(api.feedAddress(after));
		return {
			close: () => {
				socket.onmessage = socket.onclose = null;
				socket.close();
			},
			listen: (message: (data: unknown) => void, closed: () => void) => {
				socket.onmessage = (event) => message(event.data);
				socket.onclose = closed; /* an error is followed by a close */
			},
		};
	},
	nowMs: () => performance.now(),
	setTimer: (then: () => void, ms: number) => window.setTimeout(then, ms),
	clearTimer: (timer: unknown) => window.clearTimeout(timer as number),
	random: () => Math.random(),
};

export const live = new Live();
