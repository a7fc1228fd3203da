/* lib/feed.ts - the feed's socket: connects, resumes after the last entry, notices silence, and backs off.
 *
 * Knows no browser but what it is given (a way to open a socket, a clock, timers), so that the tests can play a bad
 * night in a millisecond. What the lines mean is none of its business.
 */

/* What the server says; see src/worker/web/feed.h. */
type FeedMessage =
	| { kind: 'hello'; size: number; checkpoint: string }
	| { kind: 'lines'; first: number; lines: string[]; size: number; checkpoint: string }
	| { kind: 'gap'; from: number; to: number }
	| { kind: 'beat'; time: string };

export const SILENCE_MS_MAX = 3_000;
const BACKOFF_MS_FIRST = 500;
const BACKOFF_MS_MAX = 15_000;
const OPENING_MS_MAX = 10_000;

export type Connection =
	| 'connecting' /* not yet heard anything */
	| 'live'
	| 'stale'; /* silent for longer than SILENCE_MS_MAX: what is on screen may be out of date */

/* After `close` nothing is heard any more. */
export interface Socket {
	close(): void;
	listen(message: (data: unknown) => void, closed: () => void): void;
}

export interface FeedWorld {
	open(after: number | undefined): Socket;
	nowMs(): number; /* monotonic */
	setTimer(then: () => void, ms: number): unknown;
	clearTimer(timer: unknown): void;
	random(): number; /* 0 <= x < 1 */
}

export interface FeedListener {
	lines(first: number, lines: readonly string[]): void;
	gap(from: number, to: number): void;
	/* The server's ledger is shorter than what we have seen: it is not the ledger we were following. */
	rewound(size: number): void;
	checkpoint(note: string, size: number): void;
	beat(time: string): void;
	changed(connection: Connection): void;
}

export class Feed {
	connection: Connection = 'connecting';
	/* The seq after which the next connection resumes. */
	last: number | undefined;
	#socket: Socket | undefined;
	#heardMs: number;
	#attempt = 0;
	#retry: unknown;
	#watch: unknown;
	#stopped = false;
	#openedMs = 0;

	constructor(
		readonly world: FeedWorld,
		readonly listener: FeedListener,
	) {
		this.#heardMs = world.nowMs();
	}

	start(): void {
		this.#open();
		this.#tick();
	}

	stop(): void {
		this.#stopped = true;
		this.world.clearTimer(this.#retry);
		this.world.clearTimer(this.#watch);
		this.#drop();
	}

	silentForMs(): number {
		return this.world.nowMs() - this.#heardMs;
	}

	/* A network that came back, or a person's impatience: try at once. */
	retryNow(): void {
		if (this.#stopped || this.connection === 'live') return;
		this.#attempt = 0;
		this.#drop();
		this.world.clearTimer(this.#retry);
		this.#open();
	}

	#open(): void {
		const socket = this.world.open(this.last);
		this.#socket = socket;
		this.#openedMs = this.world.nowMs();
		socket.listen(
			(data) => {
				if (socket === this.#socket) this.#hear(data);
			},
			() => {
				if (socket === this.#socket) this.#lost();
			},
		);
	}

	#drop(): void {
		const socket = this.#socket;
		this.#socket = undefined;
		socket?.close();
	}

	/* Half of the wait is certain, half is chance: a hundred consoles must not all come back in the same second. */
	#lost(): void {
		this.#drop();
		if (this.#stopped) return;
		const wait = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** this.#attempt);
		this.#attempt = Math.min(this.#attempt + 1, 10);
		this.#retry = this.world.setTimer(() => this.#open(), wait / 2 + this.world.random() * (wait / 2));
	}

	#tick(): void {
		const silent = this.silentForMs();
		if (silent > SILENCE_MS_MAX) {
			if (this.connection !== 'stale') this.#become('stale');
			/* A socket that is open but dead would never close by itself. */
			const open = this.#socket !== undefined;
			const grace = this.world.nowMs() - this.#openedMs > OPENING_MS_MAX;
			if (open && grace) this.#lost();
		}
		this.#watch = this.world.setTimer(() => this.#tick(), 500);
	}

	#become(connection: Connection): void {
		this.connection = connection;
		this.listener.changed(connection);
	}

	#hear(data: unknown): void {
		const message = read(data);
		if (message === undefined) return;
		this.#heardMs = this.world.nowMs();
		this.#attempt = 0;
		if (this.connection !== 'live') this.#become('live');
		switch (message.kind) {
			case 'hello':
				this.#checkSize(message.size);
				if (this.last === undefined && message.size > 0) this.last = message.size - 1;
				if (message.checkpoint !== '') this.listener.checkpoint(message.checkpoint, message.size);
				break;
			case 'lines':
				this.#takeLines(message.first, message.lines);
				if (message.checkpoint) this.listener.checkpoint(message.checkpoint, message.size);
				break;
			case 'gap':
				this.last = Math.max(this.last ?? 0, message.to);
				this.listener.gap(message.from, message.to);
				break;
			case 'beat':
				this.listener.beat(message.time);
				break;
		}
	}

	#checkSize(size: number): void {
		if (this.last === undefined || this.last < size) return;
		this.last = size > 0 ? size - 1 : undefined;
		this.listener.rewound(size);
	}

	/* Lines seen already (a resume that overlaps) are cut off; lines missed without word of it are a gap. */
	#takeLines(first: number, lines: readonly string[]): void {
		const next = this.last === undefined ? first : this.last + 1;
		if (first + lines.length <= next) return;
		if (first > next) this.listener.gap(next, first - 1);
		const fresh = first < next ? lines.slice(next - first) : lines;
		this.last = first + lines.length - 1;
		this.listener.lines(Math.max(first, next), fresh);
	}
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/* A message of another kind, from a newer server, still counts as a sign of life but says nothing. */
function read(data: unknown): FeedMessage | undefined {
	if (typeof data !== 'string') return undefined;
	let said: Record<string, unknown>;
	try {
		said = JSON.parse(data) as Record<string, unknown>;
	} catch {
		return undefined;
	}
	if (typeof said !== 'object' || said === null) return undefined;
	const { kind } = said;
	/* A member that is zero or empty may be left out. */
	const size = (name: string, otherwise = 0): number => (isSize(said[name]) ? said[name] : otherwise);
	const checkpoint = typeof said['checkpoint'] === 'string' ? said['checkpoint'] : '';
	if (kind === 'hello') return { kind, size: size('size'), checkpoint };
	if (kind === 'lines' && Array.isArray(said['lines'])) {
		const lines = said['lines'].filter((line) => typeof line === 'string');
		const first = size('first');
		return { kind, first, lines, size: size('size', first + lines.length), checkpoint };
	}
	if (kind === 'gap' && isSize(said['to'])) return { kind, from: size('from'), to: said['to'] };
	return { kind: 'beat', time: typeof said['time'] === 'string' ? said['time'] : '' };
}
