/* lib/keys.svelte.ts - single keys, for as long as nobody is typing and no dialog is open. */
import { nameOf, Sequence } from './keys.ts';
import { settings } from './settings.svelte.ts';

const actions = new Map<string, () => void>();
const sequence = new Sequence(['g']);

/* Binds keys while a component is there. Call it in an effect, and return what it returns. */
export function bindKeys(keys: Readonly<Record<string, () => void>>): () => void {
	for (const [name, action] of Object.entries(keys)) actions.set(name, action);
	return () => {
		for (const [name, action] of Object.entries(keys)) if (actions.get(name) === action) actions.delete(name);
	};
}

function typing(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}

export function onKey(event: KeyboardEvent): void {
	if (event.defaultPrevented || event.isComposing || event.repeat) return;
	if ((event.ctrlKey || event.metaKey) && !event.altKey && nameOf(event) === 'k') {
		event.preventDefault();
		actions.get('find')?.();
		return;
	}
	if (event.ctrlKey || event.metaKey || event.altKey) return;
	if (!settings.keys || typing(event.target) || document.querySelector('dialog[open]') !== null) return;
	const name = sequence.press(nameOf(event), performance.now());
	const action = name === undefined ? undefined : actions.get(name);
	if (action === undefined) return;
	event.preventDefault();
	action();
}
