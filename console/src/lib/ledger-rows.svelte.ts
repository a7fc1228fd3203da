/* lib/ledger-rows.svelte.ts - the ledger as a long list of which only the part on screen is here.
 *
 * Without a filter every row's entry is known by its number, so any part can be asked for at once. With a filter only
 * the server knows what comes next, so rows are taken from the newest onward, page by page. Both have a cap.
 */
import { api } from './api.ts';
import { readEntry, type Entry } from './entries.ts';

export const PAGE_ROWS = 100;
const PAGES_KEPT_MAX = 40;
/* A browser can scroll no list of any length; who wants more goes to a number. */
export const ROWS_MAX = 200_000;
const FILTERED_ROWS_MAX = 5_000;

export interface LedgerFilter {
	type: string;
	actor: string;
	cause: number | undefined;
	before: number | undefined;
}

export class LedgerRows {
	count = $state(0);
	/* Bumped when rows arrive: what reads `row` reads this first. */
	version = $state(0);
	known = $state(false);
	problem = $state.raw<unknown>();
	top = 0;
	readonly filtered: boolean;
	#pages = new Map<number, Map<number, Entry>>();
	#asking = new Set<number>();
	#list: Entry[] = [];
	/* With a filter: the server has no more rows. */
	ended = $state(false);

	constructor(readonly filter: LedgerFilter) {
		this.filtered = filter.type !== '' || filter.actor !== '' || filter.cause !== undefined;
	}

	async start(): Promise<void> {
		this.problem = undefined;
		if (this.filtered) return this.#next();
		try {
			const { size } = await api.ledger({ limit: 1 });
			this.grow(this.filter.before === undefined ? size : Math.min(size, this.filter.before + 1), []);
			this.known = true;
		} catch (cause) {
			this.problem = cause;
		}
	}

	/* The ledger has grown, and these are the entries that came with it. */
	grow(top: number, entries: readonly Entry[]): void {
		if (this.filtered || top < this.top) return;
		for (const entry of entries) this.#pages.get(Math.floor(entry.seq / PAGE_ROWS))?.set(entry.seq, entry);
		this.top = top;
		this.count = Math.min(top, ROWS_MAX);
		this.version++;
	}

	row(i: number): Entry | undefined {
		void this.version;
		if (this.filtered) return this.#list[i];
		const seq = this.top - 1 - i;
		return this.#pages.get(Math.floor(seq / PAGE_ROWS))?.get(seq);
	}

	/* The rows from `first` to `last` are about to be seen. */
	need(first: number, last: number): void {
		if (this.filtered) {
			if (last >= this.#list.length - 20) void this.#next();
			return;
		}
		const newest = Math.floor(Math.max(0, this.top - 1 - first) / PAGE_ROWS);
		const oldest = Math.floor(Math.max(0, this.top - 1 - last) / PAGE_ROWS);
		for (let page = newest; page >= oldest; page--) void this.#page(page);
	}

	#complete(page: number): boolean {
		const rows = this.#pages.get(page);
		if (rows === undefined) return false;
		const last = Math.min(this.top, (page + 1) * PAGE_ROWS);
		return rows.size >= last - page * PAGE_ROWS;
	}

	async #page(page: number): Promise<void> {
		if (this.#asking.has(page) || this.top === 0 || this.#complete(page)) return;
		this.#asking.add(page);
		try {
			const { entries } = await api.ledger({ before: (page + 1) * PAGE_ROWS, limit: PAGE_ROWS });
			const rows = new Map(entries.map((line) => readEntry(line)).map((entry) => [entry.seq, entry]));
			this.#pages.delete(page);
			this.#pages.set(page, rows);
			/* The page untouched for longest goes first. */
			for (const old of this.#pages.keys()) {
				if (this.#pages.size <= PAGES_KEPT_MAX) break;
				this.#pages.delete(old);
			}
			this.problem = undefined;
		} catch (cause) {
			this.problem = cause;
		} finally {
			this.#asking.delete(page);
			this.version++;
		}
	}

	async #next(): Promise<void> {
		if (this.ended || this.#asking.has(0)) return;
		this.#asking.add(0);
		const { type, actor, cause } = this.filter;
		const last = this.#list.at(-1);
		const before = last?.seq ?? (this.filter.before === undefined ? undefined : this.filter.before + 1);
		try {
			const { entries } = await api.ledger({
				limit: PAGE_ROWS,
				type,
				actor,
				...(cause === undefined ? {} : { cause }),
				...(before === undefined ? {} : { before }),
			});
			const fresh = entries.map((line) => readEntry(line)).filter((entry) => last === undefined || entry.seq < last.seq);
			this.#list.push(...fresh);
			this.ended = fresh.length === 0 || entries.length < PAGE_ROWS || this.#list.length >= FILTERED_ROWS_MAX;
			this.count = this.#list.length;
			this.known = true;
			this.problem = undefined;
		} catch (cause) {
			this.problem = cause;
		} finally {
			this.#asking.delete(0);
			this.version++;
		}
	}
}
