/* lib/api.ts - every request the console makes to the server, and nothing about how the answers look.
 *
 * A refusal comes back as `Refused` with the server's code word, which the locale translates; a server that cannot be
 * reached as `Unreachable`. Pages know no paths and no status codes.
 */
import type { Routes, RouteRefusal } from '../generated.ts';
import type { Language, Named, Role } from './types.ts';

const REQUEST_MS_MAX = 10_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

export class Refused extends Error {
	constructor(
		readonly status: number,
		readonly code: string,
		message: string,
		readonly field: string,
	) {
		super(message);
	}
}

export class Unreachable extends Error {}

/* Called whenever the server says that nobody is signed in here. */
let onSignedOut: () => void = () => undefined;
export function whenSignedOut(then: () => void): void {
	onSignedOut = then;
}

type Query = Record<string, string | number | undefined>;

function address(path: string, query: Query): string {
	const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
	if (asked.length === 0) return path;
	return `${path}?${new URLSearchParams(asked.map(([name, value]) => [name, String(value)])).toString()}`;
}

async function refusal(answer: Response): Promise<Refused> {
	let said: Partial<RouteRefusal> = {};
	try {
		said = (await answer.json()) as Partial<RouteRefusal>;
	} catch {
		/* A proxy or a dying server may answer without our JSON: the status says enough. */
	}
	const code = typeof said.error === 'string' ? said.error : `http-${answer.status}`;
	return new Refused(answer.status, code, said.message ?? '', said.field ?? '');
}

async function ask(method: string, path: string, query: Query, body?: unknown): Promise<Response> {
	const request: RequestInit = {
		method,
		credentials: 'same-origin',
		cache: 'no-store',
		signal: AbortSignal.timeout(REQUEST_MS_MAX),
	};
	if (body !== undefined) {
		request.body = JSON.stringify(body);
		request.headers = { 'Content-Type': 'application/json' };
	}
	let answer: Response;
	try {
		answer = await fetch(address(path, query), request);
	} catch (cause) {
		throw new Unreachable('the server does not answer', { cause });
	}
	if (answer.ok) return answer;
	const refused = await refusal(answer);
	if (answer.status === 401 && !(method === 'POST' && path === '/api/session')) onSignedOut();
	throw refused;
}

async function textOf(answer: Response): Promise<string> {
	let text: string;
	try {
		text = await answer.text();
	} catch (cause) {
		throw new Unreachable('the answer broke off', { cause });
	}
	if (text.length > ANSWER_BYTES_MAX) throw new Unreachable('the answer is too long');
	return text;
}

type Route = keyof Routes;
type Reply<R extends Route> = Routes[R]['reply'];
type Request<R extends Route> = Routes[R]['request'];

/* `POST /api/doors/:door/unlock` with the value of `:door`, which is always a number. */
async function call<R extends Route>(route: R, id: number | undefined, query: Query, body?: unknown): Promise<Reply<R>> {
	const [method = '', pattern = ''] = route.split(' ');
	const text = await textOf(await ask(method, pattern.replace(/:\w+/, String(id)), query, body));
	try {
		return JSON.parse(text) as Reply<R>;
	} catch (cause) {
		throw new Unreachable('the answer is not JSON', { cause });
	}
}

const get = <R extends Route>(route: R, query: Request<R> & Query = {} as Request<R> & Query): Promise<Reply<R>> =>
	call(route, undefined, query);
const getOf = <R extends Route>(route: R, id: number): Promise<Reply<R>> => call(route, id, {});
const post = <R extends Route>(route: R, body: Request<R>): Promise<Reply<R>> => call(route, undefined, {}, body);
const postTo = <R extends Route>(route: R, id: number, body: Request<R> = {}): Promise<Reply<R>> => call(route, id, {}, body);

export interface LedgerQuery {
	before?: number; /* newest first, below this number */
	type?: string; /* a whole type, or a family with its dot */
	actor?: string;
	cause?: number;
	limit?: number;
}

const NAME_PAGES_MAX = 20;

/* Everything that has a name: things and people of the post, page by page, and users. */
async function names(): Promise<Named[]> {
	const all: Named[] = [];
	let after = 0;
	for (let page = 0; page < NAME_PAGES_MAX; page++) {
		const { names, more } = await get('GET /api/names', after === 0 ? {} : { after });
		all.push(...names);
		const last = names.at(-1);
		if (!more || last === undefined) break;
		after = last.id;
	}
	const { names: users } = await get('GET /api/users/names');
	return [...all, ...users];
}

export const api = {
	link: (token: string, name: string, password: string) => post('POST /api/link', { token, name, password }),
	signIn: (name: string, password: string) => post('POST /api/session', { name, password }),
	session: () => get('GET /api/session'),
	signOut: () => get('DELETE /api/session'),

	post: () => get('GET /api/post'),
	names,
	doors: () => get('GET /api/doors'),
	unlock: (door: number, seconds: number, reason: string) =>
		postTo('POST /api/doors/:door/unlock', door, { seconds, reason }),
	lockdownDoor: (door: number, on: boolean, reason: string) =>
		postTo('POST /api/doors/:door/lockdown', door, { on, reason }),
	lockdownPost: (on: boolean, reason: string) => post('POST /api/lockdown', { on, reason }),

	people: (search: string, after: number | undefined, limit: number) =>
		get('GET /api/people', { search, limit, ...(after === undefined ? {} : { after }) }),
	person: (person: number) => getOf('GET /api/people/:id', person),
	personAccess: (person: number) => getOf('GET /api/people/:id/access', person),

	users: () => get('GET /api/users'),
	createUser: (name: string, role: Role, language: Language) => post('POST /api/users', { name, role, language }),
	disableUser: (user: number) => postTo('POST /api/users/:id/disable', user),
	enableUser: (user: number) => postTo('POST /api/users/:id/enable', user),
	resetUser: (user: number) => postTo('POST /api/users/:id/reset', user),
	endSessions: (user: number) => postTo('POST /api/users/:id/end-sessions', user),

	ledger: async (query: LedgerQuery): Promise<{ size: number; entries: string[] }> => {
		const { size, entries } = await get('GET /api/ledger', { ...query });
		return { size, entries: entries.map(({ line }) => line) };
	},
	entry: (seq: number) => getOf('GET /api/ledger/:seq', seq),
	checkpoint: () => get('GET /api/ledger/checkpoint'),
	proof: async (seq: number) => textOf(await ask('GET', `/api/ledger/${seq}/proof`, {})),
	/* How the server's newest tree begins with the first `from` entries, and that tree's checkpoint. */
	consistency: async (from: number): Promise<{ hashes: string[]; note: string }> => {
		const { hashes, note } = await get('GET /api/ledger/consistency', { from });
		return { hashes: hashes.map(({ hash }) => hash), note };
	},

	feedAddress: (after: number | undefined): string => {
		const base = location.origin.replace(/^http/, 'ws');
		return address(`${base}/api/feed`, { after });
	},
};
