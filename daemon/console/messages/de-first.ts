import { filesOf } from './files-of.js';

/** The message files of this language that are needed before any page. */
export const messages = filesOf(
  import.meta.glob('./de/{entry,parts,shell}.json', { eager: true, import: 'default' }),
);
