import { language, languageNames, speak } from '../words/words.js';

/** Switches the language, where nobody is logged in. Each language has its own name. */
export function Languages() {
  return languageNames.map(([code, name]) => (
    <button
      key={code}
      type="button"
      class="plain"
      lang={code}
      aria-pressed={code === language()}
      onClick={() => void speak(code)}
    >
      {name}
    </button>
  ));
}
