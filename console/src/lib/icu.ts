/* lib/icu.ts - the part of ICU MessageFormat the console uses: arguments, plural (with =N and #), select.
 *
 *   {count, plural, =0 {nobody} one {# person} other {# people}}
 *
 * Text arguments come wrapped in bidi isolates, so that a Latin name in an Arabic sentence disturbs nothing. Numbers
 * are in Latin digits in every language. A message that does not parse throws: the tests parse every one of them.
 */
export type Value = string | number;
export type Values = Readonly<Record<string, Value>>;
type Piece =
	| string
	| { argument: string }
	| { hash: true }
	| { argument: string; kind: 'plural' | 'select'; cases: Map<string, Piece[]> };

const ISOLATE = '\u2068';
const END_ISOLATE = '\u2069';
const DEPTH_MAX = 4;

export class BadMessage extends Error {}

class Parser {
	#at = 0;
	constructor(readonly source: string) {}

	message(depth: number, inPlural: boolean): Piece[] {
		if (depth > DEPTH_MAX) throw new BadMessage('nested too deep');
		const pieces: Piece[] = [];
		let text = '';
		const flush = (): void => {
			if (text !== '') pieces.push(text);
			text = '';
		};
		while (this.#at < this.source.length && this.#peek() !== '}') {
			const letter = this.source[this.#at++]!;
			if (letter === "'" && this.#quoted()) {
				text += this.#takeQuoted();
			} else if (letter === '{') {
				flush();
				pieces.push(this.#argument(depth, inPlural));
			} else if (letter === '#' && inPlural) {
				flush();
				pieces.push({ hash: true });
			} else {
				text += letter;
			}
		}
		flush();
		return pieces;
	}

	end(): void {
		if (this.#at !== this.source.length) throw new BadMessage(`a stray } in: ${this.source}`);
	}

	#peek(): string {
		return this.source[this.#at] ?? '';
	}

	/* An apostrophe quotes only before a brace; everywhere else it is an apostrophe (French is full of them). */
	#quoted(): boolean {
		return this.#peek() === '{' || this.#peek() === '}';
	}

	#takeQuoted(): string {
		const end = this.source.indexOf("'", this.#at);
		if (end < 0) throw new BadMessage(`a quote without an end in: ${this.source}`);
		const text = this.source.slice(this.#at, end);
		this.#at = end + 1;
		return text;
	}

	#word(): string {
		const match = /^\s*([A-Za-z_][A-Za-z0-9_-]*|=[0-9]+)\s*/.exec(this.source.slice(this.#at));
		if (match === null) throw new BadMessage(`a word is missing in: ${this.source}`);
		this.#at += match[0].length;
		return match[1]!;
	}

	#expect(letter: string): void {
		if (this.source[this.#at++] !== letter) throw new BadMessage(`"${letter}" is missing in: ${this.source}`);
	}

	#argument(depth: number, inPlural: boolean): Piece {
		const argument = this.#word();
		if (this.#peek() === '}') {
			this.#at++;
			return { argument };
		}
		this.#expect(',');
		const kind = this.#word();
		if (kind !== 'plural' && kind !== 'select') throw new BadMessage(`unknown kind ${kind}`);
		this.#expect(',');
		const cases = new Map<string, Piece[]>();
		while (!/^\s*\}/.test(this.source.slice(this.#at))) {
			const name = this.#word();
			this.#expect('{');
			cases.set(name, this.message(depth + 1, inPlural || kind === 'plural'));
			this.#expect('}');
		}
		this.#at = this.source.indexOf('}', this.#at) + 1;
		if (!cases.has('other')) throw new BadMessage(`no "other" in: ${this.source}`);
		return { argument, kind, cases };
	}
}

export function compile(source: string): Piece[] {
	const parser = new Parser(source);
	const pieces = parser.message(0, false);
	parser.end();
	return pieces;
}

/* The plural categories a message spells out, for the tests. */
export function pluralCases(pieces: readonly Piece[]): string[][] {
	return pieces.flatMap((piece) =>
		typeof piece === 'object' && 'cases' in piece
			? [...(piece.kind === 'plural' ? [[...piece.cases.keys()]] : []), ...[...piece.cases.values()].flatMap(pluralCases)]
			: [],
	);
}

/* The arguments a message takes, for the tests. */
export function argumentsOf(pieces: readonly Piece[]): string[] {
	const names = pieces.flatMap((piece) => {
		if (typeof piece === 'string' || !('argument' in piece)) return [];
		return [piece.argument, ...('cases' in piece ? [...piece.cases.values()].flatMap(argumentsOf) : [])];
	});
	return [...new Set(names)].sort();
}

export class Formatter {
	readonly #compiled = new Map<string, Piece[]>();
	readonly #rules: Intl.PluralRules;
	readonly #numbers: Intl.NumberFormat;

	constructor(readonly language: string) {
		this.#rules = new Intl.PluralRules(language);
		this.#numbers = new Intl.NumberFormat(language, { numberingSystem: 'latn' });
	}

	number(value: number): string {
		return this.#numbers.format(value);
	}

	format(source: string, values: Values = {}): string {
		let pieces = this.#compiled.get(source);
		if (pieces === undefined) {
			pieces = compile(source);
			this.#compiled.set(source, pieces);
		}
		return this.#render(pieces, values, 0);
	}

	#render(pieces: readonly Piece[], values: Values, hash: number): string {
		return pieces
			.map((piece) => {
				if (typeof piece === 'string') return piece;
				if ('hash' in piece) return this.number(hash);
				const value = values[piece.argument];
				if ('cases' in piece) return this.#choose(piece, value, values, hash);
				if (typeof value === 'number') return this.number(value);
				return value === undefined ? '' : ISOLATE + value + END_ISOLATE;
			})
			.join('');
	}

	#choose(
		piece: { kind: 'plural' | 'select'; cases: Map<string, Piece[]> },
		value: Value | undefined,
		values: Values,
		hash: number,
	): string {
		const { cases } = piece;
		const other = cases.get('other')!;
		if (piece.kind === 'select') return this.#render(cases.get(String(value)) ?? other, values, hash);
		const count = Number(value);
		const chosen = cases.get(`=${count}`) ?? cases.get(this.#rules.select(count)) ?? other;
		return this.#render(chosen, values, count);
	}
}
