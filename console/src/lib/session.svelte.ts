/* lib/session.svelte.ts - who is signed in on this console, if anyone. */
import type { Session } from './types.ts';
import { api, Refused, whenSignedOut } from './api.ts';
import { words } from './words.svelte.ts';

export type SignedIn = 'asking' | 'out' | 'in' | 'unreachable';

class SessionState {
	state = $state<SignedIn>('asking');
	now = $state.raw<Session | undefined>();
	/* A session that ended while it was in use, by the clock or by an administrator: the sign-in page says so. */
	ended = $state(false);

	start(): void {
		whenSignedOut(() => this.#left(this.state === 'in'));
	}

	async ask(): Promise<void> {
		try {
			this.now = await api.session();
			this.state = 'in';
			this.ended = false;
			await words.prefer(this.now.language);
		} catch (cause) {
			if (cause instanceof Refused && cause.status < 500) this.#left(false);
			else this.state = 'unreachable';
		}
	}

	async leave(): Promise<void> {
		await api.signOut();
		this.#left(false);
	}

	#left(ended: boolean): void {
		if (this.state === 'out') return;
		this.now = undefined;
		this.state = 'out';
		this.ended = ended;
	}
}

export const session = new SessionState();
