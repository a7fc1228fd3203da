/* lib/time.ts - times as people read them: 24 hours, Latin digits, in the post's zone and in UTC.
 *
 * Formatters are dear to make and cheap to use, so each is made once. What does not parse comes back as it is: a time
 * we cannot read is still evidence.
 */
export type Zone = string; /* IANA, as "Europe/Vienna"; "UTC" */

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(language: string, zone: Zone, style: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
	const name = `${language} ${zone} ${style}`;
	let made = formatters.get(name);
	if (made === undefined) {
		/* Day before month, in English as in the others. */
		const tag = language === 'en' ? 'en-GB' : language;
		const fixed: Intl.DateTimeFormatOptions = { ...options, numberingSystem: 'latn', calendar: 'gregory' };
		try {
			made = new Intl.DateTimeFormat(tag, { ...fixed, timeZone: zone });
		} catch {
			made = new Intl.DateTimeFormat(tag, { ...fixed, timeZone: 'UTC' });
		}
		formatters.set(name, made);
	}
	return made;
}

export function readTime(text: string): Date | undefined {
	if (text === '') return undefined;
	const time = new Date(text);
	return Number.isNaN(time.getTime()) ? undefined : time;
}

/* 00:42:17 */
export function clock(text: string, zone: Zone): string {
	const time = readTime(text);
	if (time === undefined) return text;
	const style = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
	return formatter('en-GB', zone, 'clock', style).format(time);
}

/* 00:42 */
export function shortClock(text: string, zone: Zone): string {
	return clock(text, zone).slice(0, 5);
}

/* 22 Nov 2026 */
export function day(text: string, zone: Zone, language: string): string {
	const time = readTime(text);
	if (time === undefined) return text;
	return formatter(language, zone, 'day', { day: 'numeric', month: 'short', year: 'numeric' }).format(time);
}

/* Sunday 22 November */
export function longDay(text: string, zone: Zone, language: string): string {
	const time = readTime(text);
	if (time === undefined) return text;
	return formatter(language, zone, 'long', { weekday: 'long', day: 'numeric', month: 'long' }).format(time);
}

/* 2026-11-22, for telling days apart. Put together by hand: what a locale makes of it changes with the years. */
export function dayKey(text: string, zone: Zone): string {
	const time = readTime(text);
	if (time === undefined) return text;
	const parts = formatter('en', zone, 'key', { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(time);
	const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
	return `${part('year')}-${part('month')}-${part('day')}`;
}

/* 22 Nov */
function shortDay(text: string, zone: Zone, language: string): string {
	const time = readTime(text);
	if (time === undefined) return text;
	return formatter(language, zone, 'short day', { day: 'numeric', month: 'short' }).format(time);
}

/* 22 Nov 2026 00:42:17; what of the date is the same as on `today` is left out. */
export function moment(text: string, zone: Zone, language: string, today = ''): string {
	if (readTime(text) === undefined) return text;
	const time = clock(text, zone);
	if (readTime(today) === undefined) return `${day(text, zone, language)} ${time}`;
	const [then, now] = [dayKey(text, zone), dayKey(today, zone)];
	if (then === now) return time;
	const sameYear = then.slice(0, 4) === now.slice(0, 4);
	return `${sameYear ? shortDay(text, zone, language) : day(text, zone, language)} ${time}`;
}

/* Does the zone show another time than UTC at that moment? */
export function differsFromUtc(text: string, zone: Zone): boolean {
	return clock(text, zone) !== clock(text, 'UTC');
}

/* 0:42, 12:07, 3:00:12: how long something has lasted, in digits that align. */
export function lasted(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	const two = (value: number): string => String(value).padStart(2, '0');
	const hours = Math.floor(seconds / 3600);
	const minutes = Math.floor(seconds / 60) % 60;
	return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
