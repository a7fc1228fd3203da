/* lib/ledger/bytes.ts - bytes, hexadecimal and base64, strictly: what is not the one canonical spelling is refused. */

export class Malformed extends Error {}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Map([...ALPHABET].map((letter, value) => [letter, value]));

export function equal(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	return a.every((byte, i) => byte === b[i]);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
	const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

export function utf8(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

export function hex(bytes: Uint8Array): string {
	return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(text: string): Uint8Array {
	if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new Malformed('not lower-case hexadecimal');
	return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function base64(bytes: Uint8Array): string {
	let text = '';
	for (let i = 0; i < bytes.length; i += 3) {
		const left = bytes.length - i;
		const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		text += ALPHABET[word >> 18]! + ALPHABET[(word >> 12) & 63]!;
		text += left > 1 ? ALPHABET[(word >> 6) & 63]! : '=';
		text += left > 2 ? ALPHABET[word & 63]! : '=';
	}
	return text;
}

/* Standard alphabet, padded, no stray bits in the last letter, nothing else. */
export function fromBase64(text: string): Uint8Array {
	if (text.length % 4 !== 0) throw new Malformed('base64 of a wrong length');
	const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
	const letters = text.slice(0, text.length - padding);
	const bytes = new Uint8Array((text.length / 4) * 3 - padding);
	let word = 0;
	let bits = 0;
	let at = 0;
	for (const letter of letters) {
		const value = VALUES.get(letter);
		if (value === undefined) throw new Malformed('a letter that is not base64');
		word = ((word << 6) | value) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[at++] = (word >> bits) & 0xff;
		}
	}
	if ((word & ((1 << bits) - 1)) !== 0) throw new Malformed('base64 with stray bits');
	return bytes;
}

/* A decimal without leading zeroes that a number holds exactly. */
export function fromDecimal(text: string): number {
	if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) throw new Malformed('not a plain decimal');
	const value = Number(text);
	if (!Number.isSafeInteger(value)) throw new Malformed('a decimal beyond 2^53');
	return value;
}
