import { defect } from '../../base/errors.js';
import type { AlertMessage } from '../../domain/alerts/alert-message.js';
import type { EventKind } from '../../domain/events/event.js';
import type { CameraId } from '../../domain/ids.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';

/** An event as rules see it. */
export interface FollowedEvent {
  readonly sequence: number;
  readonly kind: EventKind;
  readonly cameraId: CameraId | null;
  readonly occurredAtMs: number;
  /** A CloudEvent; null where the kind was not asked for. */
  readonly payload: Uint8Array | null;
}

/** What following some events came to; all of it is written, or nothing. */
export interface AlertProgress {
  /** All events up to this sequence have been seen. */
  readonly cursor: number;
  /** What rules remember, as JSON, by their ids; null: the rule is gone. */
  readonly rules: ReadonlyMap<string, string | null>;
  /** What is to be said, and to which channels. */
  readonly alerts: readonly { readonly message: AlertMessage; readonly channels: readonly string[] }[];
}

/** How far the rules are. */
export interface AlertJournal {
  /** Undefined where no rule follows the events. */
  cursor(): number | undefined;
  /** Sequence of the newest event; 0 where there is none. */
  newestSequence(): number;
  /** The next `limit` events, in order; with what they hold only where they are of `kinds`. */
  eventsAfter(sequence: number, limit: number, kinds: readonly EventKind[]): readonly FollowedEvent[];
  /** What rules remember, as it was written. */
  rules(): ReadonlyMap<string, string>;
  advance(progress: AlertProgress): void;
  /** There are no rules: what happens from now on does not wait for them. */
  leave(): void;
}

export function alertJournalOf(database: OpenDatabase): AlertJournal {
  const { db } = database;
  const cursor = db.prepare<[], number>("SELECT value FROM counter WHERE name = 'alerts'").pluck();
  const newest = db.prepare<[], number>("SELECT value FROM counter WHERE name = 'event'").pluck();
  const select = db.prepare<[string, number, number], FollowedEvent>(`
    SELECT sequence, kind, camera_id AS cameraId, occurred_at_ms AS occurredAtMs,
           CASE WHEN kind IN (SELECT value FROM json_each(?)) THEN payload END AS payload
    FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?`);
  const rules = db.prepare<[], { readonly ruleId: string; readonly state: string }>(
    'SELECT rule_id AS ruleId, state FROM alert_rule',
  );
  const setCursor = db.prepare<[number]>(`
    INSERT INTO counter (name, value) VALUES ('alerts', ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
  const setRule = db.prepare<[string, string]>(`
    INSERT INTO alert_rule (rule_id, state) VALUES (?, ?)
    ON CONFLICT (rule_id) DO UPDATE SET state = excluded.state`);
  const dropRule = db.prepare<[string]>('DELETE FROM alert_rule WHERE rule_id = ?');
  const add = db
    .prepare<[string, number, string], number>(
      'INSERT INTO alert (id, created_at_ms, message) VALUES (?, ?, ?) RETURNING number',
    )
    .pluck();
  const addDelivery = db.prepare<[number, string, number]>(`
    INSERT INTO alert_delivery (alert_number, channel_id, state, next_at_ms) VALUES (?, ?, 'pending', ?)`);

  const write = ({ message, channels }: AlertProgress['alerts'][number]): void => {
    const atMs = Math.floor(message.atMs);
    const number = add.get(message.id, atMs, JSON.stringify(message));
    if (number === undefined) throw defect('alert-number', 'an alert that was written has no number');
    for (const channel of channels) addDelivery.run(number, channel, atMs);
  };
  return {
    cursor: () => explained(database, () => cursor.get()),
    newestSequence: () => explained(database, () => newest.get() ?? 0),
    eventsAfter: (sequence, limit, kinds) =>
      explained(database, () => select.all(JSON.stringify(kinds), sequence, limit)),
    rules: () => explained(database, () => new Map(rules.all().map(({ ruleId, state }) => [ruleId, state]))),
    advance: (progress) =>
      database.transaction(() => {
        for (const [ruleId, state] of progress.rules) {
          if (state === null) dropRule.run(ruleId);
          else setRule.run(ruleId, state);
        }
        for (const alert of progress.alerts) write(alert);
        setCursor.run(progress.cursor);
      }),
    leave: () =>
      database.transaction(() => {
        db.exec("DELETE FROM alert_rule; DELETE FROM counter WHERE name = 'alerts'");
      }),
  };
}
