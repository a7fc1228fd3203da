/* lib/ledger/proof.ts - a C2SP tlog-proof: one entry's place in a signed tree, checked with nothing but a key.
 *
 * The verdict names the step that failed, because "invalid" helps nobody at three in the morning.
 */
import { fromBase64, fromDecimal, Malformed } from './bytes.ts';
import { openCheckpoint, type Checkpoint } from './checkpoint.ts';
import { HASH_BYTES, inclusionHolds, leafHash, PROOF_HASHES_MAX } from './merkle.ts';
import type { VerifierKey } from './note.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';
export const PROOF_CHARACTERS_MAX = 4_000_000;

export interface LedgerProof {
	extra: Uint8Array | undefined; /* ours: the entry's bytes. Proves nothing until its hash is the leaf */
	index: number;
	hashes: Uint8Array[];
	checkpoint: string;
}

export function parseProof(text: string): LedgerProof {
	if (text.length > PROOF_CHARACTERS_MAX) throw new Malformed('a proof too long');
	const split = text.indexOf('\n\n');
	if (split < 0) throw new Malformed('a proof without a checkpoint');
	const lines = text.slice(0, split).split('\n');
	if (lines.shift() !== HEADER) throw new Malformed('not a proof');

	let extra: Uint8Array | undefined;
	if (lines[0]?.startsWith('extra ')) extra = fromBase64(lines.shift()!.slice('extra '.length));
	const index = lines.shift();
	if (index === undefined || !index.startsWith('index ')) throw new Malformed('a proof without an index');
	if (lines.length > PROOF_HASHES_MAX) throw new Malformed('a proof with too many hashes');
	const hashes = lines.map(fromBase64);
	if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw new Malformed('a hash of a wrong length');
	return { extra, index: fromDecimal(index.slice('index '.length)), hashes, checkpoint: text.slice(split + 2) };
}

export type ProofVerdict =
	| { verdict: 'proved'; proof: LedgerProof; checkpoint: Checkpoint; leaf: Uint8Array }
	| {
			verdict:
				| 'malformed'
				| 'no-entry' /* neither given nor in the proof */
				| 'bad-signature'
				| 'no-known-key'
				| 'wrong-origin'
				| 'not-included';
	  };

/* `entry`, when given, wins over the proof's own `extra`. */
export function verifyProof(
	text: string,
	keys: readonly VerifierKey[],
	entry?: Uint8Array,
	origin = '',
): ProofVerdict {
	let proof: LedgerProof;
	try {
		proof = parseProof(text);
	} catch (problem) {
		if (problem instanceof Malformed) return { verdict: 'malformed' };
		throw problem;
	}
	const data = entry ?? proof.extra;
	if (data === undefined) return { verdict: 'no-entry' };
	const opened = openCheckpoint(proof.checkpoint, keys, origin);
	if (opened.verdict !== 'signed') return opened;
	const leaf = leafHash(data);
	const { size, root } = opened.checkpoint;
	if (!inclusionHolds(proof.index, size, leaf, proof.hashes, root)) return { verdict: 'not-included' };
	return { verdict: 'proved', proof, checkpoint: opened.checkpoint, leaf };
}
