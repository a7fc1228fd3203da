/* lib/entries.ts - an entry's line as the console understands it: what it says, of which door and person, how loud.
 *
 * An entry of a type this version does not know is shown as it is, never hidden. The line itself is never changed:
 * it is what the ledger's tree has hashed.
 */
export interface Entry {
	seq: number;
	post: string;
	time: string;
	type: string;
	actor: string;
	cause: number | undefined;
	body: Readonly<Record<string, unknown>>;
	sealed: string;
	line: string;
}

/* How an entry stands out. The last four are the alarm colours, and nothing else wears them. */
export type Level = 'quiet' | 'note' | 'low' | 'medium' | 'high' | 'critical';

interface Look {
	icon: string;
	level: Level;
}

const LOOKS: Readonly<Record<string, Look>> = {
	'access.granted': { icon: 'check', level: 'quiet' },
	'access.denied': { icon: 'ban', level: 'note' },
	'access.unlocked': { icon: 'lock-open', level: 'note' },
	'access.door_opened': { icon: 'door-open', level: 'quiet' },
	'access.door_closed': { icon: 'door-closed', level: 'quiet' },
	'access.door_exit': { icon: 'log-out', level: 'quiet' },
	'access.door_forced': { icon: 'octagon-alert', level: 'critical' },
	'access.door_held': { icon: 'triangle-alert', level: 'high' },
	'access.lockdown': { icon: 'shield', level: 'note' },
	'access.reader_online': { icon: 'plug', level: 'quiet' },
	'access.reader_offline': { icon: 'unplug', level: 'low' },
	'access.reader_tamper': { icon: 'triangle-alert', level: 'high' },
	'ledger.founded': { icon: 'landmark', level: 'note' },
	'process.started': { icon: 'cpu', level: 'quiet' },
	'process.died': { icon: 'cpu', level: 'note' },
	'person.viewed': { icon: 'eye', level: 'quiet' },
	'user.sign_in_failed': { icon: 'ban', level: 'note' },
};

const FAMILIES: Readonly<Record<string, string>> = {
	access: 'door-closed',
	user: 'user',
	person: 'contact',
	ledger: 'scroll-text',
	post: 'landmark',
	process: 'cpu',
};

export function look(type: string): Look {
	return LOOKS[type] ?? { icon: FAMILIES[type.split('.')[0] ?? ''] ?? 'dot', level: 'quiet' };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/* `seq` stands in for a line that leaves its own out or is no JSON. */
export function readEntry(line: string, seq = 0): Entry {
	let said: Record<string, unknown> = {};
	try {
		const value: unknown = JSON.parse(line);
		if (typeof value === 'object' && value !== null) said = value as Record<string, unknown>;
	} catch {
		/* Shown as it is, with the type of none. */
	}
	const body = said['body'];
	return {
		seq: typeof said['seq'] === 'number' ? said['seq'] : seq,
		post: text(said['post']),
		time: text(said['time']),
		type: text(said['type']) || '?',
		actor: text(said['actor']),
		cause: typeof said['cause'] === 'number' ? said['cause'] : undefined,
		body: typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {},
		sealed: text(said['sealed']),
		line,
	};
}

export function idOf(entry: Entry, member: string): number | undefined {
	const value = entry.body[member];
	return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

export function wordOf(entry: Entry, member: string): string {
	return text(entry.body[member]);
}

/* Members whose number is the id of something that has a name. */
export const NAMED_MEMBERS: readonly string[] = ['door', 'person', 'user', 'reader', 'zone', 'floor', 'building', 'subject'];

/* `reader/7` is the thing with the id 7; `tool`, `core` are no things. */
export function actorId(actor: string): number | undefined {
	const match = /^[a-z-]+\/([0-9]{1,16})$/.exec(actor);
	return match === null ? undefined : Number(match[1]);
}
