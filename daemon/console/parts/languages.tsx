import { consoleLanguages, language, languageNames, speak } from '../words/words.js';

/** Switches the language, where nobody is logged in. Each language has its own name. */
export function Languages() {
  return consoleLanguages.map((each) => (
    <button
      key={each}
      type="button"
      class="plain"
      lang={each}
      aria-pressed={each === language()}
      onClick={() => void speak(each)}
    >
      {languageNames[each]}
    </button>
  ));
}
