import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { router } from './lib/router.svelte.ts';
import { session } from './lib/session.svelte.ts';
import { settings } from './lib/settings.svelte.ts';
import { words } from './lib/words.svelte.ts';

settings.start();
router.start();
session.start();
/* Both at once: the words and the question who is signed in. */
void Promise.all([words.start(), session.ask()]).then(() => {
	mount(App, { target: document.getElementById('console')! });
});
