import type { Language } from '../words/language.js';
import { Languages } from '../words/languages.js';
import { wordsFolder } from './program-files.js';

let read: Languages | undefined;

/** The languages of this program, read when they are first asked for: a process that writes only English needs no file of them. */
export function installedLanguages(): Languages {
  read ??= new Languages(wordsFolder());
  return read;
}

/** The language of the terminal in which this process runs. */
export const terminalLanguage = (): Language => installedLanguages().ofTerminal(process.env);
