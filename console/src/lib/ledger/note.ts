/* lib/ledger/note.ts - C2SP signed notes and their verifier keys.
 *
 * A note is taken apart strictly and verified against keys we already hold; it never tells us which key to trust.
 */
import { sha256 } from '@noble/hashes/sha2';
import { concat, equal, fromBase64, hex, Malformed, utf8 } from './bytes.ts';
import { KEY_BYTES, SIGNATURE_BYTES, signatureHolds } from './ed25519.ts';

export const NOTE_CHARACTERS_MAX = 1_000_000;
export const SIGNATURES_MAX = 64;

const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const KEY_ID_BYTES = 4;
const COSIGNATURE_TIME_BYTES = 8;

export interface VerifierKey {
	name: string;
	id: Uint8Array;
	type: number;
	key: Uint8Array;
}

export interface NoteSignature {
	name: string;
	id: Uint8Array;
	bytes: Uint8Array;
}

export interface Note {
	text: string; /* ends in a newline */
	signatures: NoteSignature[];
}

function checkName(name: string): void {
	if (name === '' || /[\p{White_Space}+]/u.test(name)) throw new Malformed('a key name that is none');
}

export function keyId(name: string, type: number, key: Uint8Array): Uint8Array {
	return sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), key)).slice(0, KEY_ID_BYTES);
}

/* `<name>+<key id, 8 hex>+<base64(type ‖ key)>`. Base64 itself may hold a plus. */
export function parseVerifierKey(vkey: string): VerifierKey {
	const parts = /^([^+]*)\+([0-9a-f]{8})\+(.+)$/s.exec(vkey);
	if (parts === null) throw new Malformed('not a verifier key');
	const [, name = '', idText = '', keyText = ''] = parts;
	checkName(name);
	const bytes = fromBase64(keyText);
	const type = bytes[0];
	const key = bytes.slice(1);
	if (type !== ED25519 && type !== COSIGNATURE) throw new Malformed('a verifier key of an unknown type');
	if (key.length !== KEY_BYTES) throw new Malformed('a verifier key of a wrong length');
	const id = keyId(name, type, key);
	if (hex(id) !== idText) throw new Malformed('a verifier key whose id is not its own');
	return { name, id, type, key };
}

function parseSignature(line: string): NoteSignature {
	const parts = /^— ([^ ]+) ([^ ]+)$/.exec(line);
	if (parts === null) throw new Malformed('not a signature line');
	const [, name = '', text = ''] = parts;
	checkName(name);
	const bytes = fromBase64(text);
	if (bytes.length <= KEY_ID_BYTES) throw new Malformed('a signature too short');
	return { name, id: bytes.slice(0, KEY_ID_BYTES), bytes: bytes.slice(KEY_ID_BYTES) };
}

/* The text ends at the last empty line: a text may hold empty lines of its own. */
export function parseNote(note: string): Note {
	if (note.length > NOTE_CHARACTERS_MAX) throw new Malformed('a note too long');
	/* Control characters but the newline, halves of surrogate pairs, and what a decoder puts for bytes not UTF-8. */
	if (/[\u0000-\u0009\u000b-\u001f\u007f\ufffd]|\p{Surrogate}/u.test(note)) throw new Malformed('a note with stray characters');
	const split = note.lastIndexOf('\n\n');
	if (split < 0 || !note.endsWith('\n')) throw new Malformed('a note without signatures');
	const lines = note.slice(split + 2, -1).split('\n');
	if (lines.length > SIGNATURES_MAX) throw new Malformed('a note with too many signatures');
	return { text: note.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

function holds(signature: NoteSignature, text: string, key: VerifierKey): boolean {
	if (key.type === ED25519) {
		return signature.bytes.length === SIGNATURE_BYTES && signatureHolds(signature.bytes, utf8(text), key.key);
	}
	if (signature.bytes.length !== COSIGNATURE_TIME_BYTES + SIGNATURE_BYTES) return false;
	const time = new DataView(signature.bytes.buffer, signature.bytes.byteOffset).getBigUint64(0);
	const signed = utf8(`cosignature/v1\ntime ${time}\n${text}`);
	return signatureHolds(signature.bytes.slice(COSIGNATURE_TIME_BYTES), signed, key.key);
}

export type NoteVerdict = 'signed' | 'bad-signature' | 'no-known-key';

/* Unknown keys are passed over; one known key whose signature fails spoils the note. */
export function verifyNote(note: Note, keys: readonly VerifierKey[]): NoteVerdict {
	let found = false;
	const seen: VerifierKey[] = [];
	for (const signature of note.signatures) {
		const key = keys.find((known) => known.name === signature.name && equal(known.id, signature.id));
		if (key === undefined || seen.includes(key)) continue;
		if (!holds(signature, note.text, key)) return 'bad-signature';
		seen.push(key);
		found = true;
	}
	return found ? 'signed' : 'no-known-key';
}
