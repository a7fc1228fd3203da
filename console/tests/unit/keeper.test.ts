import { describe, expect, it } from 'vitest';
import { Keeper, type KeeperServer } from '../../src/lib/ledger/keeper.ts';
import { Signer } from './signer.ts';

const ORIGIN = 'legation.invalid/TST';

function memory(): { read(name: string): string | null; write(name: string, value: string): void; kept: Map<string, string> } {
	const kept = new Map<string, string>();
	return { kept, read: (name) => kept.get(name) ?? null, write: (name, value) => void kept.set(name, value) };
}

function serve(signer: Signer): KeeperServer {
	return {
		checkpoint: () => Promise.resolve(signer.note()),
		consistency: (from) => {
			const to = signer.leaves.length;
			return Promise.resolve(from > to ? undefined : { hashes: signer.consistency(from, to), note: signer.note() });
		},
	};
}

describe('the keeper of checkpoints', () => {
	it('takes the first and follows a ledger that grows', async () => {
		const signer = new Signer(ORIGIN, 1).grow(3);
		const store = memory();
		const keeper = new Keeper(signer.vkey, ORIGIN, store, serve(signer));
		expect(await keeper.judge(signer.note())).toEqual({ state: 'first', size: 3 });
		for (const size of [4, 7, 8, 20]) {
			signer.grow(size);
			expect(await keeper.judge(signer.note())).toEqual({ state: 'extends', size });
		}
		expect(await keeper.judge(signer.note())).toEqual({ state: 'extends', size: 20 });
		/* Another day, another tab: what was kept is found again. */
		const again = new Keeper(signer.vkey, ORIGIN, store, serve(signer.grow(25)));
		expect(await again.judge(signer.note())).toEqual({ state: 'extends', size: 25 });
	});

	it('names a rollback, and keeps the evidence', async () => {
		const signer = new Signer(ORIGIN, 1).grow(20);
		const store = memory();
		const kept = signer.note();
		await new Keeper(signer.vkey, ORIGIN, store, serve(signer)).judge(kept);
		const back = new Signer(ORIGIN, 1).grow(12);
		const keeper = new Keeper(back.vkey, ORIGIN, store, serve(back));
		expect(await keeper.judge(back.note())).toEqual({ trouble: 'rollback', kept, shown: back.note(), keptSize: 20, shownSize: 12 });
		expect([...store.kept.values()]).toContain(kept);
	});

	it('names a rollback that has grown past the old size as a fork', async () => {
		const signer = new Signer(ORIGIN, 1).grow(20);
		const store = memory();
		await new Keeper(signer.vkey, ORIGIN, store, serve(signer)).judge(signer.note());
		const forked = new Signer(ORIGIN, 1).grow(12).grow(30, 'other');
		const keeper = new Keeper(forked.vkey, ORIGIN, store, serve(forked));
		expect(await keeper.judge(forked.note())).toMatchObject({ trouble: 'fork', keptSize: 20, shownSize: 30 });
		expect(await keeper.judge(forked.note(20))).toMatchObject({ trouble: 'fork', keptSize: 20, shownSize: 20 });
	});

	it('names a rollback to before a checkpoint that was shown but never proved', async () => {
		const signer = new Signer(ORIGIN, 1).grow(10);
		const store = memory();
		const keeper = new Keeper(signer.vkey, ORIGIN, store, serve(signer));
		await keeper.judge(signer.note());
		const shown = signer.grow(30).note();
		signer.leaves.length = 20;
		expect(await keeper.judge(shown)).toMatchObject({ trouble: 'rollback', kept: shown, keptSize: 30, shownSize: 20 });
		/* And again tomorrow, in another window. */
		const later = new Keeper(signer.vkey, ORIGIN, store, serve(signer));
		expect(await later.judge(signer.note())).toMatchObject({ trouble: 'rollback', keptSize: 30 });
	});

	it('takes a refusal to prove, and a proof that is none, for a fork', async () => {
		const signer = new Signer(ORIGIN, 1).grow(5);
		for (const hashes of [undefined, [], ['AAAA'], ['?']]) {
			const proof = hashes === undefined ? undefined : { hashes, note: signer.note() };
			const server = { ...serve(signer), consistency: () => Promise.resolve(proof) };
			const keeper = new Keeper(signer.vkey, ORIGIN, memory(), server);
			await keeper.judge(signer.note(3));
			expect(await keeper.judge(signer.note(5))).toMatchObject({ trouble: 'fork' });
		}
	});

	it('says nothing of a server that cannot be reached, and asks again', async () => {
		const signer = new Signer(ORIGIN, 1).grow(5);
		let away = true;
		const there = serve(signer);
		const keeper = new Keeper(signer.vkey, ORIGIN, memory(), {
			...there,
			consistency: (from) => (away ? Promise.reject(new Error('away')) : there.consistency(from)),
		});
		await keeper.judge(signer.note(3));
		expect(await keeper.judge(signer.note(5))).toEqual({ state: 'unreached', size: 5 });
		away = false;
		expect(await keeper.judge(signer.note(5))).toEqual({ state: 'extends', size: 5 });
	});

	it('does not take a late message for a rollback', async () => {
		const signer = new Signer(ORIGIN, 1).grow(9);
		const keeper = new Keeper(signer.vkey, ORIGIN, memory(), serve(signer));
		await keeper.judge(signer.note(9));
		expect(await keeper.judge(signer.note(6))).toEqual({ state: 'extends', size: 9 });
	});

	it('lets another window go ahead', async () => {
		const signer = new Signer(ORIGIN, 1).grow(9);
		const store = memory();
		const one = new Keeper(signer.vkey, ORIGIN, store, serve(signer));
		const two = new Keeper(signer.vkey, ORIGIN, store, serve(signer));
		await one.judge(signer.note(4));
		await two.judge(signer.note(9));
		expect(await one.judge(signer.note(7))).toEqual({ state: 'extends', size: 9 });
	});

	it('is not led past a fork by a server that has grown meanwhile', async () => {
		const honest = new Signer(ORIGIN, 1).grow(5);
		const forked = new Signer(ORIGIN, 1).grow(5).grow(9, 'other');
		const keeper = new Keeper(honest.vkey, ORIGIN, memory(), serve(honest));
		await keeper.judge(honest.note());
		honest.grow(14);
		expect(await keeper.judge(honest.note(12))).toEqual({ state: 'extends', size: 14 });
		honest.grow(20);
		const other = new Signer(ORIGIN, 1);
		other.leaves = [...forked.leaves, ...honest.leaves.slice(9, 17)];
		expect(await keeper.judge(other.note(17))).toMatchObject({ trouble: 'fork' });
	});

	it('names a checkpoint that the key has not signed, or that is of another post', async () => {
		const signer = new Signer(ORIGIN, 1).grow(4);
		const keeper = new Keeper(signer.vkey, ORIGIN, memory(), serve(signer));
		expect(await keeper.judge(signer.note().replace('\n4\n', '\n5\n'))).toMatchObject({ trouble: 'bad-signature' });
		expect(await keeper.judge('nonsense')).toMatchObject({ trouble: 'bad-signature' });
		expect(await new Keeper(signer.vkey, 'legation.invalid/X', memory(), serve(signer)).judge(signer.note())).toMatchObject({
			trouble: 'bad-signature',
		});
	});

	it('notices another key, until a person trusts it', async () => {
		const store = memory();
		const old = new Signer(ORIGIN, 1).grow(4);
		await new Keeper(old.vkey, ORIGIN, store, serve(old)).judge(old.note());
		const fresh = new Signer(ORIGIN, 2).grow(2);
		const keeper = new Keeper(fresh.vkey, ORIGIN, store, serve(fresh));
		expect(await keeper.judge(fresh.note())).toMatchObject({ trouble: 'key-changed', kept: old.vkey, shown: fresh.vkey });
		keeper.trustKey();
		expect(await keeper.judge(fresh.note())).toEqual({ state: 'first', size: 2 });
	});

	it('does not let a spoilt store hide what it holds in memory', async () => {
		const signer = new Signer(ORIGIN, 1).grow(9);
		const store = memory();
		const keeper = new Keeper(signer.vkey, ORIGIN, store, serve(signer));
		await keeper.judge(signer.note(9));
		for (const name of store.kept.keys()) if (name.includes('checkpoint')) store.kept.set(name, 'spoilt');
		signer.leaves.length = 5;
		expect(await keeper.judge(signer.note())).toMatchObject({ trouble: 'rollback' });
	});

	it('begins with an empty ledger', async () => {
		const signer = new Signer(ORIGIN, 1);
		const keeper = new Keeper(signer.vkey, ORIGIN, memory(), serve(signer));
		expect(await keeper.judge(signer.note())).toEqual({ state: 'first', size: 0 });
		expect(await keeper.judge(signer.grow(3).note())).toEqual({ state: 'extends', size: 3 });
	});
});
