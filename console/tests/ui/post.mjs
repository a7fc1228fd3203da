/* tests/ui/post.mjs - a real post for the UI tests: the demo's embassy in a folder of its own, and, on that folder
 * afterwards, the bare server, so that a test can stop it, put an older copy back and start it again. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LEGATION = process.env.LEGATION ?? fileURLToPath(new URL('../../../build/legation', import.meta.url));
const START_MS_MAX = 60_000;

async function freePort() {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	return port;
}

export class TestPost {
	folder = mkdtempSync(join(tmpdir(), 'legation-ui-'));
	copy = join(this.folder, 'copy');
	server;
	port = 0;

	constructor() {
		chmodSync(this.folder, 0o755); /* the server's own users pass through it */
	}

	static exists() {
		return existsSync(LEGATION);
	}

	get base() {
		return `https://localhost:${this.port}`;
	}

	get #data() {
		return join(this.folder, 'post');
	}

	/* People come and go. Gives the first administrator's one-time link. */
	async startDemo() {
		this.port = await freePort();
		this.server = spawn(LEGATION, ['demo', '--dir', this.folder, '--listen', `127.0.0.1:${this.port}`], { stdio: ['ignore', 'pipe', 'pipe'] });
		let said = '';
		const link = new Promise((resolve, reject) => {
			const late = setTimeout(() => reject(new Error(`the demo does not start: ${said}`)), START_MS_MAX);
			const read = (bytes) => {
				said += bytes;
				const found = /https:\/\/\S+\/#\/welcome\/\S+/.exec(said);
				if (found === null) return;
				clearTimeout(late);
				resolve(found[0]);
			};
			this.server.stdout.on('data', read);
			this.server.stderr.on('data', read);
			this.server.once('exit', () => reject(new Error(`the demo ended: ${said}`)));
		});
		return link;
	}

	/* The same post without its people and readers: nothing happens unless a test does it. */
	async startServer() {
		this.server = spawn(LEGATION, ['serve', '--dir', this.#data, '--listen', `127.0.0.1:${this.port}`, '--reserve-mb', '16'], { stdio: ['ignore', 'ignore', 'ignore'] });
	}

	async stop() {
		const { server } = this;
		this.server = undefined;
		if (server === undefined || server.exitCode !== null) return;
		const gone = once(server, 'exit');
		server.kill('SIGTERM');
		const late = setTimeout(() => server.kill('SIGKILL'), 30_000);
		await gone;
		clearTimeout(late);
	}

	/* Of a post that is stopped. Owners and times stay as they are. */
	keepCopy() {
		this.#copy(this.#data, this.copy);
	}

	putBackCopy() {
		this.#copy(this.copy, this.#data);
	}

	#copy(from, to) {
		rmSync(to, { recursive: true, force: true });
		const { status } = spawnSync('cp', ['-a', from, to], { stdio: 'inherit' });
		if (status !== 0) throw new Error(`cannot copy ${from}`);
	}

	/* The processes of the running server, by what they do: holding one still is how a test plays silence. */
	pids(role) {
		const found = [];
		for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
			try {
				const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
				if (words[1] === 'worker' && words[2] === role && this.#isOurs(Number(pid))) found.push(Number(pid));
			} catch {
				/* gone meanwhile */
			}
		}
		return found;
	}

	#isOurs(pid) {
		for (let at = pid; at > 1; ) {
			if (at === this.server?.pid) return true;
			const stat = readFileSync(`/proc/${at}/stat`, 'utf8');
			at = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
		}
		return false;
	}

	async end() {
		await this.stop();
		rmSync(this.folder, { recursive: true, force: true });
	}
}
