/* lib/roles.ts - which pages and buttons a role is shown. Only manners: the server decides, every time. */
import type { RouteRole } from '../generated.ts';
import type { Page } from './router.ts';

const SEES: Record<Page, readonly RouteRole[] | 'all'> = {
	watch: 'all',
	doors: 'all',
	people: 'all',
	users: ['administrator'],
	ledger: 'all',
};

export function sees(role: RouteRole, page: Page): boolean {
	const roles = SEES[page];
	return roles === 'all' || roles.includes(role);
}

export function unlocks(role: RouteRole): boolean {
	return ['operator', 'security-officer', 'administrator'].includes(role);
}

export function locksDown(role: RouteRole): boolean {
	return unlocks(role) || role === 'guard' || role === 'head-of-mission';
}

/* Who somebody is, and which doors and cards he has, are two files with two circles of readers. */
export function readsFiles(role: RouteRole): boolean {
	return ['operator', 'security-officer', 'head-of-mission', 'auditor'].includes(role);
}

export function readsAccess(role: RouteRole): boolean {
	return ['security-officer', 'administrator', 'auditor'].includes(role);
}
