/* lib/ring.ts - the newest `cap` items and no more: a tab that stays open for weeks must not grow.
 *
 * Items have a number of their own (an entry's seq) and are kept in its order, each number once.
 */
export class Ring<T> {
	#items: T[] = [];

	constructor(
		readonly cap: number,
		readonly numberOf: (item: T) => number,
	) {
		if (!Number.isInteger(cap) || cap < 1) throw new RangeError('a ring holds at least one item');
	}

	get length(): number {
		return this.#items.length;
	}

	get newest(): T | undefined {
		return this.#items[this.#items.length - 1];
	}

	/* Takes items in any order. The usual case, newer than all we have, costs no search. */
	add(items: readonly T[]): void {
		let ordered = true;
		for (const item of items) {
			const last = this.newest;
			if (last !== undefined && this.numberOf(item) <= this.numberOf(last)) ordered = false;
			this.#items.push(item);
		}
		if (!ordered) this.#sort();
		/* Let it grow to twice the cap before cutting, so that a cut costs little per item. */
		if (this.#items.length > 2 * this.cap) this.#items = this.#items.slice(-this.cap);
	}

	/* The newest `count`, newest first. */
	latest(count: number): T[] {
		const from = Math.max(0, this.#items.length - Math.min(count, this.cap));
		return this.#items.slice(from).reverse();
	}

	clear(): void {
		this.#items = [];
	}

	#sort(): void {
		const byNumber = new Map<number, T>();
		for (const item of this.#items) byNumber.set(this.numberOf(item), item);
		this.#items = [...byNumber.values()].sort((a, b) => this.numberOf(a) - this.numberOf(b));
	}
}
