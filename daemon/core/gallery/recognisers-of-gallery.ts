import { statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { messageOf, operational } from '../../kernel/errors.js';

/**
 * The recognisers that made the templates of a gallery, read without its key and beside a running daemon; none without a gallery.
 * @throws `gallery-unreadable`
 */
export function recognisersOfGallery(path: string): readonly string[] {
  let db: Sqlite.Database | undefined;
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return [];
    db = new Sqlite(path, { readonly: true, fileMustExist: true });
    const named = 'SELECT recogniser FROM gallery UNION SELECT recogniser FROM template';
    return db.prepare<[], string>(named).pluck().all();
  } catch (error) {
    throw operational(
      'gallery-unreadable',
      `cannot read which recogniser made ${path}: ${messageOf(error)}`,
      {
        remedy: 'Run the command as root or as the user of the daemon.',
        cause: error,
      },
    );
  } finally {
    db?.close();
  }
}
