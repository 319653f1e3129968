import type { OpenDatabase } from '../../host/sqlite.js';

/** Remembers retained messages of this box, so that they can be withdrawn. */
export interface RetainedMessages {
  /** The topics of `owner`, each with the text that `owner` stored about its content. */
  of(owner: string): ReadonlyMap<string, string>;
  /** Adds or replaces topics in one transaction. Called before the messages are published. */
  remember(owner: string, parts: ReadonlyMap<string, string>): void;
  /** Called when the broker has acknowledged the empty message. */
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
    of: (owner) => database.read(() => new Map(all.all(owner).map(({ topic, parts }) => [topic, parts]))),
    remember: (owner, entries) =>
      database.transaction(() => {
        for (const [topic, parts] of entries) put.run(owner, topic, parts);
      }),
    forget: (owner, topic) => database.transaction(() => void remove.run(owner, topic)),
  };
}
