/* lib/rows.ts - arrows (and j, k) walk the rows of a table; what is walked on is marked `data-row`. */
import { nameOf } from './keys.ts';
import { settings } from './settings.svelte.ts';

export function rowKeys(body: HTMLElement): () => void {
	const walk = (event: KeyboardEvent): void => {
		if (event.ctrlKey || event.metaKey || event.altKey) return;
		const name = nameOf(event);
		const letter = settings.keys && (name === 'j' || name === 'k');
		if (!['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(name) && !letter) return;
		const rows = [...body.querySelectorAll<HTMLElement>('[data-row]')];
		const row = (event.target as HTMLElement).closest('tr, li');
		const at = rows.findIndex((one) => row?.contains(one) === true);
		const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: rows.length - 1 }[name] ?? at;
		const next = rows[Math.min(Math.max(0, to), rows.length - 1)];
		if (next === undefined) return;
		event.preventDefault();
		next.focus();
		next.scrollIntoView({ block: 'nearest' });
	};
	body.addEventListener('keydown', walk);
	return () => body.removeEventListener('keydown', walk);
}
