/**
 * Alerts and what became of them.
 *
 * - `alert_rule`: what each rule remembers, JSON. How far the rules have followed the events is the counter `alerts`, which
 *   is there only while there are rules.
 * - `alert`: what was said, worded once. It names cameras, never persons.
 * - `alert_delivery`: where it has to go, and whether it has arrived.
 */
export const alertTables = `
  CREATE TABLE alert_rule (
    rule_id TEXT PRIMARY KEY,
    state   TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE alert (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT    NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL,
    message       TEXT    NOT NULL
  ) STRICT;

  CREATE INDEX alert_by_age ON alert (created_at_ms);

  CREATE TABLE alert_delivery (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_number  INTEGER NOT NULL REFERENCES alert (number) ON DELETE CASCADE,
    channel_id    TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_at_ms    INTEGER NOT NULL,
    last_at_ms    INTEGER,
    code          TEXT,
    reason        TEXT
  ) STRICT;

  CREATE INDEX delivery_of_alert ON alert_delivery (alert_number);
  CREATE INDEX delivery_to_see_to ON alert_delivery (state, number) WHERE state <> 'delivered';
`;
