import { filesOf } from './files-of.js';

/** The message files of this language that the login does not need. */
export const messages = filesOf(
  import.meta.glob(['./de/*.json', '!./de/{entry,parts,shell}.json'], { eager: true, import: 'default' }),
);
