/* lib/words.svelte.ts - the language on screen. `t` gives a message; a locale is loaded once and kept. */
import type { Language } from './types.ts';
import type { Key, Messages } from '../locales/en.ts';
import { Formatter, type Values } from './icu.ts';
import { asLanguage, storage } from './settings.svelte.ts';

const LOADERS: Record<Language, () => Promise<{ messages: Messages }>> = {
	en: () => import('../locales/en.ts'),
	fr: () => import('../locales/fr.ts'),
	ar: () => import('../locales/ar.ts'),
};

class Words {
	language = $state<Language>('en');
	#messages = $state.raw<Messages | undefined>();
	#formatter = $state.raw(new Formatter('en'));
	#started: Promise<void> | undefined;
	#regions = $state.raw<Intl.DisplayNames | undefined>();

	get direction(): 'ltr' | 'rtl' {
		return this.language === 'ar' ? 'rtl' : 'ltr';
	}

	/* What was chosen on this console, else what the browser asks for. */
	start(): Promise<void> {
		this.#started ??= this.#start();
		return this.#started;
	}

	async #start(): Promise<void> {
		const chosen = asLanguage(storage.read('legation.language'));
		const asked = navigator.languages.map(asLanguage).find((language) => language !== undefined);
		await this.show(chosen ?? asked ?? 'en');
	}

	/* A user's own language, unless this console has been told another. */
	async prefer(language: string): Promise<void> {
		await this.start();
		const wanted = asLanguage(language);
		if (wanted !== undefined && asLanguage(storage.read('legation.language')) === undefined) await this.show(wanted);
	}

	async choose(language: Language): Promise<void> {
		await this.show(language);
		storage.write('legation.language', language);
	}

	async show(language: Language): Promise<void> {
		const { messages } = await LOADERS[language]();
		this.#messages = messages;
		this.#formatter = new Formatter(language);
		this.#regions = new Intl.DisplayNames([language], { type: 'region' });
		this.language = language;
		document.documentElement.lang = language;
		document.documentElement.dir = this.direction;
	}

	t = (key: Key, values?: Values): string => {
		const message = this.#messages?.[key];
		return message === undefined ? key : this.#formatter.format(message, values);
	};

	number = (value: number): string => this.#formatter.number(value);

	/* A code word of the server: its translation, or the word itself when it is newer than this console. */
	code = (family: string, word: string): string => {
		const message = this.#messages?.[`${family}.${word}` as Key];
		return message === undefined ? word : this.#formatter.format(message);
	};

	has = (key: string): boolean => this.#messages?.[key as Key] !== undefined;

	region = (code: string): string => {
		if (!/^[A-Z]{2}$/.test(code)) return code;
		return this.#regions?.of(code) ?? code;
	};
}

export const words = new Words();
export const t = words.t;
