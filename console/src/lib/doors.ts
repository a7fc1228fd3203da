/* lib/doors.ts - a door's state as one face, the order in which doors ask for attention, and what an entry changes.
 *
 * Pure. The server's list is the truth; an entry only hurries the picture along until the list has been asked again.
 */
import type { Door } from './types.ts';
import { idOf, type Entry, type Level } from './entries.ts';

/* Each has its own shape, its own word and, for the first four, its own colour. */
export type Face =
	| 'forced'
	| 'held'
	| 'exposed' /* the reader answers without a secure channel: no card is believed there */
	| 'offline'
	| 'unknown'
	| 'open'
	| 'unlocked'
	| 'lockdown'
	| 'secure';

export const FACES: readonly Face[] = [
	'forced',
	'held',
	'exposed',
	'offline',
	'unknown',
	'open',
	'unlocked',
	'lockdown',
	'secure',
];

const LEVELS: Partial<Record<Face, Level>> = {
	forced: 'critical',
	held: 'high',
	exposed: 'medium',
	offline: 'low',
};

export function faceOf(door: Door, postLockdown: boolean): Face {
	if (door.condition === 'forced') return 'forced';
	if (door.condition === 'held') return 'held';
	if (door.has_reader && door.reader === 'plain') return 'exposed';
	if ((door.has_reader && door.reader === 'offline') || (door.has_strike && door.strike === 'offline')) return 'offline';
	if ((door.has_strike && door.lock === 'unknown') || door.position === 'unknown') return 'unknown';
	if (door.position === 'open') return 'open';
	if (door.lock === 'unlocked') return 'unlocked';
	if (door.lockdown || postLockdown) return 'lockdown';
	return 'secure';
}

export function levelOf(face: Face): Level {
	return LEVELS[face] ?? 'quiet';
}

export function asksAttention(face: Face): boolean {
	return LEVELS[face] !== undefined;
}

/* The gravest first, and among equals the one that has waited longest. */
export function byAttention(postLockdown: boolean): (a: Door, b: Door) => number {
	return (a, b) => {
		const rank = FACES.indexOf(faceOf(a, postLockdown)) - FACES.indexOf(faceOf(b, postLockdown));
		return rank !== 0 ? rank : a.since < b.since ? -1 : a.since > b.since ? 1 : a.id - b.id;
	};
}

export interface DoorsPicture {
	doors: readonly Door[];
	lockdown: boolean;
}

type Change = (entry: Entry) => Partial<Door>;

const CHANGES: Readonly<Record<string, Change>> = {
	'access.granted': () => ({ lock: 'unlocked' }),
	'access.unlocked': () => ({ lock: 'unlocked' }),
	'access.door_opened': (entry) => ({ position: 'open', since: entry.time }),
	'access.door_closed': (entry) => ({ position: 'closed', condition: 'normal', since: entry.time }),
	'access.door_forced': (entry) => ({ position: 'open', condition: 'forced', since: entry.time }),
	'access.door_held': (entry) => ({ position: 'open', condition: 'held', since: entry.time }),
};

/* Gives the same picture back, the very object, when the entry changes nothing in it. */
export function afterEntry(picture: DoorsPicture, entry: Entry): DoorsPicture {
	const id = idOf(entry, 'door');
	if (entry.type === 'access.lockdown') {
		const on = entry.body['on'] === true;
		if (id === undefined) return { ...picture, lockdown: on };
		return changeDoor(picture, id, { lockdown: on });
	}
	const change = CHANGES[entry.type];
	return change === undefined || id === undefined ? picture : changeDoor(picture, id, change(entry));
}

function changeDoor(picture: DoorsPicture, id: number, change: Partial<Door>): DoorsPicture {
	if (!picture.doors.some((door) => door.id === id)) return picture;
	return { ...picture, doors: picture.doors.map((door) => (door.id === id ? { ...door, ...change } : door)) };
}

/* Does this entry call for asking the server's list again? */
export function touchesDoors(entry: Entry): boolean {
	return /^(access|post|process|core)\./.test(entry.type) && !entry.type.endsWith('_viewed');
}
