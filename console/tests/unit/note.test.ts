import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { base64, concat, fromBase64, fromDecimal, fromHex, hex, Malformed, utf8 } from '../../src/lib/ledger/bytes.ts';
import { openCheckpoint, parseCheckpointText } from '../../src/lib/ledger/checkpoint.ts';
import { signatureHolds } from '../../src/lib/ledger/ed25519.ts';
import { keyId, parseNote, parseVerifierKey, verifyNote } from '../../src/lib/ledger/note.ts';
import { dice } from './tree.ts';

/* Published: RFC 8032, 7.1. */
const RFC8032: [string, string, string][] = [
	['d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '', 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'],
	['3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '72', '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'],
	['fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', 'af82', '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a'],
];

/* The eight points of small order, and their spellings that are not canonical. */
const SMALL_ORDER = [
	'0000000000000000000000000000000000000000000000000000000000000000',
	'0100000000000000000000000000000000000000000000000000000000000000',
	'26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
	'26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
	'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
	'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
	'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
	'0000000000000000000000000000000000000000000000000000000000000080',
	'0100000000000000000000000000000000000000000000000000000000000080',
	'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
	'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
	'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function keyOf(seed: number): { sign: (text: Uint8Array) => Uint8Array; key: Uint8Array } {
	const der = concat(fromHex('302e020100300506032b657004220420'), new Uint8Array(32).fill(seed));
	const secret = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
	const key = new Uint8Array(createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32));
	return { key, sign: (text) => new Uint8Array(sign(null, text, secret)) };
}

describe('Ed25519', () => {
	it.each(RFC8032)('key %s', (key, text, signature) => {
		expect(signatureHolds(fromHex(signature), fromHex(text), fromHex(key))).toBe(true);
		expect(signatureHolds(fromHex(signature), fromHex(`${text}00`), fromHex(key))).toBe(false);
	});

	it('takes what another implementation signs, and nothing that was bent afterwards', () => {
		const seed = 4711;
		const random = dice(seed);
		for (let round = 0; round < 12; round++) {
			const { key, sign } = keyOf(1 + Math.floor(random() * 250));
			const text = utf8(`round ${round}`);
			const signature = sign(text);
			expect(signatureHolds(signature, text, key), `seed ${seed}`).toBe(true);
			const bent = signature.slice();
			bent[Math.floor(random() * 64)]! ^= 1 << Math.floor(random() * 8);
			expect(signatureHolds(bent, text, key), `seed ${seed}`).toBe(false);
		}
	});

	it('refuses S + L, wrong lengths, and every point of small order as key or as R', () => {
		const { key, sign } = keyOf(9);
		const text = utf8('text');
		const signature = sign(text);
		const s = signature.slice(32).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n) + ORDER;
		const tall = concat(signature.slice(0, 32), Uint8Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * i)) & 255n)));
		expect(signatureHolds(tall, text, key)).toBe(false);
		expect(signatureHolds(signature.slice(0, 63), text, key)).toBe(false);
		expect(signatureHolds(signature, text, key.slice(0, 31))).toBe(false);
		for (const point of SMALL_ORDER) {
			/* With S = 0 and both points small, the equation holds for many a text unless somebody looks. */
			for (const r of SMALL_ORDER) {
				const zero = concat(fromHex(r), new Uint8Array(32));
				expect(signatureHolds(zero, text, fromHex(point))).toBe(false);
			}
			expect(signatureHolds(concat(fromHex(point), signature.slice(32)), text, key)).toBe(false);
		}
	});
});

describe('bytes', () => {
	it('spells base64 one way only', () => {
		for (let length = 0; length < 40; length++) {
			const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
			expect(base64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
			expect(fromBase64(base64(bytes))).toEqual(bytes);
		}
		for (const wrong of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AA=A', 'A===', 'AA A', 'AAA\n', 'AA-_', '====', 'AAAA=']) {
			expect(() => fromBase64(wrong), wrong).toThrow(Malformed);
		}
	});

	it('reads plain decimals only', () => {
		expect(fromDecimal('0')).toBe(0);
		expect(fromDecimal('9007199254740991')).toBe(2 ** 53 - 1);
		for (const wrong of ['', '00', '01', '-1', '+1', '1.0', '1e3', ' 1', '9007199254740992', '18446744073709551615']) {
			expect(() => fromDecimal(wrong), wrong).toThrow(Malformed);
		}
	});
});

/* Published: C2SP signed-note, and golang.org/x/mod/sumdb/note. */
const FOO = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const FOO_NOTE =
	'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
const NEUMANN = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const NEUMANN_NOTE =
	'If you think cryptography is the answer to your problem,\nthen you don\'t know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

describe('signed notes', () => {
	it('verifies the published ones', () => {
		expect(verifyNote(parseNote(FOO_NOTE), [parseVerifierKey(FOO)])).toBe('signed');
		expect(verifyNote(parseNote(NEUMANN_NOTE), [parseVerifierKey(NEUMANN)])).toBe('signed');
	});

	it('passes over strangers, and rejects a known key that signed something else', () => {
		const both = FOO_NOTE + NEUMANN_NOTE.split('\n').at(-2) + '\n';
		expect(verifyNote(parseNote(both), [parseVerifierKey(FOO)])).toBe('signed');
		expect(verifyNote(parseNote(both), [parseVerifierKey(FOO), parseVerifierKey(NEUMANN)])).toBe('bad-signature');
		expect(verifyNote(parseNote(FOO_NOTE), [parseVerifierKey(NEUMANN)])).toBe('no-known-key');
		expect(verifyNote(parseNote(FOO_NOTE), [])).toBe('no-known-key');
		expect(verifyNote(parseNote(FOO_NOTE.replace('example m', 'exemple m')), [parseVerifierKey(FOO)])).toBe('bad-signature');
	});

	it('splits at the last empty line', () => {
		const { key, sign } = keyOf(3);
		const text = 'one\n\ntwo\n\n\nthree\n';
		const note = `${text}\n— a/b ${base64(concat(keyId('a/b', 1, key), sign(utf8(text))))}\n`;
		const vkey = `a/b+${hex(keyId('a/b', 1, key))}+${base64(concat(Uint8Array.of(1), key))}`;
		expect(parseNote(note).text).toBe(text);
		expect(verifyNote(parseNote(note), [parseVerifierKey(vkey)])).toBe('signed');
	});

	it('accepts sixteen signatures and bounds the rest', () => {
		const line = FOO_NOTE.split('\n').at(-2)! + '\n';
		expect(verifyNote(parseNote(FOO_NOTE + line.repeat(15)), [parseVerifierKey(FOO)])).toBe('signed');
		expect(() => parseNote(FOO_NOTE + line.repeat(64))).toThrow(Malformed);
	});

	it.each([
		['no signature', 'text\n'],
		['no empty line', 'text\n— a AAAAAAA=\n'],
		['no last newline', FOO_NOTE.slice(0, -1)],
		['a hyphen for the dash', FOO_NOTE.replace('—', '-')],
		['a tab', FOO_NOTE.replace('an example', 'an\texample')],
		['a carriage return', FOO_NOTE.replace('message.\n', 'message.\r\n')],
		['a delete', FOO_NOTE.replace('an example', 'an\u007fexample')],
		['a NUL', FOO_NOTE.replace('an example', 'an\u0000example')],
		['broken UTF-8', FOO_NOTE.replace('an example', 'an\ufffdexample')],
		['base64 with stray bits', FOO_NOTE.replace('eyaQM=', 'eyaQN=')],
		['a signature too short', 'text\n\n— a AAAA\n'],
		['a plus in the name', FOO_NOTE.replace('— example.com/foo', '— example.com+foo')],
		['a wide space in the name', FOO_NOTE.replace('— example.com/foo', '— example.com\u3000foo')],
		['two spaces', FOO_NOTE.replace('/foo Uw', '/foo  Uw')],
		['nothing', ''],
	])('refuses %s', (_, note) => {
		expect(() => parseNote(note)).toThrow(Malformed);
	});

	it.each([
		['an id that is not its own', FOO.replace('530d903a', '530d903b')],
		['an id in capitals', FOO.replace('530d903a', '530D903A')],
		['an unknown type', FOO.replace('+Aeky', '+Beky')],
		['a space in the name', FOO.replace('example.com', 'example com')],
		['no key', 'example.com/foo+530d903a+'],
		['nothing', ''],
	])('refuses a verifier key with %s', (_, vkey) => {
		expect(() => parseVerifierKey(vkey)).toThrow(Malformed);
	});

	it('verifies a cosignature over its own time', () => {
		const { key, sign } = keyOf(5);
		const text = 'origin\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n';
		const time = 1_800_000_000n;
		const stamp = new Uint8Array(8);
		new DataView(stamp.buffer).setBigUint64(0, time);
		const signature = sign(utf8(`cosignature/v1\ntime ${time}\n${text}`));
		const note = (at: Uint8Array): string => `${text}\n— w/1 ${base64(concat(keyId('w/1', 4, key), at, signature))}\n`;
		const vkey = parseVerifierKey(`w/1+${hex(keyId('w/1', 4, key))}+${base64(concat(Uint8Array.of(4), key))}`);
		expect(verifyNote(parseNote(note(stamp)), [vkey])).toBe('signed');
		stamp[7]! ^= 1;
		expect(verifyNote(parseNote(note(stamp)), [vkey])).toBe('bad-signature');
	});
});

describe('checkpoints', () => {
	const ROOT = 'bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=';
	it('are origin, size and root', () => {
		expect(parseCheckpointText(`o\n7\n${ROOT}\n`)).toMatchObject({ origin: 'o', size: 7, extensions: [] });
		expect(parseCheckpointText(`o\n7\n${ROOT}\nmore\n`).extensions).toEqual(['more']);
		for (const wrong of ['', 'o\n7\n', `o\n07\n${ROOT}\n`, `\n7\n${ROOT}\n`, `o\n7\nAAAA\n`, `o\n7\n${ROOT}`, `o\n7\n${ROOT}\n\nx\n`, `o\n-7\n${ROOT}\n`]) {
			expect(() => parseCheckpointText(wrong), JSON.stringify(wrong)).toThrow(Malformed);
		}
	});

	it('are of the origin one asked for', () => {
		const { key, sign } = keyOf(6);
		const text = `legation.invalid/T\n1\n${ROOT}\n`;
		const note = `${text}\n— legation.invalid/T ${base64(concat(keyId('legation.invalid/T', 1, key), sign(utf8(text))))}\n`;
		const keys = [parseVerifierKey(`legation.invalid/T+${hex(keyId('legation.invalid/T', 1, key))}+${base64(concat(Uint8Array.of(1), key))}`)];
		expect(openCheckpoint(note, keys).verdict).toBe('signed');
		expect(openCheckpoint(note, keys, 'legation.invalid/T').verdict).toBe('signed');
		expect(openCheckpoint(note, keys, 'legation.invalid/U').verdict).toBe('wrong-origin');
		expect(openCheckpoint(note.replace('\n1\n', '\n2\n'), keys).verdict).toBe('bad-signature');
		expect(openCheckpoint(note, []).verdict).toBe('no-known-key');
		expect(openCheckpoint(FOO_NOTE, [parseVerifierKey(FOO)]).verdict).toBe('malformed');
	});
});
