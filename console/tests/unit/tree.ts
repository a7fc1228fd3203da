/* A plain RFC 6962 tree, written from the recursive definitions of section 2.1 and not from the verifier, so that the
 * two can disagree. */
import { createHash } from 'node:crypto';

const sha = (...parts: Uint8Array[]): Uint8Array => {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part);
	return new Uint8Array(hash.digest());
};

const split = (n: number): number => {
	let k = 1;
	while (k * 2 < n) k *= 2;
	return k;
};

export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
	if (leaves.length === 0) return sha();
	if (leaves.length === 1) return sha(Uint8Array.of(0), leaves[0]!);
	const k = split(leaves.length);
	return sha(Uint8Array.of(1), treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)));
}

export function treePath(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
	if (leaves.length <= 1) return [];
	const k = split(leaves.length);
	return index < k
		? [...treePath(index, leaves.slice(0, k)), treeRoot(leaves.slice(k))]
		: [...treePath(index - k, leaves.slice(k)), treeRoot(leaves.slice(0, k))];
}

export function treeConsistency(oldSize: number, leaves: readonly Uint8Array[]): Uint8Array[] {
	const part = (m: number, some: readonly Uint8Array[], whole: boolean): Uint8Array[] => {
		if (m === some.length) return whole ? [] : [treeRoot(some)];
		const k = split(some.length);
		return m <= k
			? [...part(m, some.slice(0, k), whole), treeRoot(some.slice(k))]
			: [...part(m - k, some.slice(k), false), treeRoot(some.slice(0, k))];
	};
	return part(oldSize, leaves, true);
}

/* A small generator with a seed one can print and use again. */
export function dice(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}
