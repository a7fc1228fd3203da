/* lib/ledger/keeper.ts - the last checkpoint this console saw, and whether each next one extends it.
 *
 * Root on the server holds the ledger's key, so the server alone cannot show that nothing was taken back. Whoever kept
 * an earlier checkpoint can, and every console keeps one. What is kept is replaced only by a checkpoint that was shown
 * to extend it; after a contradiction it stays as it is, for it is the evidence.
 *
 * Knows no browser: storage and server come in from outside.
 */
import { equal, fromBase64, Malformed } from './bytes.ts';
import { openCheckpoint, type Checkpoint } from './checkpoint.ts';
import { consistencyHolds } from './merkle.ts';
import { parseVerifierKey, type VerifierKey } from './note.ts';

export interface KeeperStore {
	read(name: string): string | null;
	write(name: string, value: string): void;
}

export interface KeeperServer {
	checkpoint(): Promise<string>;
	/* How the server's newest tree begins with the first `from` entries, and that tree's checkpoint; `undefined` when the
	 * server says that it has no such proof. Throws when it cannot be reached. */
	consistency(from: number): Promise<{ hashes: string[]; note: string } | undefined>;
}

export type Trouble = 'rollback' | 'fork' | 'bad-signature' | 'key-changed';

export interface Contradiction {
	trouble: Trouble;
	kept: string; /* the note this console holds, "" when there is none */
	shown: string; /* what the server shows now */
	keptSize: number;
	shownSize: number;
}

export type Judgement = { state: 'extends' | 'first' | 'unreached'; size: number } | Contradiction;

interface Proved {
	note: string;
	checkpoint: Checkpoint;
}

const KEPT = 'legation.checkpoint.';
const KEYS = 'legation.ledger-key';

export class Keeper {
	readonly #key: VerifierKey;
	#kept: { note: string; checkpoint: Checkpoint } | undefined;

	constructor(
		readonly vkey: string,
		readonly origin: string,
		readonly store: KeeperStore,
		readonly server: KeeperServer,
	) {
		this.#key = parseVerifierKey(vkey);
	}

	/* The key this console met here before, when the server now shows another; "" otherwise. */
	keyBefore(): string {
		const known = this.store.read(KEYS);
		return known === null || known === this.vkey ? '' : known;
	}

	/* A person has compared the new key with the post's printed one. */
	trustKey(): void {
		this.store.write(KEYS, this.vkey);
	}

	/* Another window may have gone further than we have. */
	#reload(): void {
		const note = this.store.read(KEPT + this.vkey);
		if (note === null || note === this.#kept?.note) return;
		const opened = openCheckpoint(note, [this.#key], this.origin);
		if (opened.verdict !== 'signed') return; /* something else wrote there: what we hold in memory still counts */
		if (this.#kept !== undefined && opened.checkpoint.size < this.#kept.checkpoint.size) return;
		this.#kept = { note, checkpoint: opened.checkpoint };
	}

	#keep(note: string, checkpoint: Checkpoint): void {
		this.#kept = { note, checkpoint };
		this.store.write(KEPT + this.vkey, note);
		this.store.write(KEYS, this.vkey);
	}

	#contradiction(trouble: Trouble, shown: string, shownSize: number): Contradiction {
		const kept = this.#kept;
		return { trouble, kept: kept?.note ?? '', shown, keptSize: kept?.checkpoint.size ?? 0, shownSize };
	}

	get kept(): Checkpoint | undefined {
		return this.#kept?.checkpoint;
	}

	get keptNote(): string {
		return this.#kept?.note ?? '';
	}

	/* Judges one checkpoint. Never two at once: the caller waits for the answer. */
	async judge(note: string): Promise<Judgement> {
		this.#reload();
		const before = this.keyBefore();
		if (before !== '') return { trouble: 'key-changed', kept: before, shown: this.vkey, keptSize: 0, shownSize: 0 };
		const opened = openCheckpoint(note, [this.#key], this.origin);
		if (opened.verdict !== 'signed') return this.#contradiction('bad-signature', note, 0);
		const shown = opened.checkpoint;
		const kept = this.#kept?.checkpoint;
		if (kept === undefined) {
			this.#keep(note, shown);
			return { state: 'first', size: shown.size };
		}
		if (shown.size === kept.size) {
			if (!equal(shown.root, kept.root)) return this.#contradiction('fork', note, shown.size);
			return { state: 'extends', size: shown.size };
		}
		return shown.size > kept.size ? this.#judgeLonger(note, kept, shown) : this.#judgeShorter(shown);
	}

	/* The server proves with its newest tree, which may have grown past `shown` meanwhile: then it has to prove that it
	 * grew from `shown` as well, or a fork could hide in between. */
	async #judgeLonger(note: string, kept: Checkpoint, shown: Checkpoint): Promise<Judgement> {
		let grown: Proved | Contradiction | undefined;
		try {
			grown = kept.size === 0 ? { note, checkpoint: shown } : await this.#provedFrom(kept, note, shown.size);
			if (!('trouble' in grown) && grown.note !== note) {
				const again = await this.#provedFrom(shown, note, shown.size);
				if ('trouble' in again) return again;
			}
		} catch {
			return { state: 'unreached', size: shown.size };
		}
		if ('trouble' in grown) return grown;
		this.#keep(grown.note, grown.checkpoint);
		return { state: 'extends', size: grown.checkpoint.size };
	}

	/* The server's newest checkpoint, shown to extend `from`. */
	async #provedFrom(from: Checkpoint, shownNote: string, shownSize: number): Promise<Proved | Contradiction> {
		const proof = await this.server.consistency(from.size);
		const note = proof?.note ?? (await this.server.checkpoint());
		const opened = openCheckpoint(note, [this.#key], this.origin);
		if (opened.verdict !== 'signed') return this.#contradiction('bad-signature', note, 0);
		const { checkpoint } = opened;
		if (checkpoint.size < shownSize) {
			/* A note that was signed and shown, and the server no longer stands by it: it is the evidence to keep. */
			const shown = openCheckpoint(shownNote, [this.#key], this.origin);
			if (shown.verdict === 'signed') this.#keep(shownNote, shown.checkpoint);
			return this.#contradiction('rollback', note, checkpoint.size);
		}
		if (!proves(from, checkpoint, proof?.hashes)) return this.#contradiction('fork', note, checkpoint.size);
		return { note, checkpoint };
	}

	/* Perhaps this note was overtaken on its way: only what the server shows now, freshly asked, is a rollback. */
	async #judgeShorter(shown: Checkpoint): Promise<Judgement> {
		let now: string;
		try {
			now = await this.server.checkpoint();
		} catch {
			return { state: 'unreached', size: shown.size };
		}
		const opened = openCheckpoint(now, [this.#key], this.origin);
		if (opened.verdict !== 'signed') return this.#contradiction('bad-signature', now, 0);
		const kept = this.#kept!.checkpoint;
		if (opened.checkpoint.size < kept.size) return this.#contradiction('rollback', now, opened.checkpoint.size);
		return this.judge(now);
	}
}

function proves(kept: Checkpoint, shown: Checkpoint, hashes: string[] | undefined): boolean {
	if (hashes === undefined) return false;
	try {
		return consistencyHolds(kept.size, shown.size, kept.root, shown.root, hashes.map(fromBase64));
	} catch (problem) {
		if (problem instanceof Malformed) return false;
		throw problem;
	}
}
