import type { AlertMessage } from '../../domain/alerts/alert-message.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';

/** An alert that has to go to a channel now. */
export interface DueDelivery {
  readonly number: number;
  readonly channelId: string;
  /** Tries that failed. */
  readonly attempts: number;
  readonly message: AlertMessage;
}

/** What a try came to. Times are wall clock, milliseconds since the epoch. */
export type DeliveryResult =
  | { readonly state: 'delivered'; readonly atMs: number; readonly note: string | null }
  | { readonly state: 'pending'; readonly atMs: number; readonly nextAtMs: number; readonly failure: Failure }
  | { readonly state: 'failed'; readonly atMs: number; readonly failure: Failure };

interface Failure {
  readonly code: string;
  readonly reason: string;
}

export type DeliveryState = DeliveryResult['state'];

/** What became of an alert at one channel. */
export interface StoredDelivery {
  readonly channelId: string;
  readonly state: DeliveryState;
  /** Tries so far. */
  readonly attempts: number;
  /** When it was last tried; null: not yet. */
  readonly lastAtMs: number | null;
  /** While it is pending. */
  readonly nextAtMs: number;
  /** Why it failed, or what else there is to say. */
  readonly code: string | null;
  readonly reason: string | null;
}

export interface StoredAlert {
  readonly message: AlertMessage;
  readonly deliveries: readonly StoredDelivery[];
}

/** The way of alerts to channels, and its history. */
export interface AlertDeliveries {
  /**
   * The oldest delivery that may be tried at `nowMs`, to none of `busyChannels`. One that would wait for longer than
   * `longestWaitMs` may be tried, too: the clock was set back.
   */
  due(nowMs: number, longestWaitMs: number, busyChannels: readonly string[]): DueDelivery | undefined;
  settle(number: number, result: DeliveryResult): void;
  /** The newest `limit` alerts, newest first; of those with a delivery in `state`, where that is given. */
  history(limit: number, state?: DeliveryState): readonly StoredAlert[];
  /** How many deliveries wait, and how many of those that are remembered failed. */
  counts(): { readonly pending: number; readonly failed: number };
  /** Forgets at most `limit` alerts from before `beforeMs` or beyond the newest `keep`, unless they wait; says how many. */
  prune(limits: { readonly beforeMs: number; readonly keep: number; readonly limit: number }): number;
}

interface HistoryRow extends StoredDelivery {
  readonly number: number;
  readonly text: string;
}

export function alertDeliveriesOf(database: OpenDatabase): AlertDeliveries {
  const { db } = database;
  // That it is not delivered is said twice: only so does SQLite know that the partial index serves.
  const due = db.prepare<[Record<string, unknown>], Omit<DueDelivery, 'message'> & { text: string }>(`
    SELECT alert_delivery.number, channel_id AS channelId, attempts, alert.message AS text
    FROM alert_delivery JOIN alert ON alert.number = alert_number
    WHERE state = 'pending' AND state <> 'delivered' AND (next_at_ms <= @nowMs OR next_at_ms > @nowMs + @longestWaitMs)
      AND channel_id NOT IN (SELECT value FROM json_each(@busy))
    ORDER BY alert_delivery.number LIMIT 1`);
  const settle = db.prepare<[Record<string, unknown>]>(`
    UPDATE alert_delivery SET state = @state, attempts = attempts + 1, last_at_ms = @atMs,
      next_at_ms = @nextAtMs, code = @code, reason = @reason WHERE number = @number`);
  const history = db.prepare<[Record<string, unknown>], HistoryRow>(`
    SELECT alert.number, message AS text, channel_id AS channelId, state, attempts, last_at_ms AS lastAtMs,
           next_at_ms AS nextAtMs, code, reason
    FROM (SELECT * FROM alert
          WHERE @state IS NULL OR number IN (SELECT alert_number FROM alert_delivery WHERE state = @state)
          ORDER BY number DESC LIMIT @limit) AS alert
    JOIN alert_delivery ON alert_number = alert.number
    ORDER BY alert.number DESC, alert_delivery.number`);
  const counts = db.prepare<[], { readonly state: DeliveryState; readonly count: number }>(
    "SELECT state, count(*) AS count FROM alert_delivery WHERE state <> 'delivered' GROUP BY state",
  );
  const prune = db.prepare<[Record<string, unknown>]>(`
    DELETE FROM alert WHERE number IN (
      SELECT number FROM alert
      WHERE (created_at_ms < @beforeMs OR number <= (SELECT max(number) FROM alert) - @keep)
        AND NOT EXISTS (SELECT 1 FROM alert_delivery WHERE alert_number = alert.number AND state = 'pending')
      ORDER BY number LIMIT @limit)`);
  return {
    due: (nowMs, longestWaitMs, busy) =>
      explained(database, () => {
        const row = due.get({ nowMs, longestWaitMs, busy: JSON.stringify(busy) });
        if (row === undefined) return undefined;
        const { text, ...delivery } = row;
        return { ...delivery, message: parseMessage(text) };
      }),
    settle: (number, result) =>
      database.transaction(() => {
        const { state, atMs } = result;
        const { code, reason } = 'failure' in result ? result.failure : { code: null, reason: result.note };
        const nextAtMs = Math.floor(state === 'pending' ? result.nextAtMs : atMs);
        settle.run({ number, state, atMs: Math.floor(atMs), nextAtMs, code, reason });
      }),
    history: (limit, state) =>
      explained(database, () => grouped(history.all({ limit, state: state ?? null }))),
    counts: () =>
      explained(database, () => {
        const found = new Map(counts.all().map(({ state, count }) => [state, count]));
        return { pending: found.get('pending') ?? 0, failed: found.get('failed') ?? 0 };
      }),
    prune: (limits) => database.transaction(() => prune.run({ ...limits }).changes),
  };
}

const parseMessage = (text: string): AlertMessage => JSON.parse(text) as AlertMessage;

function grouped(rows: readonly HistoryRow[]): readonly StoredAlert[] {
  const alerts = new Map<number, { readonly message: AlertMessage; readonly deliveries: StoredDelivery[] }>();
  for (const { number, text, ...delivery } of rows) {
    const alert = alerts.get(number) ?? { message: parseMessage(text), deliveries: [] };
    alerts.set(number, alert);
    alert.deliveries.push(delivery);
  }
  return [...alerts.values()];
}
