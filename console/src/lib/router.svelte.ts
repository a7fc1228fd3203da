/* lib/router.svelte.ts - the address bar, as state. */
import { format, parse, type Page, type Place } from './router.ts';

class Router {
	place = $state.raw<Place>(parse(''));

	/* A one-time link's token leaves the address bar, and so the history, before anything else happens. */
	start(): void {
		const read = (): void => {
			this.place = parse(location.hash);
			if (this.place.page === 'welcome') history.replaceState(null, '', '#/welcome');
		};
		window.addEventListener('hashchange', () => {
			if (location.hash === '#/welcome' && this.place.page === 'welcome') return;
			read();
		});
		read();
	}

	go(page: Page, id?: number, query: Record<string, string | number | undefined> = {}): void {
		location.hash = format(page, id, query);
	}

	/* The same page with other filters: no new step in the history. */
	refine(page: Page, id: number | undefined, query: Record<string, string | number | undefined>): void {
		history.replaceState(null, '', format(page, id, query));
		this.place = parse(location.hash);
	}
}

export const router = new Router();
