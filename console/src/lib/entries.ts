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
	'access.strike_failed': { icon: 'triangle-alert', level: 'high' },
	'access.lockdown': { icon: 'shield', level: 'note' },
	'access.device_state': { icon: 'plug', level: 'quiet' },
	'access.device_offence': { icon: 'triangle-alert', level: 'high' },
	'access.device_tamper': { icon: 'triangle-alert', level: 'high' },
	'access.person_viewed': { icon: 'eye', level: 'quiet' },
	'post.person_viewed': { icon: 'eye', level: 'quiet' },
	'post.finding': { icon: 'circle-alert', level: 'note' },
	'ledger.founded': { icon: 'landmark', level: 'note' },
	'ledger.verified': { icon: 'badge-check', level: 'quiet' },
	'clock.stepped': { icon: 'clock', level: 'note' },
	'disk.changed': { icon: 'triangle-alert', level: 'high' },
	'process.died': { icon: 'cpu', level: 'note' },
	'user.sign_in_failed': { icon: 'ban', level: 'note' },
	'user.locked_out': { icon: 'ban', level: 'note' },
};

/* The same type can be bad news or good: a device goes and comes back, a disk fills and is freed. */
const TURNS: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => Look | undefined>> = {
	'access.device_state': ({ link }) =>
		link === 'secure' || link === 'install' ? undefined : { icon: 'unplug', level: link === 'plain' ? 'medium' : 'low' },
	'access.device_tamper': ({ tamper, power_failure }) =>
		tamper === true || power_failure === true ? undefined : { icon: 'plug', level: 'quiet' },
	'disk.changed': ({ low }) => (low === true ? undefined : { icon: 'check', level: 'quiet' }),
	'ledger.verified': ({ sound }) => (sound === true ? undefined : { icon: 'octagon-alert', level: 'critical' }),
};

const FAMILIES: Readonly<Record<string, string>> = {
	access: 'door-closed',
	user: 'user',
	person: 'contact',
	ledger: 'scroll-text',
	post: 'landmark',
	process: 'cpu',
	core: 'cpu',
	backup: 'download',
	disk: 'cpu',
	clock: 'clock',
};

export function look(type: string, body: Readonly<Record<string, unknown>> = {}): Look {
	return TURNS[type]?.(body) ?? LOOKS[type] ?? { icon: FAMILIES[type.split('.')[0] ?? ''] ?? 'dot', level: 'quiet' };
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
export const NAMED_MEMBERS: readonly string[] = [
	'door', 'person', 'user', 'device', 'zone', 'zone_from', 'zone_to', 'floor', 'building', 'of', 'object', 'subject',
	'reader_device', 'reader_inside_device', 'strike_device', 'contact_device', 'exit_device',
];

/* Members whose number is that of an entry. */
export const ENTRY_MEMBERS: readonly string[] = ['credential', 'right', 'lockdown', 'session', 'finding'];

/* Members whose word is one of the server's own, and the family of its translations. */
export const WORD_MEMBERS: Readonly<Record<string, string>> = {
	reason: 'reason',
	why: 'why',
	role: 'role',
	link: 'reader',
	status: 'status',
	offence: 'offence',
	what: 'object',
};

/* `reader/7` is the thing with the id 7; `tool`, `core` are no things. */
export function actorId(actor: string): number | undefined {
	const match = /^[a-z-]+\/([0-9]{1,16})$/.exec(actor);
	return match === null ? undefined : Number(match[1]);
}
