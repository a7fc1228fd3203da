/* lib/problem.ts - what went wrong, in the reader's words. */
import { Refused } from './api.ts';
import { words } from './words.svelte.ts';

export interface Problem {
	text: string;
	field: string;
	code: string;
}

/* The code word's translation; failing that, the server's own sentence, which is better than nothing. */
export function problemOf(cause: unknown): Problem {
	if (cause instanceof Refused) {
		const known = words.has(`error.${cause.code}`);
		const text = known ? words.code('error', cause.code) : cause.message || words.t('error.unknown', { code: cause.code });
		return { text, field: cause.field, code: cause.code };
	}
	return { text: words.t('error.unreachable'), field: '', code: 'unreachable' };
}
