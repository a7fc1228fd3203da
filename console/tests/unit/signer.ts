/* A little ledger that signs, for the tests of those who verify. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { base64, concat, fromHex, hex, utf8 } from '../../src/lib/ledger/bytes.ts';
import { keyId } from '../../src/lib/ledger/note.ts';
import { treeConsistency, treePath, treeRoot } from './tree.ts';

export class Signer {
	readonly #secret;
	readonly key: Uint8Array;
	leaves: Uint8Array[] = [];

	constructor(
		readonly origin: string,
		seed: number,
	) {
		const der = concat(fromHex('302e020100300506032b657004220420'), new Uint8Array(32).fill(seed));
		this.#secret = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
		this.key = new Uint8Array(createPublicKey(this.#secret).export({ format: 'der', type: 'spki' }).subarray(-32));
	}

	get vkey(): string {
		return `${this.origin}+${hex(keyId(this.origin, 1, this.key))}+${base64(concat(Uint8Array.of(1), this.key))}`;
	}

	grow(to: number, word = 'entry'): this {
		while (this.leaves.length < to) this.leaves.push(utf8(`{"seq":${this.leaves.length},"type":"${word}"}`));
		return this;
	}

	note(size = this.leaves.length): string {
		const text = `${this.origin}\n${size}\n${base64(treeRoot(this.leaves.slice(0, size)))}\n`;
		const signature = new Uint8Array(sign(null, utf8(text), this.#secret));
		return `${text}\n— ${this.origin} ${base64(concat(keyId(this.origin, 1, this.key), signature))}\n`;
	}

	consistency(from: number, to: number): string[] {
		return treeConsistency(from, this.leaves.slice(0, to)).map(base64);
	}

	proof(index: number, size = this.leaves.length, extra = true): string {
		const path = treePath(index, this.leaves.slice(0, size)).map(base64);
		const head = ['c2sp.org/tlog-proof@v1', ...(extra ? [`extra ${base64(this.leaves[index]!)}`] : []), `index ${index}`];
		return [...head, ...path, '', this.note(size)].join('\n');
	}
}
