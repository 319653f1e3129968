import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { Sqlite } from '../../host/sqlite-driver.js';
import { messageOf } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';

/**
 * The recognisers that made the templates of a gallery, read without its key and beside a running daemon; none without a gallery.
 * @throws `gallery-unreadable`
 */
export function recognisersOfGallery(path: string): readonly string[] {
  let db: Database.Database | undefined;
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return [];
    db = new Sqlite(path, { readonly: true, fileMustExist: true });
    const named = 'SELECT recogniser FROM gallery UNION SELECT recogniser FROM template';
    return db.prepare<[], string>(named).pluck().all();
  } catch (error) {
    throw failure('gallery-unreadable', { path, reason: messageOf(error) }, { cause: error });
  } finally {
    db?.close();
  }
}
