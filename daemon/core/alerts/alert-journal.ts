import type { OpenDatabase } from '../../host/sqlite.js';
import type { AlertMessage } from '../../kernel/alerts/alert-message.js';
import { defect } from '../../kernel/errors.js';
import type { EventKind } from '../../kernel/events/event.js';
import type { CameraId } from '../../kernel/ids.js';
import type { AlertMutes } from './alert-mutes.js';

/** An event as the rules read it. */
export interface FollowedEvent {
  readonly sequence: number;
  readonly kind: EventKind;
  readonly cameraId: CameraId | null;
  readonly occurredAtMs: number;
  /** A CloudEvent; null for kinds that were not requested. */
  readonly payload: Uint8Array | null;
}

/** The result of applying the rules to some events; written in one transaction. */
export interface AlertProgress {
  /** The sequence up to which events have been applied. */
  readonly cursor: number;
  /** The states of rules, as JSON, by rule id; null deletes the state. */
  readonly rules: ReadonlyMap<string, string | null>;
  /** New alerts and their channels. */
  readonly alerts: readonly { readonly message: AlertMessage; readonly channels: readonly string[] }[];
}

/** The progress of the rules through the events. */
export interface AlertJournal {
  /** Undefined while there are no rules. */
  cursor(): number | undefined;
  /** Sequence of the newest event; 0 without events. */
  newestSequence(): number;
  /** The next `limit` events, in order; with payload only for `kinds`. */
  eventsAfter(sequence: number, limit: number, kinds: readonly EventKind[]): readonly FollowedEvent[];
  /** The stored states of the rules. */
  rules(): ReadonlyMap<string, string>;
  advance(progress: AlertProgress): void;
  /** Deletes all states, because there are no rules. Rules that are added later start with the events after that. */
  leave(): void;
}

export function alertJournalOf(database: OpenDatabase, mutes: Pick<AlertMutes, 'isMuted'>): AlertJournal {
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
    // The history has the alert of a muted rule, too; no channel gets it.
    if (mutes.isMuted(message.rule, atMs)) return;
    for (const channel of channels) addDelivery.run(number, channel, atMs);
  };
  return {
    cursor: () => database.read(() => cursor.get()),
    newestSequence: () => database.read(() => newest.get() ?? 0),
    eventsAfter: (sequence, limit, kinds) =>
      database.read(() => select.all(JSON.stringify(kinds), sequence, limit)),
    rules: () => database.read(() => new Map(rules.all().map(({ ruleId, state }) => [ruleId, state]))),
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
