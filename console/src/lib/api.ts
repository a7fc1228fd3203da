/* lib/api.ts - every request the console makes to the server, and nothing about how the answers look.
 *
 * A refusal comes back as `Refused` with the server's code word, which the locale translates; a server that cannot be
 * reached as `Unreachable`. Pages know no paths and no status codes.
 */
import type {
	ApiError,
	Done,
	Doors,
	LedgerEntry,
	LedgerPage,
	Names,
	People,
	PersonFile,
	Post,
	Role,
	Session,
	User,
	UserRow,
} from '../generated.ts';

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
	let said: Partial<ApiError> = {};
	try {
		said = (await answer.json()) as Partial<ApiError>;
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

async function json<T>(method: string, path: string, query: Query = {}, body?: unknown): Promise<T> {
	const text = await textOf(await ask(method, path, query, body));
	if (text === '') return {} as T;
	try {
		return JSON.parse(text) as T;
	} catch (cause) {
		throw new Unreachable('the answer is not JSON', { cause });
	}
}

const get = <T>(path: string, query: Query = {}): Promise<T> => json<T>('GET', path, query);
const post = <T>(path: string, body: unknown): Promise<T> => json<T>('POST', path, {}, body);

export const api = {
	link: (token: string, name: string, password: string) => post<{ user: User }>('/api/link', { token, name, password }),
	signIn: (name: string, password: string) => post<{ user: User }>('/api/session', { name, password }),
	session: () => get<Session>('/api/session'),
	signOut: () => json<unknown>('DELETE', '/api/session'),

	post: () => get<Post>('/api/post'),
	names: () => get<Names>('/api/names'),
	doors: () => get<Doors>('/api/doors'),
	unlock: (door: number, seconds: number, reason: string) =>
		post<Done>(`/api/doors/${door}/unlock`, { seconds, reason }),
	lockdownDoor: (door: number, on: boolean, reason: string) =>
		post<Done>(`/api/doors/${door}/lockdown`, { on, reason }),
	lockdownPost: (on: boolean, reason: string) => post<Done>('/api/lockdown', { on, reason }),

	people: (search: string, after: number | undefined, limit: number) =>
		get<People>('/api/people', { search, after, limit }),
	person: (person: number) => get<PersonFile>(`/api/people/${person}`),

	users: () => get<{ users: UserRow[] }>('/api/users'),
	createUser: (name: string, role: Role, language: string) =>
		post<{ id: number; link: string }>('/api/users', { name, role, language }),
	disableUser: (user: number) => post<unknown>(`/api/users/${user}/disable`, {}),
	enableUser: (user: number) => post<unknown>(`/api/users/${user}/enable`, {}),
	resetUser: (user: number) => post<{ link: string }>(`/api/users/${user}/reset`, {}),
	endSessions: (user: number) => post<unknown>(`/api/users/${user}/end-sessions`, {}),

	ledger: (query: {
		before?: number;
		after?: number;
		type?: string;
		actor?: string;
		cause?: number;
		limit?: number;
	}) => get<LedgerPage>('/api/ledger', query),
	entry: (seq: number) => get<LedgerEntry>(`/api/ledger/${seq}`),
	checkpoint: () => get<{ note: string }>('/api/ledger/checkpoint'),
	proof: async (seq: number, size: number | undefined) =>
		textOf(await ask('GET', `/api/ledger/${seq}/proof`, { size })),
	consistency: (from: number, to: number) => get<{ hashes: string[] }>('/api/ledger/consistency', { from, to }),

	feedAddress: (after: number | undefined): string => {
		const base = location.origin.replace(/^http/, 'ws');
		return address(`${base}/api/feed`, { after });
	},
};
