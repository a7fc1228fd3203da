/* lib/notices.svelte.ts - short notices of what was done, read out politely and gone by themselves. */
const SHOWN_MAX = 3;
const SHOWN_MS = 6_000;

class Notices {
	shown = $state.raw<readonly { id: number; text: string }[]>([]);
	#next = 1;

	say(text: string): void {
		const id = this.#next++;
		this.shown = [...this.shown, { id, text }].slice(-SHOWN_MAX);
		window.setTimeout(() => this.drop(id), SHOWN_MS);
	}

	drop(id: number): void {
		this.shown = this.shown.filter((notice) => notice.id !== id);
	}
}

export const notices = new Notices();
