import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { pathOf, type IconNode } from './scripts/icon-path.ts';

/* `virtual:icons` - the Lucide icons named in src/parts/icons.json, each as the data of one path.
 *
 * Compiled in at build time: the console carries the outlines it draws and nothing else of the set.
 */
function icons(): Plugin {
	const asked = fileURLToPath(new URL('./src/parts/icons.json', import.meta.url));
	const nodes = fileURLToPath(new URL('./node_modules/lucide-static/icon-nodes.json', import.meta.url));
	return {
		name: 'legation-icons',
		resolveId: (id) => (id === 'virtual:icons' ? '\0virtual:icons' : undefined),
		load(id) {
			if (id !== '\0virtual:icons') return undefined;
			this.addWatchFile(asked);
			const all = JSON.parse(readFileSync(nodes, 'utf8')) as Record<string, IconNode[]>;
			const names = JSON.parse(readFileSync(asked, 'utf8')) as string[];
			const paths: Record<string, string> = {};
			for (const name of names) {
				const icon = all[name];
				if (icon === undefined) throw new Error(`no icon named ${name} in lucide-static`);
				paths[name] = icon.map(pathOf).join('');
			}
			return `export default ${JSON.stringify(paths)};`;
		},
	};
}

export default defineConfig({
	plugins: [icons(), svelte()],
	build: {
		target: 'es2022',
		assetsInlineLimit: 0, /* the content security policy has no data: */
		manifest: true,
		modulePreload: { polyfill: false },
		reportCompressedSize: false,
		chunkSizeWarningLimit: 1000,
	},
	server: { proxy: { '/api': { target: process.env['BASE_URL'] ?? 'http://127.0.0.1:8420', ws: true, secure: false } } },
	test: {
		include: ['tests/unit/**/*.test.ts'],
		environment: 'node',
	},
} as Parameters<typeof defineConfig>[0]);
