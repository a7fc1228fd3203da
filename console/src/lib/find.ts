/* lib/find.ts - what the palette offers for a few letters: pages and doors, and people by the server's leave. Pure. */
export interface Offer {
	kind: 'page' | 'door' | 'person';
	name: string;
	key: string; /* a page's name or a thing's id, as text */
}

export const OFFERS_MAX = 8;

/* Without accents and case, so that "eleve" finds "Élève". */
export function folded(text: string): string {
	return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/* Every word typed must begin a word of the name, or, failing that, stand somewhere in it. */
function rank(name: string, wanted: readonly string[]): number | undefined {
	const plain = folded(name);
	let worst = 0;
	for (const word of wanted) {
		const at = plain.indexOf(word);
		if (at < 0) return undefined;
		const begins = at === 0 || new RegExp(`[\\s'’\\-.(]${escape(word)}`, 'u').test(plain);
		worst = Math.max(worst, begins ? (at === 0 ? 0 : 1) : 2);
	}
	return worst;
}

function escape(text: string): string {
	return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

export function find(offers: readonly Offer[], typed: string): Offer[] {
	const wanted = folded(typed).split(/\s+/).filter((word) => word !== '');
	if (wanted.length === 0) return offers.filter((offer) => offer.kind === 'page');
	return offers
		.map((offer, i) => ({ offer, i, rank: rank(offer.name, wanted) }))
		.filter((ranked): ranked is { offer: Offer; i: number; rank: number } => ranked.rank !== undefined)
		.sort((a, b) => a.rank - b.rank || a.i - b.i)
		.slice(0, OFFERS_MAX)
		.map(({ offer }) => offer);
}
