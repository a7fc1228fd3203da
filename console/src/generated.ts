/* The shapes and routes of the API, as the server's tables have them. Ids are numbers; times are RFC 3339 in UTC with
 * microseconds, or "" for none. */

export type Role = 'operator' | 'security-officer' | 'head-of-mission' | 'guard' | 'auditor' | 'administrator';
export const ROLES: readonly Role[] = [
	'operator',
	'security-officer',
	'head-of-mission',
	'guard',
	'auditor',
	'administrator',
];

export type Language = 'en' | 'fr' | 'ar';
export type PostKind = 'embassy' | 'career-consulate' | 'honorary-consulate' | 'residence' | 'hq';
export type ShapeKind = 'rect' | 'line' | 'polyline' | 'polygon' | 'path' | 'circle' | 'ellipse' | 'text';
export type DoorLock = 'locked' | 'unlocked' | 'unknown';
export type DoorPosition = 'closed' | 'open' | 'unknown';
export type DoorCondition = 'normal' | 'forced' | 'held' | 'pre-held';
export type ReaderState = 'secure' | 'plain' | 'offline';
export type SealedState = 'none' | 'present' | 'erased';

export interface ApiError {
	error: string;
	message: string;
	field?: string;
}

export interface User {
	id: number;
	name: string;
	role: Role;
	language: string;
}

export interface PostName {
	code: string;
	name: string;
	kind: string;
	host_state: string;
	time_zone: string;
}

export interface Session {
	user: User;
	post: PostName;
	version: string;
	ledger_key: string;
	origin: string;
}

export interface PlanShape {
	kind: ShapeKind;
	points?: string;
	d?: string;
	x?: number;
	y?: number;
	x1?: number;
	y1?: number;
	x2?: number;
	y2?: number;
	cx?: number;
	cy?: number;
	width?: number;
	height?: number;
	r?: number;
	rx?: number;
	ry?: number;
	text?: string;
	class?: string;
}

export interface Building {
	id: number;
	key: string;
	name: string;
}

export interface Floor {
	id: number;
	building: number;
	key: string;
	name: string;
	level: number;
	width: number;
	height: number;
	plan: PlanShape[];
}

export interface Zone {
	id: number;
	floor: number;
	key: string;
	name: string;
	level: number;
	outline: string;
}

export interface PostDoor {
	id: number;
	key: string;
	name: string;
	floor: number;
	zone_from: number;
	zone_to: number;
	x: number;
	y: number;
}

export interface Post extends PostName {
	buildings: Building[];
	floors: Floor[];
	zones: Zone[];
	doors: PostDoor[];
}

export interface Door extends PostDoor {
	lock: DoorLock;
	position: DoorPosition;
	condition: DoorCondition;
	lockdown: boolean;
	reader: ReaderState;
	since: string;
}

export interface Doors {
	doors: Door[];
	lockdown: boolean;
}

export interface PersonRow {
	id: number;
	name: string;
	status: string;
	nationality: string;
	valid_until: string;
	erased: boolean;
}

export interface People {
	people: PersonRow[];
	more: boolean;
}

export interface Credential {
	id: number;
	kind: string;
	status: string;
	not_before: string;
	expires: string;
}

export interface Passage {
	seq: number;
	time: string;
	type: string;
	door: number;
}

export interface PersonFile {
	id: number;
	name: string;
	status: string;
	nationality: string;
	permanent_residence: string | boolean;
	notified_on: string;
	valid_until?: string;
	erased?: boolean;
	credentials: Credential[];
	doors: number[];
	recent: Passage[];
}

export interface Names {
	names: { id: number; name: string }[];
}

export interface UserRow extends User {
	disabled: boolean;
	has_password: boolean;
	last_seen: string;
	sessions: number;
}

export interface LedgerPage {
	size: number;
	entries: string[];
}

export interface LedgerEntry {
	line: string;
	sealed: SealedState;
	size: number;
}

export interface Done {
	seq: number;
}

/* What the feed's socket says. */
export type FeedMessage =
	| { kind: 'hello'; size: number; checkpoint: string }
	| { kind: 'lines'; first: number; lines: string[]; size: number; checkpoint: string }
	| { kind: 'gap'; from: number; to: number }
	| { kind: 'beat'; time: string };

/* The types of entry this version knows. Others are shown as they are. */
export const ENTRY_TYPES: readonly string[] = [
	'ledger.founded',
	'post.imported',
	'user.created',
	'user.signed_in',
	'user.signed_out',
	'user.sign_in_failed',
	'user.password_set',
	'user.disabled',
	'user.enabled',
	'user.reset',
	'user.sessions_ended',
	'access.granted',
	'access.denied',
	'access.unlocked',
	'access.door_opened',
	'access.door_closed',
	'access.door_forced',
	'access.door_held',
	'access.door_exit',
	'access.lockdown',
	'access.reader_online',
	'access.reader_offline',
	'person.viewed',
	'process.started',
	'process.died',
];
