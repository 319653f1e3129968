import type { Migration } from '../../host/sqlite-migrations.js';

/**
 * An outbox that can be bounded and that a centre can confirm.
 *
 * - `outbox`: `since_ms` is when the row came in (again), `sent_over` the number of the connection whose broker took it
 *   last: such a row is kept for the centre only.
 * - `outbox_total`: how much waits of each kind, kept by triggers; how many were ever given up.
 * - `given_up`: events that were given up and have not been asked for again, for as long as they are in the records.
 * - counters: `sent`, the newest event that a broker took; `centre`, up to where a centre has stored everything;
 *   `connection`, how many connections have sent for a centre.
 */
export const boundedOutbox: Migration = {
  name: 'limits of the outbox, and acknowledgement by a centre',
  apply: `
  CREATE TEMP TABLE waiting AS SELECT sequence, is_again FROM outbox;
  DROP TABLE outbox;

  CREATE TABLE outbox (
    sequence    INTEGER PRIMARY KEY REFERENCES event (sequence),
    kind        TEXT    NOT NULL,
    size_bytes  INTEGER NOT NULL,
    since_ms    INTEGER NOT NULL,
    is_again    INTEGER NOT NULL DEFAULT 0,
    sent_over   INTEGER
  ) STRICT;
  CREATE INDEX outbox_by_age ON outbox (kind, since_ms);

  CREATE TABLE outbox_total (
    kind       TEXT    PRIMARY KEY,
    count      INTEGER NOT NULL DEFAULT 0,
    size_bytes INTEGER NOT NULL DEFAULT 0,
    given_up   INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE given_up (
    sequence INTEGER PRIMARY KEY REFERENCES event (sequence) ON DELETE CASCADE
  ) STRICT;

  CREATE TRIGGER outbox_grows AFTER INSERT ON outbox BEGIN
    INSERT INTO outbox_total (kind) SELECT NEW.kind
      WHERE NOT EXISTS (SELECT 1 FROM outbox_total WHERE kind = NEW.kind);
    UPDATE outbox_total SET count = count + 1, size_bytes = size_bytes + NEW.size_bytes WHERE kind = NEW.kind;
  END;
  CREATE TRIGGER outbox_shrinks AFTER DELETE ON outbox BEGIN
    UPDATE outbox_total SET count = count - 1, size_bytes = size_bytes - OLD.size_bytes WHERE kind = OLD.kind;
  END;

  INSERT INTO outbox (sequence, kind, size_bytes, since_ms, is_again)
    SELECT sequence, kind, length(payload), recorded_at_ms, is_again FROM waiting JOIN event USING (sequence);
  INSERT INTO counter (name, value)
    SELECT 'sent', coalesce(max(sequence), 0) FROM event WHERE sequence NOT IN (SELECT sequence FROM waiting);
  INSERT INTO counter (name, value) VALUES ('centre', 0), ('connection', 0);
  DROP TABLE waiting;
  `,
};
