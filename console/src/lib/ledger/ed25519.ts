/* lib/ledger/ed25519.ts - is this an Ed25519 signature of that key over that text?
 *
 * Browsers differ in the odd corners (keys of small order, encodings that are not canonical), and a proof that one
 * browser accepts and another refuses proves nothing. So the corners are closed here, as tight as they go: canonical
 * encodings only, no small order for the key or for R, S below the group's order, and the equation without a cofactor.
 * An honest signer never comes near any of them.
 */
import * as noble from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2';
import { concat, equal } from './bytes.ts';

export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

const { Point, CURVE } = noble;

function littleEndian(bytes: Uint8Array): bigint {
	return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/* The point of a canonical encoding that lies in no small subgroup, or undefined. */
function soundPoint(bytes: Uint8Array): InstanceType<typeof Point> | undefined {
	try {
		const point = Point.fromBytes(bytes);
		return point.multiply(CURVE.h, false).is0() ? undefined : point;
	} catch {
		return undefined; /* not on the curve, or not canonical */
	}
}

export function signatureHolds(signature: Uint8Array, text: Uint8Array, key: Uint8Array): boolean {
	if (signature.length !== SIGNATURE_BYTES || key.length !== KEY_BYTES) return false;
	const r = signature.slice(0, 32);
	const s = littleEndian(signature.slice(32));
	const a = soundPoint(key);
	if (s >= CURVE.n || a === undefined || soundPoint(r) === undefined) return false;

	const challenge = littleEndian(sha512(concat(r, key, text))) % CURVE.n;
	/* R must be S·B - k·A. */
	const sb = s === 0n ? Point.ZERO : Point.BASE.multiply(s, false);
	const expected = sb.add(a.negate().multiply(challenge, false));
	return !expected.is0() && equal(expected.toBytes(), r);
}
