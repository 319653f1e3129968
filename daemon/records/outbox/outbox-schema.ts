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
export const outboxTables = `
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
`;
