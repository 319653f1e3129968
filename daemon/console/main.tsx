import './console.css';
import { render } from 'preact';
import { resume } from './pages/entry/login.js';
import { applyTheme } from './parts/theme.js';
import { Console } from './shell/console.js';
import { watchPlaces } from './shell/place.js';
import { browserLanguage, speak } from './words/words.js';

applyTheme();
watchPlaces();
await speak(browserLanguage());
await resume();
const root = document.getElementById('console');
if (root !== null) render(<Console />, root);
