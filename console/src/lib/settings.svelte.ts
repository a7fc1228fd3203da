/* lib/settings.svelte.ts - what this console keeps for its user: theme, language, whether single keys act. */
import type { Language } from './types.ts';

export type Theme = 'dark' | 'light';
export const LANGUAGES: readonly { code: Language; name: string }[] = [
	{ code: 'en', name: 'English' },
	{ code: 'fr', name: 'Français' },
	{ code: 'ar', name: 'العربية' },
];

/* Storage may be refused (a private window, a full disk): the console works without. */
export const storage = {
	read(name: string): string | null {
		try {
			return localStorage.getItem(name);
		} catch {
			return null;
		}
	},
	write(name: string, value: string): void {
		try {
			localStorage.setItem(name, value);
		} catch {
			/* Kept for as long as this window lives, then. */
		}
	},
};

export function asLanguage(text: string | null | undefined): Language | undefined {
	const code = text?.slice(0, 2).toLowerCase();
	return LANGUAGES.find((language) => language.code === code)?.code;
}

class Settings {
	theme = $state<Theme>('dark');
	/* Single keys can be turned off, for those who speak their commands or press keys unawares. */
	keys = $state(true);

	start(): void {
		this.theme = storage.read('legation.theme') === 'light' ? 'light' : 'dark';
		this.keys = storage.read('legation.keys') !== 'off';
		this.#show();
	}

	setTheme(theme: Theme): void {
		this.theme = theme;
		storage.write('legation.theme', theme);
		this.#show();
	}

	setKeys(on: boolean): void {
		this.keys = on;
		storage.write('legation.keys', on ? 'on' : 'off');
	}

	#show(): void {
		document.documentElement.dataset['theme'] = this.theme;
	}
}

export const settings = new Settings();
