/* Written by the build from the tables (*.def) of src/. Ids are numbers; times are RFC 3339 in UTC with
 * microseconds, or "" for none.
 */

export const route_role = ['none', 'operator', 'security-officer', 'head-of-mission', 'guard', 'auditor', 'administrator'] as const;
export type RouteRole = (typeof route_role)[number];

export const route_language = ['none', 'en', 'fr', 'ar'] as const;
export type RouteLanguage = (typeof route_language)[number];

export interface RouteRefusal {
	error: string;
	message: string;
	field: string;
}

export interface CoreEntryLine {
	line: string;
}

export interface CoreEntriesReply {
	size: number;
	entries: CoreEntryLine[];
}

export interface CoreEntriesRequest {
	before?: number;
	upward?: boolean;
	from?: number;
	type?: string;
	actor?: string;
	cause?: number;
	limit?: number;
}

export interface CoreCheckpointReply {
	note: string;
	ledger_key: string;
}

export interface RouteNothing {
	unused?: boolean;
}

export interface CoreHash {
	hash: string;
}

export interface CoreConsistencyReply {
	hashes: CoreHash[];
	note: string;
	size: number;
}

export interface CoreConsistencyRequest {
	from?: number;
}

export interface RouteText {
	unused: boolean;
}

export interface CoreEntryRequest {
	seq?: number;
}

export const core_sealed_state = ['none', 'present', 'erased'] as const;
export type CoreSealedState = (typeof core_sealed_state)[number];

export interface CoreEntryReply {
	line: string;
	sealed: CoreSealedState;
	size: number;
}

export const law_post_kind = ['none', 'embassy', 'career-consulate', 'honorary-consulate', 'residence', 'headquarters'] as const;
export type LawPostKind = (typeof law_post_kind)[number];

export const law_premises = ['unknown', 'inviolable', 'work-area', 'protected', 'home'] as const;
export type LawPremises = (typeof law_premises)[number];

export interface PostViewBuilding {
	id: number;
	key: string;
	name: string;
}

export const post_figure_kind = ['none', 'rect', 'line', 'polyline', 'polygon', 'path', 'circle', 'ellipse', 'text'] as const;
export type PostFigureKind = (typeof post_figure_kind)[number];

export const post_figure_class = ['none', 'wall', 'room', 'furniture', 'outside', 'label'] as const;
export type PostFigureClass = (typeof post_figure_class)[number];

export interface PostFigure {
	kind: PostFigureKind;
	class: PostFigureClass;
	x: number;
	y: number;
	width: number;
	height: number;
	x2: number;
	y2: number;
	r: number;
	rx: number;
	ry: number;
	points: string;
	d: string;
	text: string;
}

export interface PostViewFloor {
	id: number;
	building: number;
	key: string;
	name: string;
	level: string;
	width: number;
	height: number;
	plan: PostFigure[];
}

export const post_zone_level = ['none', 'public', 'controlled', 'limited', 'exclusion'] as const;
export type PostZoneLevel = (typeof post_zone_level)[number];

export interface PostViewZone {
	id: number;
	floor: number;
	key: string;
	name: string;
	level: PostZoneLevel;
	outline: string;
}

export interface PostViewDoor {
	id: number;
	floor: number;
	key: string;
	name: string;
	zone_from: number;
	zone_to: number;
	x: number;
	y: number;
}

export interface PostView {
	code: string;
	name: string;
	kind: LawPostKind;
	host_state: string;
	sending_state: string;
	time_zone: string;
	premises: LawPremises;
	articles: string;
	buildings: PostViewBuilding[];
	floors: PostViewFloor[];
	zones: PostViewZone[];
	doors: PostViewDoor[];
}

export const law_status = ['none', 'diplomatic-agent', 'administrative-technical', 'service-staff', 'private-servant', 'family-member', 'consular-officer', 'consular-employee', 'honorary-consul', 'local-contractor', 'visitor', 'receiving-state-agent'] as const;
export type LawStatus = (typeof law_status)[number];

export interface PostPeopleRow {
	id: number;
	name: string;
	status: LawStatus;
	nationality: string;
	left: boolean;
	erased: boolean;
}

export interface PostPeopleReply {
	people: PostPeopleRow[];
	more: boolean;
}

export interface PostPeopleRequest {
	search?: string;
	after?: number;
	limit?: number;
	with_left?: boolean;
}

export const law_fit = ['doubtful', 'usual', 'read-otherwise', 'no-privilege', 'impossible'] as const;
export type LawFit = (typeof law_fit)[number];

export interface PostPersonFileReply {
	id: number;
	key: string;
	name: string;
	status: LawStatus;
	nationality: string;
	permanent_residence: boolean;
	notified_on: string;
	of: number;
	of_name: string;
	fit: LawFit;
	articles: string;
	limits: string;
	why: string;
	left: boolean;
	erased: boolean;
	since: string;
}

export interface RouteObject {
	id?: number;
}

export const post_object = ['none', 'post', 'building', 'floor', 'zone', 'line', 'device', 'door', 'person'] as const;
export type PostObject = (typeof post_object)[number];

export interface PostName {
	id: number;
	what: PostObject;
	name: string;
}

export interface PostNamesReply {
	names: PostName[];
	more: boolean;
}

export interface PostNamesRequest {
	after?: number;
}

export const post_finding_kind = ['none', 'strike-on-unprotected-side', 'contact-on-unprotected-side', 'exit-request-on-unprotected-side', 'no-door-contact', 'no-fire-release', 'no-secure-channel', 'status-doubtful', 'status-read-otherwise', 'status-without-privilege', 'not-notified'] as const;
export type PostFindingKind = (typeof post_finding_kind)[number];

export interface PostFindingsRow {
	id: number;
	since: string;
	kind: PostFindingKind;
	what: PostObject;
	object: number;
	articles: string;
	text: string;
}

export interface PostFindingsReply {
	findings: PostFindingsRow[];
	more: boolean;
}

export interface UserSelf {
	id: number;
	name: string;
	role: RouteRole;
	language: RouteLanguage;
}

export interface UserSignInRequest {
	name?: string;
	password?: string;
}

export interface UserSession {
	id: number;
	name: string;
	role: RouteRole;
	language: RouteLanguage;
	post_code: string;
	origin: string;
	ledger_key: string;
}

export interface RouteDone {
	seq: number;
}

export interface UserLinkRequest {
	token?: string;
	name?: string;
	password?: string;
}

export interface UserRow {
	id: number;
	name: string;
	role: RouteRole;
	language: RouteLanguage;
	disabled: boolean;
	has_password: boolean;
	last_seen: string;
	locked_until: string;
	sessions: number;
}

export interface UserList {
	users: UserRow[];
}

export interface UserName {
	id: number;
	name: string;
}

export interface UserNames {
	names: UserName[];
}

export interface UserInvitation {
	id: number;
	link: string;
	expires: string;
}

export interface UserCreateRequest {
	name?: string;
	role?: RouteRole;
	language?: RouteLanguage;
}

export const access_lock = ['unknown', 'locked', 'unlocked'] as const;
export type AccessLock = (typeof access_lock)[number];

export const access_position = ['unknown', 'closed', 'open'] as const;
export type AccessPosition = (typeof access_position)[number];

export const access_condition = ['normal', 'forced', 'held'] as const;
export type AccessCondition = (typeof access_condition)[number];

export const osdp_link = ['offline', 'plain', 'secure', 'install'] as const;
export type OsdpLink = (typeof osdp_link)[number];

export interface AccessDoorRow {
	id: number;
	key: string;
	name: string;
	floor: number;
	zone_from: number;
	zone_to: number;
	x: number;
	y: number;
	lock: AccessLock;
	unlocked_until: string;
	position: AccessPosition;
	condition: AccessCondition;
	lockdown: boolean;
	reader: OsdpLink;
	strike: OsdpLink;
	since: string;
	has_reader: boolean;
	has_strike: boolean;
}

export interface AccessDoors {
	doors: AccessDoorRow[];
	lockdown: boolean;
}

export interface AccessUnlockRequest {
	door?: number;
	seconds?: number;
	reason?: string;
}

export interface AccessLockdownRequest {
	door?: number;
	on?: boolean;
	reason?: string;
}

export const access_credential_kind = ['none', 'card'] as const;
export type AccessCredentialKind = (typeof access_credential_kind)[number];

export interface AccessCredentialRow {
	id: number;
	kind: AccessCredentialKind;
	not_before: string;
	expires: string;
	revoked: boolean;
}

export const access_reason = ['none', 'unknown-credential', 'not-yet-valid', 'expired', 'not-allowed', 'lockdown', 'revoked', 'person-left', 'reader-not-secure', 'no-room-for-the-record', 'no-door', 'door-offline', 'allowed'] as const;
export type AccessReason = (typeof access_reason)[number];

export interface AccessPassage {
	seq: number;
	time: string;
	door: number;
	granted: boolean;
	reason: AccessReason;
}

export interface AccessPersonFile {
	id: number;
	credentials: AccessCredentialRow[];
	doors: number[];
	recent: AccessPassage[];
}

/* Every route: what it is asked with, and what it answers. */
export interface Routes {
	'GET /api/ledger': { request: CoreEntriesRequest; reply: CoreEntriesReply };
	'GET /api/ledger/checkpoint': { request: RouteNothing; reply: CoreCheckpointReply };
	'GET /api/ledger/consistency': { request: CoreConsistencyRequest; reply: CoreConsistencyReply };
	'GET /api/ledger/:seq/proof': { request: CoreEntryRequest; reply: RouteText };
	'GET /api/ledger/:seq': { request: CoreEntryRequest; reply: CoreEntryReply };
	'POST (null)': { request: RouteNothing; reply: RouteText };
	'GET /api/post': { request: RouteNothing; reply: PostView };
	'GET /api/people': { request: PostPeopleRequest; reply: PostPeopleReply };
	'GET /api/people/:id': { request: RouteObject; reply: PostPersonFileReply };
	'GET /api/names': { request: PostNamesRequest; reply: PostNamesReply };
	'GET /api/findings': { request: RouteNothing; reply: PostFindingsReply };
	'POST /api/session': { request: UserSignInRequest; reply: UserSelf };
	'GET /api/session': { request: RouteNothing; reply: UserSession };
	'DELETE /api/session': { request: RouteNothing; reply: RouteDone };
	'POST /api/link': { request: UserLinkRequest; reply: UserSelf };
	'GET /api/users': { request: RouteNothing; reply: UserList };
	'GET /api/users/names': { request: RouteNothing; reply: UserNames };
	'POST /api/users': { request: UserCreateRequest; reply: UserInvitation };
	'POST /api/users/:id/disable': { request: RouteObject; reply: RouteDone };
	'POST /api/users/:id/enable': { request: RouteObject; reply: RouteDone };
	'POST /api/users/:id/reset': { request: RouteObject; reply: UserInvitation };
	'POST /api/users/:id/end-sessions': { request: RouteObject; reply: RouteDone };
	'GET /api/doors': { request: RouteNothing; reply: AccessDoors };
	'POST /api/doors/:door/unlock': { request: AccessUnlockRequest; reply: RouteDone };
	'POST /api/lockdown': { request: AccessLockdownRequest; reply: RouteDone };
	'POST /api/doors/:door/lockdown': { request: AccessLockdownRequest; reply: RouteDone };
	'GET /api/people/:id/access': { request: RouteObject; reply: AccessPersonFile };
}

export interface CoreFounded {
	origin?: string;
	ledger_key?: string;
	recovery_key?: string;
	version?: string;
	restored_from?: string;
	restored_size?: number;
}

export interface CoreStarted {
	version?: string;
	size?: number;
	root?: string;
	load_ms?: number;
}

export interface CoreStopped {
	why?: string;
}

export interface CoreVerified {
	size?: number;
	root?: string;
	sound?: boolean;
	problem?: string;
	took_ms?: number;
}

export interface CoreClockStepped {
	back?: boolean;
	by_ms?: number;
	claimed?: string;
}

export const worker_role = ['none', 'core', 'query', 'web', 'osdp', 'password', 'verify'] as const;
export type WorkerRole = (typeof worker_role)[number];

export interface CoreProcessStarted {
	role?: WorkerRole;
	line?: number;
	process?: number;
}

export interface CoreProcessDied {
	role?: WorkerRole;
	line?: number;
	process?: number;
	how?: string;
	restarts?: number;
}

export interface CoreProcessStopped {
	role?: WorkerRole;
	line?: number;
	process?: number;
	how?: string;
}

export interface CoreSandboxLacks {
	role?: WorkerRole;
	line?: number;
	missing?: string;
}

export interface CoreDisk {
	low?: boolean;
	free_bytes?: number;
	reserve_spent?: boolean;
}

export interface CoreSubjectErased {
	subject?: number;
	sealed_parts?: number;
	reason_text?: string;
}

export interface CoreBackupMade {
	size?: number;
	root?: string;
	bytes?: number;
	keys_expire?: string;
}

export interface CoreRemark {
	text?: string;
}

export interface PostImported {
	file?: string;
	sha256?: string;
	added?: number;
	changed?: number;
	removed?: number;
}

export interface PostDescribed {
	code?: string;
	name?: string;
	kind?: LawPostKind;
	host_state?: string;
	sending_state?: string;
	time_zone?: string;
}

export interface PostBuilding {
	id?: number;
	key?: string;
	name?: string;
}

export interface PostFloor {
	id?: number;
	building?: number;
	key?: string;
	name?: string;
	level?: string;
	width?: number;
	height?: number;
	figures?: number;
	plan?: string;
}

export interface PostPlan {
	floor?: number;
	first?: number;
	figures?: PostFigure[];
}

export interface PostZone {
	id?: number;
	floor?: number;
	key?: string;
	name?: string;
	level?: PostZoneLevel;
	outline?: string;
}

export interface PostLine {
	id?: number;
	key?: string;
	address?: string;
	baud?: number;
	number?: number;
}

export const post_device_kind = ['none', 'reader', 'io'] as const;
export type PostDeviceKind = (typeof post_device_kind)[number];

export interface PostDevice {
	id?: number;
	line?: number;
	key?: string;
	address?: number;
	kind?: PostDeviceKind;
	plain?: boolean;
	checksum?: boolean;
}

export const post_contact_sense = ['none', 'open', 'shut'] as const;
export type PostContactSense = (typeof post_contact_sense)[number];

export const post_fire_release = ['unsaid', 'wired', 'none'] as const;
export type PostFireRelease = (typeof post_fire_release)[number];

export interface PostDoor {
	id?: number;
	floor?: number;
	key?: string;
	name?: string;
	x?: number;
	y?: number;
	zone_from?: number;
	zone_to?: number;
	reader_device?: number;
	reader_number?: number;
	reader_inside_device?: number;
	reader_inside_number?: number;
	strike_device?: number;
	strike_output?: number;
	strike_100ms?: number;
	contact_device?: number;
	contact_input?: number;
	contact_active?: PostContactSense;
	exit_device?: number;
	exit_input?: number;
	fire_release?: PostFireRelease;
	held_after_s?: number;
}

export interface PostPerson {
	status?: LawStatus;
	permanent_residence?: boolean;
	notified_on?: string;
	of?: number;
}

export interface PostPersonChanged {
	person?: number;
	status?: LawStatus;
	permanent_residence?: boolean;
	notified_on?: string;
	of?: number;
}

export interface PostPersonLeft {
	person?: number;
}

export interface PostRemoved {
	what?: PostObject;
	object?: number;
	key?: string;
}

export interface PostFinding {
	kind?: PostFindingKind;
	what?: PostObject;
	object?: number;
	articles?: string;
	text?: string;
}

export interface PostFindingCleared {
	finding?: number;
}

export interface PostPersonViewed {
	person?: number;
}

export interface UserCreated {
	role?: RouteRole;
	language?: RouteLanguage;
}

export interface UserNamed {
	user?: number;
}

export interface UserChanged {
	user?: number;
	role?: RouteRole;
	language?: RouteLanguage;
	disabled?: boolean;
}

export interface UserLinkMade {
	user?: number;
	token_hash?: string;
	expires?: string;
}

export interface UserPasswordSet {
	user?: number;
	operations?: number;
	memory_kib?: number;
}

export interface UserSignedIn {
	user?: number;
	token_hash?: string;
	expires?: string;
	from?: string;
}

export const user_refusal = ['none', 'unknown-user', 'wrong-password', 'disabled', 'locked-out', 'bad-link'] as const;
export type UserRefusal = (typeof user_refusal)[number];

export interface UserSignInFailed {
	user?: number;
	why?: UserRefusal;
	from?: string;
	count?: number;
}

export interface UserLockedOut {
	user?: number;
	until?: string;
	failures?: number;
}

export const user_session_end = ['none', 'signed-out', 'idle', 'expired', 'ended-by-user', 'user-disabled', 'password-reset', 'too-many-sessions'] as const;
export type UserSessionEnd = (typeof user_session_end)[number];

export interface UserSessionEnded {
	session?: number;
	user?: number;
	why?: UserSessionEnd;
}

export interface AccessGranted {
	door?: number;
	device?: number;
	reader?: number;
	credential?: number;
	person?: number;
	reason?: AccessReason;
	not_before?: string;
	expires?: string;
	right?: number;
	strike_100ms?: number;
}

export interface AccessDenied {
	door?: number;
	device?: number;
	reader?: number;
	credential?: number;
	person?: number;
	reason?: AccessReason;
	not_before?: string;
	expires?: string;
	right?: number;
	lockdown?: number;
	bit_count?: number;
	fingerprint?: string;
}

export interface AccessCredential {
	person?: number;
	key?: string;
	kind?: AccessCredentialKind;
	not_before?: string;
	expires?: string;
}

export interface AccessCredentialChanged {
	credential?: number;
	not_before?: string;
	expires?: string;
	revoked?: boolean;
}

export interface AccessRights {
	person?: number;
	doors?: number[];
}

export interface AccessImported {
	file?: string;
	sha256?: string;
	credentials?: number;
	rights?: number;
}

export interface AccessUnlocked {
	door?: number;
	seconds?: number;
	reason_text?: string;
}

export interface AccessStrikeFailed {
	door?: number;
	device?: number;
}

export interface AccessLockdown {
	door?: number;
	on?: boolean;
	reason_text?: string;
}

export interface AccessDoorOpened {
	door?: number;
}

export interface AccessDoorClosed {
	door?: number;
}

export interface AccessDoorForced {
	door?: number;
}

export interface AccessDoorHeld {
	door?: number;
	seconds?: number;
}

export interface AccessDoorExit {
	door?: number;
}

export interface AccessDeviceState {
	device?: number;
	link?: OsdpLink;
	why?: string;
}

export interface AccessDeviceIdentity {
	device?: number;
	cuid?: string;
	vendor?: number;
	model?: number;
	version?: number;
	serial?: number;
	firmware?: number;
	pinned?: boolean;
}

export const osdp_offence = ['none', 'mac-failure', 'plaintext-in-secure-channel', 'asks-for-default-key', 'wrong-cryptogram', 'refuses-secure-channel', 'malformed', 'identity-changed', 'busy-without-end', 'claims-no-encryption'] as const;
export type OsdpOffence = (typeof osdp_offence)[number];

export interface AccessDeviceOffence {
	device?: number;
	offence?: OsdpOffence;
	count?: number;
}

export interface AccessDeviceTamper {
	device?: number;
	tamper?: boolean;
	power_failure?: boolean;
}

export interface AccessDeviceKey {
	device?: number;
	generation?: number;
	by_keyset?: boolean;
}

export interface AccessPersonViewed {
	person?: number;
}

/* Every type of entry and its body. What is zero is left out of a body; what is sealed never stands in it. */
export interface Entries {
	'ledger.founded': CoreFounded;
	'core.started': CoreStarted;
	'core.stopped': CoreStopped;
	'ledger.verified': CoreVerified;
	'clock.stepped': CoreClockStepped;
	'process.started': CoreProcessStarted;
	'process.died': CoreProcessDied;
	'process.stopped': CoreProcessStopped;
	'process.sandbox_lacks': CoreSandboxLacks;
	'disk.changed': CoreDisk;
	'ledger.subject_erased': CoreSubjectErased;
	'backup.made': CoreBackupMade;
	'ledger.remark': CoreRemark;
	'post.imported': PostImported;
	'post.described': PostDescribed;
	'post.building': PostBuilding;
	'post.floor': PostFloor;
	'post.plan': PostPlan;
	'post.zone': PostZone;
	'post.line': PostLine;
	'post.device': PostDevice;
	'post.door': PostDoor;
	'post.person': PostPerson;
	'post.person_changed': PostPersonChanged;
	'post.person_left': PostPersonLeft;
	'post.removed': PostRemoved;
	'post.finding': PostFinding;
	'post.finding_cleared': PostFindingCleared;
	'post.person_viewed': PostPersonViewed;
	'user.created': UserCreated;
	'user.named': UserNamed;
	'user.changed': UserChanged;
	'user.link_made': UserLinkMade;
	'user.password_set': UserPasswordSet;
	'user.signed_in': UserSignedIn;
	'user.sign_in_failed': UserSignInFailed;
	'user.locked_out': UserLockedOut;
	'user.session_ended': UserSessionEnded;
	'access.granted': AccessGranted;
	'access.denied': AccessDenied;
	'access.credential': AccessCredential;
	'access.credential_changed': AccessCredentialChanged;
	'access.rights': AccessRights;
	'access.imported': AccessImported;
	'access.unlocked': AccessUnlocked;
	'access.strike_failed': AccessStrikeFailed;
	'access.lockdown': AccessLockdown;
	'access.door_opened': AccessDoorOpened;
	'access.door_closed': AccessDoorClosed;
	'access.door_forced': AccessDoorForced;
	'access.door_held': AccessDoorHeld;
	'access.door_exit': AccessDoorExit;
	'access.device_state': AccessDeviceState;
	'access.device_identity': AccessDeviceIdentity;
	'access.device_offence': AccessDeviceOffence;
	'access.device_tamper': AccessDeviceTamper;
	'access.device_key': AccessDeviceKey;
	'access.person_viewed': AccessPersonViewed;
}

export const ENTRY_TYPES: readonly (keyof Entries)[] = [
	'ledger.founded',
	'core.started',
	'core.stopped',
	'ledger.verified',
	'clock.stepped',
	'process.started',
	'process.died',
	'process.stopped',
	'process.sandbox_lacks',
	'disk.changed',
	'ledger.subject_erased',
	'backup.made',
	'ledger.remark',
	'post.imported',
	'post.described',
	'post.building',
	'post.floor',
	'post.plan',
	'post.zone',
	'post.line',
	'post.device',
	'post.door',
	'post.person',
	'post.person_changed',
	'post.person_left',
	'post.removed',
	'post.finding',
	'post.finding_cleared',
	'post.person_viewed',
	'user.created',
	'user.named',
	'user.changed',
	'user.link_made',
	'user.password_set',
	'user.signed_in',
	'user.sign_in_failed',
	'user.locked_out',
	'user.session_ended',
	'access.granted',
	'access.denied',
	'access.credential',
	'access.credential_changed',
	'access.rights',
	'access.imported',
	'access.unlocked',
	'access.strike_failed',
	'access.lockdown',
	'access.door_opened',
	'access.door_closed',
	'access.door_forced',
	'access.door_held',
	'access.door_exit',
	'access.device_state',
	'access.device_identity',
	'access.device_offence',
	'access.device_tamper',
	'access.device_key',
	'access.person_viewed',
];
