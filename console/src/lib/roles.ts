/* lib/roles.ts - which pages and buttons a role is shown. Only manners: the server decides, every time. */
import type { Role } from './types.ts';
import type { Page } from './router.ts';

const SEES: Record<Page, readonly Role[] | 'all'> = {
	watch: 'all',
	doors: 'all',
	people: 'all',
	users: ['administrator', 'security-officer'],
	ledger: 'all',
};

export function sees(role: Role, page: Page): boolean {
	const roles = SEES[page];
	return roles === 'all' || roles.includes(role);
}

/* An auditor reads; everybody else on watch may act on doors. */
export function actsOnDoors(role: Role): boolean {
	return role !== 'auditor';
}
