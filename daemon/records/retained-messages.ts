import type { OpenDatabase } from '../host/sqlite.js';
import { explained } from './explained.js';

/** Remembers what was published retained, so that it can be taken back. */
export interface RetainedMessages {
  /** Topics that `owner` has published to, each with what it remembers of the content. */
  of(owner: string): ReadonlyMap<string, string>;
  /** Adds topics, all or none; of one that is known the text is replaced. Call before they are published. */
  remember(owner: string, parts: ReadonlyMap<string, string>): void;
  /** Call when the broker has acknowledged that the topic is empty. */
  forget(owner: string, topic: string): void;
}

export function retainedMessagesOf(database: OpenDatabase): RetainedMessages {
  const { db } = database;
  const all = db.prepare<[string], { topic: string; parts: string }>(
    'SELECT topic, parts FROM retained_message WHERE owner = ? ORDER BY topic',
  );
  const put = db.prepare<[string, string, string]>(
    `INSERT INTO retained_message (owner, topic, parts) VALUES (?, ?, ?)
     ON CONFLICT (owner, topic) DO UPDATE SET parts = excluded.parts`,
  );
  const remove = db.prepare<[string, string]>('DELETE FROM retained_message WHERE owner = ? AND topic = ?');
  return {
    of: (owner) =>
      explained(database, () => new Map(all.all(owner).map(({ topic, parts }) => [topic, parts]))),
    remember: (owner, entries) =>
      database.transaction(() => {
        for (const [topic, parts] of entries) put.run(owner, topic, parts);
      }),
    forget: (owner, topic) => database.transaction(() => void remove.run(owner, topic)),
  };
}
