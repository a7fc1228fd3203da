/* lib/entry-words.svelte.ts - an entry's title in the reader's language. */
import type { Entry } from './entries.ts';
import { t, words } from './words.svelte.ts';

export function titleOf(entry: Entry): string {
	const { type, body } = entry;
	if (type === 'access.lockdown' && body['on'] !== true) return t('entry.access.lockdown_ended');
	if (type === 'access.device_state') return words.code('entry.access.device_state', String(body['link'] ?? 'offline'));
	if (type === 'access.device_tamper' && body['tamper'] !== true) {
		return body['power_failure'] === true ? t('entry.access.device_power') : t('entry.access.device_tamper_ended');
	}
	if (type === 'ledger.verified' && body['sound'] !== true) return t('entry.ledger.unsound');
	if (type === 'disk.changed' && body['low'] !== true) return t('entry.disk.freed');
	return words.code('entry', type);
}
