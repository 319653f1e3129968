import type { OpenDatabase } from '../../host/sqlite.js';
import type { AlertMessage } from '../../kernel/alerts/alert-message.js';

/** An alert that is due to be sent to a channel. */
export interface DueDelivery {
  readonly number: number;
  readonly channelId: string;
  /** Failed attempts. */
  readonly attempts: number;
  readonly message: AlertMessage;
}

/** The result of an attempt. Times are wall clock, milliseconds since the epoch. */
export type DeliveryResult =
  | { readonly state: 'delivered'; readonly atMs: number; readonly note: string | null }
  | { readonly state: 'pending'; readonly atMs: number; readonly nextAtMs: number; readonly failure: Failure }
  | { readonly state: 'failed'; readonly atMs: number; readonly failure: Failure };

interface Failure {
  readonly code: string;
  readonly reason: string;
}

type DeliveryState = DeliveryResult['state'];

/** The delivery of an alert to one channel. */
export interface StoredDelivery {
  readonly channelId: string;
  readonly state: DeliveryState;
  /** Attempts so far. */
  readonly attempts: number;
  /** The last attempt; null: none yet. */
  readonly lastAtMs: number | null;
  /** The next attempt, while the delivery is pending. */
  readonly nextAtMs: number;
  /** The failure, or a note on the delivery. */
  readonly code: string | null;
  readonly reason: string | null;
}

export interface StoredAlert {
  /** Grows with every alert. */
  readonly number: number;
  readonly message: AlertMessage;
  /** When and by which actor; null: not yet. */
  readonly acknowledgedAtMs: number | null;
  readonly acknowledgedBy: string | null;
  /** Empty for an alert of a muted rule. */
  readonly deliveries: readonly StoredDelivery[];
}

/** Selects alerts of the history. */
export interface AlertQuery {
  readonly limit: number;
  /** Only alerts with a delivery in this state. */
  readonly state?: DeliveryState | undefined;
  /** Only alerts with a lower number. */
  readonly beforeNumber?: number | undefined;
  /** Only the alert with this id. */
  readonly id?: string | undefined;
}

/** The deliveries of alerts to channels. */
export interface AlertDeliveries {
  /**
   * The oldest delivery that is due at `nowMs`, except to `busyChannels`. A delivery whose next attempt is more than
   * `longestWaitMs` ahead is also due: the clock was set back.
   */
  due(nowMs: number, longestWaitMs: number, busyChannels: readonly string[]): DueDelivery | undefined;
  settle(number: number, result: DeliveryResult): void;
  /** The newest alerts, newest first. */
  history(query: AlertQuery): readonly StoredAlert[];
  /** Notes that an actor has seen an alert. Undefined if there is no such alert; the first acknowledgement stays. */
  acknowledge(
    id: string,
    by: { readonly actor: string; readonly atMs: number },
    alongside: () => void,
  ): StoredAlert | undefined;
  /** The numbers of pending and of failed deliveries in the history. */
  counts(): { readonly pending: number; readonly failed: number };
  /** Deletes at most `limit` alerts that are older than `beforeMs` or not among the newest `keep`, unless pending. Returns their number. */
  prune(limits: { readonly beforeMs: number; readonly keep: number; readonly limit: number }): number;
}

/** An alert with one of its deliveries; without `channelId` it has none. */
interface HistoryRow extends Omit<StoredDelivery, 'channelId'> {
  readonly number: number;
  readonly text: string;
  readonly acknowledgedAtMs: number | null;
  readonly acknowledgedBy: string | null;
  readonly channelId: string | null;
}

export function alertDeliveriesOf(database: OpenDatabase): AlertDeliveries {
  const { db } = database;
  // The second condition on `state` repeats the one of the partial index: SQLite uses the index only then.
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
           next_at_ms AS nextAtMs, code, reason,
           acknowledged_at_ms AS acknowledgedAtMs, acknowledged_by AS acknowledgedBy
    FROM (SELECT * FROM alert
          WHERE number < @before AND (@id IS NULL OR id = @id)
            AND (@state IS NULL OR number IN (SELECT alert_number FROM alert_delivery WHERE state = @state))
          ORDER BY number DESC LIMIT @limit) AS alert
    LEFT JOIN alert_delivery ON alert_number = alert.number
    ORDER BY alert.number DESC, alert_delivery.number`);
  const acknowledge = db.prepare<[Record<string, unknown>]>(`
    UPDATE alert SET acknowledged_at_ms = @atMs, acknowledged_by = @actor
    WHERE id = @id AND acknowledged_at_ms IS NULL`);
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
      database.read(() => {
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
    history: ({ limit, state = null, beforeNumber = Number.MAX_SAFE_INTEGER, id = null }) =>
      database.read(() => grouped(history.all({ limit, state, before: beforeNumber, id }))),
    acknowledge: (id, { actor, atMs }, alongside) =>
      database.transaction(() => {
        if (acknowledge.run({ id, actor, atMs: Math.floor(atMs) }).changes > 0) alongside();
        return grouped(history.all({ limit: 1, state: null, before: Number.MAX_SAFE_INTEGER, id }))[0];
      }),
    counts: () =>
      database.read(() => {
        const found = new Map(counts.all().map(({ state, count }) => [state, count]));
        return { pending: found.get('pending') ?? 0, failed: found.get('failed') ?? 0 };
      }),
    prune: (limits) => database.transaction(() => prune.run({ ...limits }).changes),
  };
}

const parseMessage = (text: string): AlertMessage => JSON.parse(text) as AlertMessage;

function grouped(rows: readonly HistoryRow[]): readonly StoredAlert[] {
  const alerts = new Map<number, StoredAlert & { readonly deliveries: StoredDelivery[] }>();
  for (const { number, text, acknowledgedAtMs, acknowledgedBy, channelId, ...delivery } of rows) {
    const alert = alerts.get(number) ?? {
      ...{ number, message: parseMessage(text), acknowledgedAtMs, acknowledgedBy, deliveries: [] },
    };
    alerts.set(number, alert);
    if (channelId !== null) alert.deliveries.push({ channelId, ...delivery });
  }
  return [...alerts.values()];
}
