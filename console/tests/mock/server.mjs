/* tests/mock/server.mjs - a stage set for looking at the console without a post behind it.
 *
 * It answers the API's shapes with invented things, keeps a real RFC 6962 tree and signs real checkpoints, so that the
 * console's verifier has something true to verify. It proves nothing about the product: the server's own tests do.
 *
 *   node tests/mock/server.mjs [port]      prints its address; POST /mock/<what> changes the scene
 */
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const ORIGIN = 'legation.invalid/BRN';
export const CSP =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; " +
	"media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

/* ---- the ledger ---- */

const sha = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const leafOf = (line) => sha(Buffer.from([0]), line);
const nodeOf = (left, right) => sha(Buffer.from([1]), left, right);

class Tree {
	lines = [];
	leaves = [];
	whole = new Map();
	add(line) {
		this.lines.push(line);
		this.leaves.push(leafOf(line));
	}
	root(from, to) {
		const n = to - from;
		if (n === 0) return sha('');
		if (n === 1) return this.leaves[from];
		const name = (n & (n - 1)) === 0 ? `${from} ${to}` : '';
		if (name !== '' && this.whole.has(name)) return this.whole.get(name);
		const k = half(n);
		const root = nodeOf(this.root(from, from + k), this.root(from + k, to));
		if (name !== '') this.whole.set(name, root);
		return root;
	}
	path(m, from, to) {
		const n = to - from;
		if (n <= 1) return [];
		const k = half(n);
		return m < k
			? [...this.path(m, from, from + k), this.root(from + k, to)]
			: [...this.path(m - k, from + k, to), this.root(from, from + k)];
	}
	consistency(m, n) {
		const sub = (m, from, to, complete) => {
			if (m === to - from) return complete ? [] : [this.root(from, to)];
			const k = half(to - from);
			return m <= k
				? [...sub(m, from, from + k, complete), this.root(from + k, to)]
				: [...sub(m - k, from + k, to, false), this.root(from, from + k)];
		};
		return m === 0 || m === n ? [] : sub(m, 0, n, true);
	}
}
const half = (n) => 2 ** (Math.ceil(Math.log2(n)) - 1);

const seed = Buffer.alloc(32, 7);
const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
const keyId = sha(`${ORIGIN}\n`, Buffer.from([1]), publicKey).subarray(0, 4);
const vkey = `${ORIGIN}+${keyId.toString('hex')}+${Buffer.concat([Buffer.from([1]), publicKey]).toString('base64')}`;

let tree = new Tree();

function checkpoint(size = tree.lines.length) {
	const text = `${ORIGIN}\n${size}\n${tree.root(0, size).toString('base64')}\n`;
	return `${text}\n— ${ORIGIN} ${Buffer.concat([keyId, sign(null, Buffer.from(text), key)]).toString('base64')}\n`;
}

/* ---- the post: all of it invented ---- */

const FLOORS = [
	{ id: 11, key: 'upper', name: 'First floor', level: 1 },
	{ id: 10, key: 'ground', name: 'Ground floor', level: 0 },
	{ id: 12, key: 'lower', name: 'Basement', level: -1 },
].map((floor) => ({ ...floor, building: 5, width: 1200, height: 760, plan: plan(floor.key) }));

function plan(key) {
	const rect = (x, y, width, height, cls) => ({ kind: 'rect', x, y, width, height, class: cls });
	const line = (points, cls) => ({ kind: 'polyline', points, class: cls });
	const common = [
		rect(60, 60, 1080, 640, 'wall'),
		line('60,300 1140,300', 'wall'),
		line('60,420 1140,420', 'wall'),
	];
	if (key === 'ground')
		return [
			{ kind: 'path', d: 'M20 20H1180V740H20Z', class: 'outside' },
			...common,
			line('360,60 360,300', 'wall'), line('700,60 700,300', 'wall'), line('940,60 940,300', 'wall'),
			line('300,420 300,700', 'wall'), line('620,420 620,700', 'wall'), line('860,420 860,700', 'wall'),
			rect(90, 90, 120, 50, 'furniture'), { kind: 'circle', cx: 470, cy: 560, r: 46, class: 'furniture' }, rect(720, 90, 60, 180, 'furniture'),
		];
	if (key === 'upper')
		return [...common, line('480,60 480,300', 'wall'), line('820,60 820,300', 'wall'), line('420,420 420,700', 'wall'), line('760,420 760,700', 'wall'), { kind: 'ellipse', cx: 240, cy: 180, rx: 90, ry: 46, class: 'furniture' }];
	return [...common, line('520,60 520,300', 'wall'), line('520,420 520,700', 'wall'), rect(90, 450, 380, 30, 'furniture'), rect(90, 520, 380, 30, 'furniture'), rect(90, 590, 380, 30, 'furniture')];
}

const box = (x, y, w, h) => `${x},${y} ${x + w},${y} ${x + w},${y + h} ${x},${y + h}`;
const ZONES = [
	[20, 10, 'Forecourt', 1, box(20, 20, 1160, 40)],
	[21, 10, 'Visa hall', 1, box(60, 60, 300, 240)],
	[22, 10, 'Lobby', 2, box(360, 60, 340, 240)],
	[23, 10, 'Guard room', 3, box(700, 60, 240, 240)],
	[24, 10, 'Registry', 3, box(940, 60, 200, 240)],
	[25, 10, 'Corridor', 2, box(60, 300, 1080, 120)],
	[26, 10, 'Dining room', 2, box(300, 420, 320, 280)],
	[27, 10, 'Kitchen', 1, box(60, 420, 240, 280)],
	[28, 10, 'Service', 1, box(620, 420, 240, 280)],
	[29, 10, 'Communications', 4, box(860, 420, 280, 280)],
	[30, 11, 'Chancery', 3, box(60, 60, 420, 240)],
	[31, 11, 'Ambassador', 4, box(480, 60, 340, 240)],
	[32, 11, 'Political section', 3, box(820, 60, 320, 240)],
	[33, 11, 'Upper corridor', 2, box(60, 300, 1080, 120)],
	[34, 11, 'Meeting room', 2, box(60, 420, 360, 280)],
	[35, 11, 'Safe speech room', 4, box(420, 420, 340, 280)],
	[36, 11, 'Consular section', 2, box(760, 420, 380, 280)],
	[37, 12, 'Plant room', 2, box(60, 60, 460, 240)],
	[38, 12, 'Cellar corridor', 2, box(60, 300, 1080, 120)],
	[39, 12, 'Archive', 4, box(60, 420, 460, 280)],
	[40, 12, 'Garage', 1, box(520, 420, 620, 280)],
].map(([id, floor, name, level, outline]) => ({ id, floor, key: name.toLowerCase().replace(/ /g, '-'), name, level, outline }));

const door = (id, floor, name, zone_from, zone_to, x, y) => ({ id, floor, key: name.toLowerCase().replace(/ /g, '-'), name, zone_from, zone_to, x, y });
const DOORS = [
	door(101, 10, 'Main entrance', 20, 22, 530, 60),
	door(102, 10, 'Visa entrance', 20, 21, 200, 60),
	door(103, 10, 'Lobby gate', 22, 25, 530, 300),
	door(104, 10, 'Visa hall', 21, 25, 280, 300),
	door(105, 10, 'Guard room', 25, 23, 800, 300),
	door(106, 10, 'Registry', 25, 24, 1040, 300),
	door(107, 10, 'Kitchen', 25, 27, 180, 420),
	door(108, 10, 'Service entrance', 20, 28, 740, 700),
	door(109, 10, 'Communications', 25, 29, 1000, 420),
	door(110, 11, 'Chancery', 33, 30, 270, 300),
	door(111, 11, 'Ambassador’s office', 33, 31, 650, 300),
	door(112, 11, 'Safe speech room', 33, 35, 590, 420),
	door(113, 11, 'Consular section', 33, 36, 950, 420),
	door(114, 12, 'Archive', 38, 39, 290, 420),
	door(115, 12, 'Garage', 38, 40, 830, 420),
];
const state = new Map(DOORS.map((one) => [one.id, { lock: 'locked', position: 'closed', condition: 'normal', lockdown: false, reader: 'secure', since: '' }]));
let lockdown = false;

const FIRST = ['Alba', 'Bruno', 'Celia', 'Dario', 'Edda', 'Fabian', 'Gisela', 'Hugo', 'Ines', 'Jonas', 'Klara', 'Lucas', 'Mira', 'Nils', 'Olga', 'Pavel', 'Rosa', 'Samir', 'Tilda', 'Viktor'];
const LAST = ['Example', 'Specimen', 'Sample', 'Beispiel', 'Exemple', 'Muster'];
const STATUS = ['diplomatic-agent', 'administrative-technical', 'service-staff', 'family-member', 'local-contractor', 'visitor', 'private-servant'];
const PEOPLE = Array.from({ length: 64 }, (_, i) => ({
	id: 200 + i,
	name: i === 5 ? 'ليلى مثال' : i === 11 ? 'Éléonore d’Exemple-Échantillon' : `${FIRST[i % FIRST.length]} ${LAST[(i * 5 + Math.floor(i / 20)) % LAST.length]}`,
	status: STATUS[(i * 3) % STATUS.length],
	nationality: ['CH', 'FR', 'EG', 'NO', 'CA'][i % 5],
	valid_until: i % 4 === 0 ? `202${6 + (i % 3)}-0${1 + (i % 9)}-01T00:00:00.000000Z` : '',
	erased: i === 17,
}));
PEOPLE[17].name = '';
const USERS = [
	{ id: 301, name: 'duty.officer', role: 'administrator', language: 'en', disabled: false, has_password: true, last_seen: '2026-11-22T22:41:02.000000Z', sessions: 2 },
	{ id: 302, name: 'night.watch', role: 'operator', language: 'en', disabled: false, has_password: true, last_seen: '2026-11-22T22:12:44.000000Z', sessions: 1 },
	{ id: 303, name: 'gate.guard', role: 'guard', language: 'fr', disabled: false, has_password: true, last_seen: '2026-11-22T20:01:09.000000Z', sessions: 0 },
	{ id: 304, name: 'head.of.mission', role: 'head-of-mission', language: 'ar', disabled: false, has_password: false, last_seen: '', sessions: 0 },
	{ id: 305, name: 'former.clerk', role: 'auditor', language: 'en', disabled: true, has_password: true, last_seen: '2026-09-02T08:30:00.000000Z', sessions: 0 },
];
const names = () => [
	...DOORS.map(({ id, name }) => ({ id, name })),
	...DOORS.map(({ id, name }) => ({ id: id + 300, name: `Reader, ${name}` })),
	...ZONES.map(({ id, name }) => ({ id, name })),
	...PEOPLE.map(({ id, name }) => ({ id, name })),
	...USERS.map(({ id, name }) => ({ id, name })),
];

/* ---- entries ---- */

let clockMs = Date.now() - Number(process.env.MOCK_ENTRIES ?? 3000) * 20_400;
const stamp = () => new Date(clockMs).toISOString().replace('Z', '000Z');
const sockets = new Set();
let silent = false;

function entry(type, actor, body, cause) {
	const seq = tree.lines.length;
	const said = { post: 'BRN', seq, time: stamp(), type, actor, ...(cause ? { cause } : {}), body, ...(body.person && type.startsWith('access') ? { sealed: sha(`sealed ${seq}`).toString('hex') } : {}) };
	const line = JSON.stringify(said);
	tree.add(line);
	apply(said);
	return seq;
}

function apply({ type, body, time }) {
	const one = state.get(body.door);
	if (type === 'access.lockdown' && !body.door) lockdown = body.on === true;
	if (!one) return;
	if (type === 'access.lockdown') one.lockdown = body.on === true;
	if (type === 'access.granted' || type === 'access.unlocked') one.lock = 'unlocked';
	if (type === 'access.door_opened') Object.assign(one, { position: 'open', since: time });
	if (type === 'access.door_closed') Object.assign(one, { position: 'closed', condition: 'normal', lock: 'locked', since: time });
	if (type === 'access.door_forced') Object.assign(one, { position: 'open', condition: 'forced', since: time });
	if (type === 'access.door_held') Object.assign(one, { position: 'open', condition: 'held', since: time });
	if (type === 'access.reader_offline') one.reader = 'offline';
	if (type === 'access.reader_online') one.reader = 'secure';
}

let dice = 12345;
const random = () => ((dice = (dice * 1103515245 + 12345) % 2147483648) / 2147483648);
const pick = (list) => list[Math.floor(random() * list.length)];

function passage() {
	const at = pick(DOORS.filter((one) => state.get(one.id).condition === 'normal' && state.get(one.id).reader === 'secure'));
	const person = pick(PEOPLE).id;
	const reader = at.id + 300;
	if (random() < 0.12) {
		const reason = pick(['unknown-credential', 'expired', 'not-allowed', 'not-yet-valid']);
		entry('access.denied', `reader/${reader}`, { door: at.id, reader, ...(reason === 'unknown-credential' ? {} : { person, credential: person + 600 }), reason });
		return;
	}
	const cause = entry('access.granted', `reader/${reader}`, { door: at.id, reader, person, credential: person + 600 });
	clockMs += 1200;
	entry('access.door_opened', `door/${at.id}`, { door: at.id }, cause);
	clockMs += 3800;
	entry('access.door_closed', `door/${at.id}`, { door: at.id }, cause);
}

entry('ledger.founded', 'core', { origin: ORIGIN, version: '0.1.0' });
entry('post.imported', 'tool/0', { name: 'Embassy of Norland', buildings: 1, doors: DOORS.length, people: PEOPLE.length });
for (const user of USERS) entry('user.created', 'tool/0', { user: user.id, role: user.role });
entry('process.started', 'core', { role: 'osdp', how: 'start' });
while (tree.lines.length < Number(process.env.MOCK_ENTRIES ?? 3000)) {
	clockMs += 20_000 + random() * 60_000;
	passage();
	if (random() < 0.02) entry('user.signed_in', 'user/302', { user: 302 });
	if (random() < 0.004) entry('process.died', 'core', { role: 'web', how: 'signal 9' });
}
clockMs = Date.now();
for (const one of state.values()) one.since = stamp();

/* ---- HTTP ---- */

let signedIn = process.env.MOCK_SIGNED_OUT !== '1';
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml', woff2: 'font/woff2', txt: 'text/plain; charset=utf-8' };

const refuse = (code, error, message, field = '') => ({ code, body: { error, message, field } });
const ok = (body) => ({ code: 200, body });

function page(query, lines) {
	const before = Number(query.get('before') ?? Infinity);
	const after = query.has('after') ? Number(query.get('after')) : -1;
	const limit = Math.min(200, Number(query.get('limit') ?? 100));
	const found = [];
	for (let seq = Math.min(before, lines.length) - 1; seq > after && found.length < limit; seq--) {
		const line = lines[seq];
		const said = JSON.parse(line);
		if (query.get('type') && said.type !== query.get('type')) continue;
		if (query.get('actor') && said.actor !== query.get('actor')) continue;
		if (query.get('cause') && said.cause !== Number(query.get('cause'))) continue;
		found.push(line);
	}
	return { size: lines.length, entries: found };
}

const me = () => USERS[0];
let link = 0;
const oneTimeLink = () => `${base}/#/welcome/${sha(`link ${link++}`).toString('base64url')}`;
let base = '';

function api(method, path, query, body) {
	const at = (pattern) => new RegExp(`^${pattern}$`).exec(path);
	if (path === '/api/session' && method === 'POST') {
		if (body.password !== 'correct horse battery') return refuse(401, 'bad-credentials', 'The name or the password is wrong.');
		signedIn = true;
		return ok({ user: me() });
	}
	if (path === '/api/link') {
		if (body.password.length < 12) return refuse(400, 'password-too-short', 'The password is too short.', 'password');
		signedIn = true;
		return ok({ user: me() });
	}
	if (!signedIn) return refuse(401, 'signed-out', 'Nobody is signed in.');
	if (path === '/api/session' && method === 'DELETE') {
		signedIn = false;
		return ok({});
	}
	if (path === '/api/session') return ok({ user: me(), post: postName(), version: '0.1.0', ledger_key: vkey, origin: ORIGIN });
	if (path === '/api/post') return ok({ ...postName(), buildings: [{ id: 5, key: 'chancery', name: 'Chancery' }], floors: FLOORS, zones: ZONES, doors: DOORS });
	if (path === '/api/names') return ok({ names: names() });
	if (path === '/api/doors') return ok({ doors: DOORS.map((one) => ({ ...one, ...state.get(one.id) })), lockdown });
	let found;
	if ((found = at('/api/doors/(\\d+)/unlock'))) {
		const id = Number(found[1]);
		const seq = entry('access.unlocked', 'user/301', { door: id, seconds: body.seconds, reason_text: body.reason });
		setTimeout(() => (state.get(id).lock = 'locked'), body.seconds * 1000);
		publish(seq);
		return ok({ seq });
	}
	if ((found = at('/api/doors/(\\d+)/lockdown')) || path === '/api/lockdown') {
		const seq = entry('access.lockdown', 'user/301', { ...(found ? { door: Number(found[1]) } : {}), ...(body.on ? { on: true } : {}), reason_text: body.reason });
		publish(seq);
		return ok({ seq });
	}
	if (path === '/api/people') {
		const search = (query.get('search') ?? '').toLowerCase();
		const after = Number(query.get('after') ?? 0);
		const all = PEOPLE.filter((one) => one.id > after && one.name.toLowerCase().includes(search));
		const limit = Math.min(40, Number(query.get('limit') ?? 40));
		return ok({ people: all.slice(0, limit), more: all.length > limit });
	}
	if ((found = at('/api/people/(\\d+)'))) {
		const one = PEOPLE.find(({ id }) => id === Number(found[1]));
		if (!one) return refuse(404, 'not-found', 'There is no such person.');
		publish(entry('person.viewed', 'user/301', { person: one.id }));
		const recent = tree.lines.filter((line) => line.includes(`"person":${one.id}`) && line.includes('access.')).slice(-8).reverse().map((line) => JSON.parse(line));
		return ok({
			...one,
			permanent_residence: one.id % 7 === 0 ? 'CH' : '',
			notified_on: '2026-03-14',
			credentials: [
				{ id: one.id + 600, kind: 'card', status: 'active', not_before: '2026-03-14T00:00:00.000000Z', expires: '2028-03-14T00:00:00.000000Z' },
				{ id: one.id + 700, kind: 'card', status: 'lost', not_before: '2025-01-05T00:00:00.000000Z', expires: '2027-01-05T00:00:00.000000Z' },
			],
			doors: [101, 103, 110, 113],
			recent: recent.map(({ seq, time, type, body }) => ({ seq, time, type, door: body.door })),
		});
	}
	if (path === '/api/users' && method === 'GET') return ok({ users: USERS });
	if (path === '/api/users') {
		if (USERS.some(({ name }) => name === body.name)) return refuse(409, 'name-taken', 'This name is taken.', 'name');
		const id = 300 + USERS.length + 1;
		USERS.push({ id, ...body, disabled: false, has_password: false, last_seen: '', sessions: 0 });
		publish(entry('user.created', 'user/301', { user: id, role: body.role }));
		return ok({ id, link: oneTimeLink() });
	}
	if ((found = at('/api/users/(\\d+)/(\\S+)'))) {
		const one = USERS.find(({ id }) => id === Number(found[1]));
		if (found[2] === 'disable' && one === me()) return refuse(409, 'last-administrator', 'The last administrator must stay.');
		if (found[2] === 'disable') Object.assign(one, { disabled: true, sessions: 0 });
		if (found[2] === 'enable') one.disabled = false;
		if (found[2] === 'end-sessions') one.sessions = 0;
		if (found[2] === 'reset') return ok({ link: oneTimeLink() });
		return ok({});
	}
	if (path === '/api/ledger') return ok(page(query, tree.lines));
	if (path === '/api/ledger/checkpoint') return ok({ note: checkpoint() });
	if (path === '/api/ledger/consistency') {
		const [from, to] = [Number(query.get('from')), Number(query.get('to'))];
		if (from > to || to > tree.lines.length) return refuse(400, 'bad-range', 'There is no such proof.');
		return ok({ hashes: tree.consistency(from, to).map((hash) => hash.toString('base64')) });
	}
	if ((found = at('/api/ledger/(\\d+)'))) {
		const line = tree.lines[Number(found[1])];
		if (!line) return refuse(404, 'not-found', 'There is no such entry.');
		return ok({ line, sealed: line.includes('"sealed"') ? 'present' : 'none', size: tree.lines.length });
	}
	if ((found = at('/api/ledger/(\\d+)/proof'))) {
		const seq = Number(found[1]);
		const size = Number(query.get('size') ?? tree.lines.length);
		const path = tree.path(seq, 0, size).map((hash) => hash.toString('base64'));
		const text = ['c2sp.org/tlog-proof@v1', `extra ${Buffer.from(tree.lines[seq]).toString('base64')}`, `index ${seq}`, ...path, '', checkpoint(size)].join('\n');
		return { code: 200, text };
	}
	return refuse(404, 'not-found', 'There is no such thing.');
}

const postName = () => ({ code: 'BRN', name: 'Embassy of Norland', kind: 'embassy', host_state: 'CH', time_zone: 'Europe/Zurich' });

/* The scenes: what the screenshots need. */
const SCENES = {
	forced: () => publish(entry('access.door_forced', 'door/114', { door: 114 })),
	held: () => publish(entry('access.door_held', 'door/108', { door: 108 })),
	offline: () => publish(entry('access.reader_offline', 'reader/407', { door: 107, reader: 407 })),
	calm: () => {
		for (const id of [114, 108]) if (state.get(id).condition !== 'normal') publish(entry('access.door_closed', `door/${id}`, { door: id }));
		if (state.get(107).reader === 'offline') publish(entry('access.reader_online', 'reader/407', { door: 107, reader: 407 }));
		if (lockdown) publish(entry('access.lockdown', 'user/301', { reason_text: 'over' }));
	},
	lockdown: () => publish(entry('access.lockdown', 'user/301', { on: true, reason_text: 'Drill' })),
	silent: () => (silent = true),
	speak: () => (silent = false),
	pass: () => {
		const from = tree.lines.length;
		passage();
		publish(from);
	},
	/* A storm: many entries at once. */
	storm: () => {
		const from = tree.lines.length;
		for (let i = 0; i < 300; i++) passage();
		publish(from);
	},
	rollback: () => {
		const lines = tree.lines.slice(0, -20);
		tree = new Tree();
		lines.forEach((line) => tree.add(line));
		greet();
	},
	fork: () => {
		const lines = tree.lines.map((line, i) => (i === 40 ? line.replace('"time":"20', '"time":"19') : line));
		tree = new Tree();
		lines.forEach((line) => tree.add(line));
		passage();
		greet();
	},
	leave: () => (signedIn = false),
	enter: () => (signedIn = true),
};

const server = createServer((request, response) => {
	const url = new URL(request.url, 'http://localhost');
	const chunks = [];
	request.on('data', (chunk) => chunks.push(chunk));
	request.on('end', () => {
		response.setHeader('Content-Security-Policy', CSP);
		response.setHeader('X-Content-Type-Options', 'nosniff');
		if (url.pathname.startsWith('/mock/')) {
			SCENES[url.pathname.slice(6)]?.();
			response.end();
			return;
		}
		if (url.pathname.startsWith('/api/')) {
			clockMs = Date.now();
			const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
			const { code, body: said, text } = api(request.method, url.pathname, url.searchParams, body);
			response.writeHead(code, { 'Content-Type': text === undefined ? 'application/json' : 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
			response.end(text ?? JSON.stringify(said));
			return;
		}
		try {
			const path = url.pathname === '/' ? 'index.html' : url.pathname.slice(1);
			if (path.includes('..')) throw new Error('no');
			const bytes = readFileSync(join(DIST, `${path}.br`));
			response.writeHead(200, { 'Content-Type': TYPES[path.split('.').pop()] ?? 'text/plain', 'Content-Encoding': 'br' });
			response.end(bytes);
		} catch {
			response.writeHead(404).end();
		}
	});
});

/* ---- the feed ---- */

function frame(text) {
	const bytes = Buffer.from(text);
	const head = bytes.length < 126 ? Buffer.from([0x81, bytes.length]) : bytes.length < 65536 ? Buffer.from([0x81, 126, bytes.length >> 8, bytes.length & 255]) : Buffer.concat([Buffer.from([0x81, 127, 0, 0, 0, 0]), (() => { const size = Buffer.alloc(4); size.writeUInt32BE(bytes.length); return size; })()]);
	return Buffer.concat([head, bytes]);
}

const say = (socket, message) => {
	if (!silent) socket.write(frame(JSON.stringify(message)));
};

function publish(from) {
	const lines = tree.lines.slice(from);
	for (const socket of sockets) say(socket, { kind: 'lines', first: from, lines, size: tree.lines.length, checkpoint: checkpoint() });
}

function greet() {
	for (const socket of sockets) say(socket, { kind: 'hello', size: tree.lines.length, checkpoint: checkpoint() });
}

server.on('upgrade', (request, socket) => {
	const url = new URL(request.url, 'http://localhost');
	const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
	socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
	sockets.add(socket);
	const gone = () => sockets.delete(socket);
	socket.on('close', gone).on('error', gone);
	socket.on('data', (bytes) => {
		if ((bytes[0] & 15) === 8) socket.end();
	});
	say(socket, { kind: 'hello', size: tree.lines.length, checkpoint: checkpoint() });
	const after = url.searchParams.get('after');
	if (after !== null && Number(after) + 1 < tree.lines.length) say(socket, { kind: 'lines', first: Number(after) + 1, lines: tree.lines.slice(Number(after) + 1), size: tree.lines.length, checkpoint: '' });
});

setInterval(() => {
	clockMs = Date.now();
	for (const socket of sockets) say(socket, { kind: 'beat', time: stamp() });
}, 1000).unref();

if (process.env.MOCK_PASSAGES !== '0')
	setInterval(() => {
		clockMs = Date.now();
		SCENES.pass();
	}, 4000).unref();

server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
	base = `http://127.0.0.1:${server.address().port}`;
	console.log(`${base}/#/welcome/${randomBytes(32).toString('base64url')}`);
});
