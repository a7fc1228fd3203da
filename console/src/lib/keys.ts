/* lib/keys.ts - which single key or sequence was pressed, whatever the keyboard's layout.
 *
 * Pure. On an Arabic layout the key W gives an Arabic letter; what counts then is where the key lies.
 */
export interface Press {
	key: string;
	code: string;
}

export const SEQUENCE_MS_MAX = 1_200;

export function nameOf({ key, code }: Press): string {
	const ascii = key.length === 1 && key >= ' ' && key <= '~';
	if (key.length !== 1 || ascii) return key.length === 1 ? key.toLowerCase() : key;
	const letter = /^Key([A-Z])$/.exec(code)?.[1];
	if (letter !== undefined) return letter.toLowerCase();
	return code === 'Slash' ? '/' : key;
}

/* `g w` is two presses; gives what is complete now, or undefined. */
export class Sequence {
	#first = '';
	#firstMs = 0;

	constructor(readonly starts: readonly string[]) {}

	press(name: string, nowMs: number): string | undefined {
		const first = nowMs - this.#firstMs <= SEQUENCE_MS_MAX ? this.#first : '';
		this.#first = '';
		if (first !== '') return `${first} ${name}`;
		if (!this.starts.includes(name)) return name;
		this.#first = name;
		this.#firstMs = nowMs;
		return undefined;
	}
}
