/* lib/ledger/checkpoint.ts - a C2SP checkpoint: origin, size and root of a tree, as a signed note. */
import { fromBase64, fromDecimal, Malformed } from './bytes.ts';
import { HASH_BYTES } from './merkle.ts';
import { parseNote, parseVerifierKey, verifyNote, type Note, type VerifierKey } from './note.ts';

export interface Checkpoint {
	origin: string;
	size: number;
	root: Uint8Array;
	extensions: string[];
}

export function parseCheckpointText(text: string): Checkpoint {
	if (!text.endsWith('\n')) throw new Malformed('a checkpoint without a last newline');
	const [origin = '', size = '', root = '', ...extensions] = text.slice(0, -1).split('\n');
	if (origin === '') throw new Malformed('a checkpoint without an origin');
	if (extensions.includes('')) throw new Malformed('a checkpoint with an empty line');
	const hash = fromBase64(root);
	if (hash.length !== HASH_BYTES) throw new Malformed('a checkpoint whose root is not a hash');
	return { origin, size: fromDecimal(size), root: hash, extensions };
}

export type CheckpointVerdict =
	| { verdict: 'signed'; checkpoint: Checkpoint }
	| { verdict: 'malformed' | 'bad-signature' | 'no-known-key' | 'wrong-origin' };

/* Parsed, signed by one of `keys`, and of the origin expected ("" takes any). */
export function openCheckpoint(noteText: string, keys: readonly VerifierKey[], origin = ''): CheckpointVerdict {
	let note: Note;
	let checkpoint: Checkpoint;
	try {
		note = parseNote(noteText);
		checkpoint = parseCheckpointText(note.text);
	} catch (problem) {
		if (problem instanceof Malformed) return { verdict: 'malformed' };
		throw problem;
	}
	const verdict = verifyNote(note, keys);
	if (verdict !== 'signed') return { verdict };
	if (origin !== '' && checkpoint.origin !== origin) return { verdict: 'wrong-origin' };
	return { verdict: 'signed', checkpoint };
}

export { parseVerifierKey };
