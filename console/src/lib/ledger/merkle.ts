/* lib/ledger/merkle.ts - the tree of RFC 6962, seen by one who holds a root and a proof but not the tree.
 *
 * Sizes and indexes are plain numbers up to 2^53 and so are never shifted with JavaScript's 32-bit operators.
 * Zero-sized trees prove nothing and are refused here; who holds an empty checkpoint decides what that means.
 */
import { sha256 } from '@noble/hashes/sha2';
import { concat, equal } from './bytes.ts';

export const HASH_BYTES = 32;
/* 2^53 leaves need no more in one proof; a consistency proof adds one. */
export const PROOF_HASHES_MAX = 64;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function emptyRoot(): Uint8Array {
	return sha256(new Uint8Array());
}

export function leafHash(data: Uint8Array): Uint8Array {
	return sha256(concat(LEAF, data));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
	return sha256(concat(NODE, left, right));
}

function hashesAreWhole(...hashes: readonly Uint8Array[]): boolean {
	return hashes.length <= PROOF_HASHES_MAX + 3 && hashes.every((hash) => hash.length === HASH_BYTES);
}

const half = (value: number): number => Math.floor(value / 2);
const odd = (value: number): boolean => value % 2 === 1;
const isSize = (value: number): boolean => Number.isSafeInteger(value) && value > 0;

/* RFC 9162, 2.1.3.2: is the leaf at `index` of the tree of `size` leaves whose root is `root`? */
export function inclusionHolds(
	index: number,
	size: number,
	leaf: Uint8Array,
	proof: readonly Uint8Array[],
	root: Uint8Array,
): boolean {
	if (!isSize(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) return false;
	if (!hashesAreWhole(leaf, root, ...proof)) return false;

	let node = index;
	let last = size - 1;
	let hash = leaf;
	for (const sibling of proof) {
		if (last === 0) return false;
		if (odd(node) || node === last) {
			hash = nodeHash(sibling, hash);
			while (!odd(node) && node !== 0) {
				node = half(node);
				last = half(last);
			}
		} else {
			hash = nodeHash(hash, sibling);
		}
		node = half(node);
		last = half(last);
	}
	return last === 0 && equal(hash, root);
}

/* RFC 9162, 2.1.4.2: does the tree of `newSize` begin with the whole tree of `oldSize`? */
export function consistencyHolds(
	oldSize: number,
	newSize: number,
	oldRoot: Uint8Array,
	newRoot: Uint8Array,
	proof: readonly Uint8Array[],
): boolean {
	if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false;
	if (!hashesAreWhole(oldRoot, newRoot, ...proof)) return false;
	if (oldSize === newSize) return proof.length === 0 && equal(oldRoot, newRoot);

	const path = [...proof];
	let node = oldSize - 1;
	let last = newSize - 1;
	while (odd(node)) {
		node = half(node);
		last = half(last);
	}
	/* When the old tree is a whole subtree of the new one, its root starts the path and the proof leaves it out. */
	const start = node === 0 ? oldRoot : path.shift();
	if (start === undefined || path.length === 0) return false;

	let oldHash = start;
	let newHash = start;
	for (const sibling of path) {
		if (last === 0) return false;
		if (odd(node) || node === last) {
			oldHash = nodeHash(sibling, oldHash);
			newHash = nodeHash(sibling, newHash);
			while (!odd(node) && node !== 0) {
				node = half(node);
				last = half(last);
			}
		} else {
			newHash = nodeHash(newHash, sibling);
		}
		node = half(node);
		last = half(last);
	}
	return last === 0 && equal(oldHash, oldRoot) && equal(newHash, newRoot);
}
