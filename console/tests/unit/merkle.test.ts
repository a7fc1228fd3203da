import { describe, expect, it } from 'vitest';
import { base64, equal, fromHex, hex, utf8 } from '../../src/lib/ledger/bytes.ts';
import { consistencyHolds, emptyRoot, inclusionHolds, leafHash, nodeHash } from '../../src/lib/ledger/merkle.ts';
import { dice, treeConsistency, treePath, treeRoot } from './tree.ts';

/* Published: the inputs and answers of the Certificate Transparency test suite (transparency-dev/merkle). */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(fromHex);
const LEAVES = [
	'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
	'96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
	'0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7',
	'07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7',
	'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
	'4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658',
	'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
	'46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1',
];
const ROOTS = [
	'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
	'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
	'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
	'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
	'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
	'4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
	'76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
	'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
	'5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION: [number, number, string[]][] = [
	[0, 8, ['96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4']],
	[5, 8, ['bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b', 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7']],
	[2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
	[1, 5, ['6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b']],
];
const CONSISTENCY: [number, number, string[]][] = [
	[1, 8, ['96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7', '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4']],
	[6, 8, ['0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a', 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7']],
	[2, 5, ['5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b']],
	[6, 7, ['0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a', 'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7']],
];
const LARGE: [number, string][] = [
	[10, 'VjWMPSYNtCuCNlF/RLnQy6HcwSk6CIipfxm+hettA+4='],
	[15, 'j4SulYmocFuxdeyp12xXCIgK6PekBcxzAIj4zbQzNEI='],
	[16, 'c+4Uc6BCMOZf/v3NZK1kqTUJe+bBoFtOhP+P3SayKRE='],
	[255, 'SmdsuKUqiod3RX2jyF2M6JnbdE4QuTwwipfAowI4/i0='],
	[256, 'qFI0t/tZ1MdOYgyPpPzHFiZVw86koScXy9q3FU5casA='],
	[4095, 'cWRFdQhPcjn9WyBXE/r1f04ejxIm5lvg40DEpRBVS0w='],
	[4096, '6uU/phfHg1n/GksYT6TO9aN8EauMCCJRl3dIK0HDs2M='],
];

describe('the published vectors', () => {
	it('hash leaves and nodes', () => {
		expect(INPUTS.map((input) => hex(leafHash(input)))).toEqual(LEAVES);
		expect(hex(emptyRoot())).toBe(ROOTS[0]);
		expect(hex(leafHash(utf8('L123456')))).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56');
		expect(hex(nodeHash(utf8('N123'), utf8('N456')))).toBe('aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb');
	});

	it('agree with the tree the other tests are made from', () => {
		ROOTS.forEach((root, n) => expect(hex(treeRoot(INPUTS.slice(0, n)))).toBe(root));
		for (const [n, root] of LARGE) {
			const leaves = Array.from({ length: n }, (_, i) => Uint8Array.of(i & 255, (i >> 8) & 255));
			expect(base64(treeRoot(leaves))).toBe(root);
		}
	});

	it.each(INCLUSION)('include leaf %i in the tree of %i', (index, size, proof) => {
		expect(inclusionHolds(index, size, fromHex(LEAVES[index]!), proof.map(fromHex), fromHex(ROOTS[size]!))).toBe(true);
	});

	it.each(CONSISTENCY)('grow from %i to %i', (from, to, proof) => {
		expect(consistencyHolds(from, to, fromHex(ROOTS[from]!), fromHex(ROOTS[to]!), proof.map(fromHex))).toBe(true);
	});
});

/* Every way the published negative corpus bends a good proof. */
const flip = (hash: Uint8Array, bit: number): Uint8Array => hash.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
const junk = new Uint8Array(32).fill(0xa5);

function bentProofs(proof: Uint8Array[], roots: Uint8Array[]): Uint8Array[][] {
	const bent: Uint8Array[][] = [
		[...proof, new Uint8Array()],
		[...proof, junk],
		[new Uint8Array(), ...proof],
		[junk, ...proof],
		...roots.flatMap((root) => [[...proof, root], [root, ...proof]]),
		...proof.map((_, i) => proof.map((hash, j) => (i === j ? flip(hash, 4) : hash))),
		...proof.map((_, i) => proof.map((hash, j) => (i === j ? hash.slice(0, 31) : hash))),
	];
	if (proof.length > 0) bent.push(proof.slice(0, -1), proof.slice(1), []);
	return bent;
}

const bentNumbers = (n: number): number[] => [n - 1, n + 1, n ^ 2, n * 2, Math.floor(n / 2), n + 0.5, -n - 1, NaN, Infinity, 2 ** 53];

describe('bent inclusion proofs', () => {
	for (const [index, size, hashes] of INCLUSION) {
		const proof = hashes.map(fromHex);
		const leaf = fromHex(LEAVES[index]!);
		const root = fromHex(ROOTS[size]!);
		it(`of ${index} in ${size} are refused`, () => {
			for (const bent of bentProofs(proof, [root])) expect(inclusionHolds(index, size, leaf, bent, root)).toBe(false);
			for (const other of bentNumbers(index)) if (other !== index) expect(inclusionHolds(other, size, leaf, proof, root)).toBe(false);
			expect(inclusionHolds(index, size, flip(leaf, 9), proof, root)).toBe(false);
			expect(inclusionHolds(index, size, leaf, proof, flip(root, 9))).toBe(false);
			expect(inclusionHolds(index, size, leaf, proof, new Uint8Array())).toBe(false);
			expect(inclusionHolds(index, 0, leaf, proof, root)).toBe(false);
			expect(inclusionHolds(index, index, leaf, proof, root)).toBe(false);
		});
	}

	it('of one entry: empty hashes are no hashes', () => {
		expect(inclusionHolds(0, 1, new Uint8Array(), [], new Uint8Array())).toBe(false);
		expect(inclusionHolds(0, 1, fromHex(LEAVES[0]!), [], fromHex(ROOTS[1]!))).toBe(true);
	});

	it('longer than the tree is deep are refused even where the sum comes out', () => {
		const leaf = fromHex(LEAVES[0]!);
		expect(inclusionHolds(0, 1, leaf, [junk], nodeHash(junk, leaf))).toBe(false);
		expect(inclusionHolds(1, 2, leaf, [junk, junk], nodeHash(junk, nodeHash(junk, leaf)))).toBe(false);
	});
});

describe('bent consistency proofs', () => {
	for (const [from, to, hashes] of CONSISTENCY) {
		const proof = hashes.map(fromHex);
		const before = fromHex(ROOTS[from]!);
		const after = fromHex(ROOTS[to]!);
		it(`from ${from} to ${to} are refused`, () => {
			for (const bent of bentProofs(proof, [before, after])) expect(consistencyHolds(from, to, before, after, bent)).toBe(false);
			for (const other of bentNumbers(from)) if (other !== from) expect(consistencyHolds(other, to, before, after, proof)).toBe(false);
			expect(consistencyHolds(from, from - 1, before, after, proof)).toBe(false);
			expect(consistencyHolds(from, to, after, before, proof)).toBe(false);
			expect(consistencyHolds(from, to, flip(before, 3), after, proof)).toBe(false);
			expect(consistencyHolds(from, to, before, flip(after, 3), proof)).toBe(false);
			expect(consistencyHolds(from, to, new Uint8Array(), after, proof)).toBe(false);
		});
	}

	it('nothing is proved of an empty tree, and a tree is itself', () => {
		expect(consistencyHolds(0, 0, emptyRoot(), emptyRoot(), [])).toBe(false);
		expect(consistencyHolds(0, 8, emptyRoot(), fromHex(ROOTS[8]!), [])).toBe(false);
		expect(consistencyHolds(5, 5, fromHex(ROOTS[5]!), fromHex(ROOTS[5]!), [])).toBe(true);
		expect(consistencyHolds(5, 5, fromHex(ROOTS[5]!), fromHex(ROOTS[4]!), [])).toBe(false);
		expect(consistencyHolds(5, 5, fromHex(ROOTS[5]!), fromHex(ROOTS[5]!), [junk])).toBe(false);
	});
});

describe('every tree up to 33', () => {
	const leaves = Array.from({ length: 33 }, (_, i) => utf8(`entry ${i}`));

	it('proves each of its leaves, and no leaf elsewhere', () => {
		for (let size = 1; size <= leaves.length; size++) {
			const some = leaves.slice(0, size);
			const root = treeRoot(some);
			for (let index = 0; index < size; index++) {
				const proof = treePath(index, some);
				expect(inclusionHolds(index, size, leafHash(some[index]!), proof, root)).toBe(true);
				const other = (index + 1) % size;
				if (other !== index) expect(inclusionHolds(other, size, leafHash(some[index]!), proof, root)).toBe(false);
			}
		}
	});

	it('proves each of its beginnings, and no other tree', () => {
		const seed = 20260;
		const random = dice(seed);
		for (let to = 1; to <= leaves.length; to++) {
			for (let from = 1; from <= to; from++) {
				const some = leaves.slice(0, to);
				const before = treeRoot(leaves.slice(0, from));
				const proof = treeConsistency(from, some);
				expect(consistencyHolds(from, to, before, treeRoot(some), proof), `seed ${seed}`).toBe(true);
				const at = Math.floor(random() * from);
				const forged = some.map((leaf, i) => (i === at ? utf8('forged') : leaf));
				expect(equal(treeRoot(forged), treeRoot(some))).toBe(false);
				expect(consistencyHolds(from, to, before, treeRoot(forged), treeConsistency(from, forged)), `seed ${seed}`).toBe(false);
			}
		}
	});
});
