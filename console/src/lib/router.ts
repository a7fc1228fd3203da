/* lib/router.ts - which page an address names. Addresses live in the fragment, so that the server sees none of them.
 *
 * Pure: `parse` and `format` know no browser. router.svelte.ts ties them to the address bar.
 */
export const PAGES = ['watch', 'doors', 'people', 'users', 'ledger'] as const;
export type Page = (typeof PAGES)[number];

export type Place =
	| { page: Page; id: number | undefined; query: Record<string, string> }
	| { page: 'welcome'; token: string } /* "" when the address carries none */
	| { page: 'lost' };

const WITH_ID: readonly Page[] = ['people', 'ledger'];
const TOKEN = /^[A-Za-z0-9._~-]{8,256}$/;
const ID = /^(0|[1-9][0-9]{0,15})$/;

export function parse(fragment: string): Place {
	const bare = fragment.replace(/^#?\/?/, '');
	const mark = bare.indexOf('?');
	const path = mark < 0 ? bare : bare.slice(0, mark);
	const query = Object.fromEntries(new URLSearchParams(mark < 0 ? '' : bare.slice(mark + 1)));
	const [first = '', second, ...rest] = path.split('/');

	if (path === '') return { page: 'watch', id: undefined, query };
	if (rest.length > 0) return { page: 'lost' };
	if (first === 'welcome')
		return { page: 'welcome', token: TOKEN.test(second ?? '') ? (second ?? '') : '' };

	const page = PAGES.find((name) => name === first);
	if (page === undefined) return { page: 'lost' };
	if (second === undefined || second === '') return { page, id: undefined, query };
	if (!WITH_ID.includes(page) || !ID.test(second)) return { page: 'lost' };
	return { page, id: Number(second), query };
}

export function format(page: Page, id?: number, query: Record<string, string | number | undefined> = {}): string {
	const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
	const search = new URLSearchParams(asked.map(([name, value]) => [name, String(value)])).toString();
	return `#/${page}${id === undefined ? '' : `/${id}`}${search === '' ? '' : `?${search}`}`;
}
