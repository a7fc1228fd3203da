import { describe, expect, it } from 'vitest';
import { Malformed, utf8 } from '../../src/lib/ledger/bytes.ts';
import { parseVerifierKey } from '../../src/lib/ledger/note.ts';
import { parseProof, verifyProof } from '../../src/lib/ledger/proof.ts';
import { Signer } from './signer.ts';

const signer = new Signer('legation.invalid/TST', 21).grow(13);
const keys = [parseVerifierKey(signer.vkey)];

describe('tlog-proof', () => {
	it('proves every entry of every size', () => {
		for (let size = 1; size <= 13; size += 3) {
			for (let index = 0; index < size; index++) {
				expect(verifyProof(signer.proof(index, size), keys, undefined, signer.origin).verdict).toBe('proved');
			}
		}
	});

	it('an entry given beside it wins over the one inside', () => {
		expect(verifyProof(signer.proof(4), keys, signer.leaves[4]).verdict).toBe('proved');
		expect(verifyProof(signer.proof(4, 13, false), keys, signer.leaves[4]).verdict).toBe('proved');
		expect(verifyProof(signer.proof(4), keys, signer.leaves[5]).verdict).toBe('not-included');
		expect(verifyProof(signer.proof(4, 13, false), keys).verdict).toBe('no-entry');
	});

	it('says which step failed', () => {
		const good = signer.proof(4);
		const stranger = new Signer('legation.invalid/TST', 22).grow(13);
		expect(verifyProof(good, [parseVerifierKey(stranger.vkey)]).verdict).toBe('no-known-key');
		expect(verifyProof(good, keys, undefined, 'legation.invalid/OTHER').verdict).toBe('wrong-origin');
		expect(verifyProof(good.replace('index 4', 'index 5'), keys).verdict).toBe('not-included');
		expect(verifyProof(good.replace('\n13\n', '\n12\n'), keys).verdict).toBe('bad-signature');
		expect(verifyProof('', keys).verdict).toBe('malformed');
	});

	it('no byte of a proof can change and still prove', () => {
		const good = signer.proof(7, 11);
		for (let at = 0; at < good.length; at++) {
			for (const letter of ['A', '\n', '9']) {
				if (good[at] === letter) continue;
				const bent = good.slice(0, at) + letter + good.slice(at + 1);
				const said = verifyProof(bent, keys, signer.leaves[7], signer.origin);
				/* `extra` is not authenticated, and the entry given wins: only there may a byte change unseen. */
				const inExtra = at < good.indexOf('\nindex');
				if (said.verdict === 'proved') expect(inExtra, `byte ${at} became ${JSON.stringify(letter)}`).toBe(true);
			}
		}
	}, 60_000);

	it.each([
		['another header', (text: string) => text.replace('@v1', '@v2')],
		['no index', (text: string) => text.replace(/index .*\n/, '')],
		['an index with a zero before it', (text: string) => text.replace('index 4', 'index 04')],
		['extra after the index', (text: string) => text.replace(/(extra .*\n)(index .*\n)/, '$2$1')],
		['a hash too short', (text: string) => text.replace(/\n[A-Za-z0-9+/]{43}=\n/, '\nAAAA\n')],
		['no checkpoint', (text: string) => text.slice(0, text.indexOf('\n\n'))],
		['too many hashes', (text: string) => text.replace('\n\n', `\n${'bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n'.repeat(70)}\n`)],
	])('is refused with %s', (_, bend) => {
		expect(() => parseProof(bend(signer.proof(4)))).toThrow(Malformed);
	});

	it('keeps an entry of any bytes', () => {
		const odd = new Signer('legation.invalid/ODD', 23);
		odd.leaves = [utf8('é\n\n— x'), new Uint8Array(), Uint8Array.of(0, 255, 10)];
		odd.leaves.forEach((_, i) => expect(verifyProof(odd.proof(i), [parseVerifierKey(odd.vkey)]).verdict).toBe('proved'));
	});
});
