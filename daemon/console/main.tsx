import './console.css';
import { render } from 'preact';
import { isApiError } from './api/call.js';
import { learnMe } from './api/learn-me.js';
import { forgetSession, me } from './api/session.js';
import { Console } from './shell/console.js';
import { applyTheme } from './shell/theme.js';
import { browserLanguage, isSpoken, loadAllWords, speak } from './words/words.js';

applyTheme();
await speak(browserLanguage());
try {
  await learnMe();
  await loadAllWords();
} catch (error) {
  if (!isApiError(error)) throw error;
  forgetSession();
}
const chosen = me.value?.user?.language ?? '';
if (isSpoken(chosen)) await speak(chosen);
const root = document.getElementById('console');
if (root !== null) render(<Console />, root);
