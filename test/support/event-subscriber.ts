import assert from 'node:assert/strict';
import mqtt, { type IClientOptions } from 'mqtt';
import { eventSchema } from '../../daemon/contract/events/event-schema.js';
import { patienceMs } from './until.js';

export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly isRetained: boolean;
  /** Present with MQTT 5 only. */
  readonly contentType: string | undefined;
  /** Wall clock, milliseconds since the epoch. */
  readonly arrivedAtMs: number;
}

/** A subscriber as docs/reference/events.md describes it: takes all messages, and drops known ids. */
export interface EventSubscriber extends AsyncDisposable {
  /** All messages, the oldest first. */
  readonly messages: readonly ReceivedMessage[];
  /** Ids of events in the order of their first arrival. */
  readonly eventIds: readonly string[];
  readonly sequences: readonly number[];
  /** Number of events that arrived more than once. */
  readonly repeatCount: number;
  /** Resolves when `isTrue`, which is called now and after each message. Rejects after `patienceMs`, with what has arrived. */
  until(isTrue: () => boolean): Promise<void>;
  /** Resolves when it has subscribed again after the loss of the present connection. */
  resubscribed(): Promise<void>;
}

/** Whether events of all kinds have arrived in order and without a gap, from the first event of the box on. */
export function assertNoGap({ sequences }: Pick<EventSubscriber, 'sequences'>): void {
  assert.deepEqual(
    sequences,
    sequences.map((_, index) => index + 1),
  );
}

/** Subscribes to all topics, or those of `filters`, and reconnects when the broker returns. */
export async function subscribeToEvents(
  url: string,
  options: IClientOptions = {},
  filters: readonly string[] = ['#'],
): Promise<EventSubscriber> {
  const client = mqtt.connect(url, {
    protocolVersion: 4,
    reconnectPeriod: 20,
    resubscribe: false,
    ...options,
  });
  const messages: ReceivedMessage[] = [];
  const sequenceById = new Map<string, number>();
  const waiting = new Set<() => void>();
  let repeatCount = 0;

  client.on('message', (topic, payload, { retain, properties }) => {
    const contentType = properties?.contentType;
    messages.push({ topic, payload, isRetained: retain, contentType, arrivedAtMs: Date.now() });
    if (topic.includes('/event/')) {
      const event = eventSchema.parse(JSON.parse(payload.toString('utf8')));
      if (sequenceById.has(event.id)) repeatCount += 1;
      else sequenceById.set(event.id, Number(event.sequence));
    }
    for (const look of [...waiting]) look();
  });
  const subscribed = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const onConnect = (): void => {
        client.subscribe([...filters], { qos: 1 }, (error) => {
          // A connection that was lost meanwhile is made again.
          if (error && client.connected) reject(error);
          if (error) return;
          client.off('connect', onConnect);
          resolve();
        });
      };
      client.on('connect', onConnect);
    });
  await subscribed();
  return {
    messages,
    get eventIds() {
      return [...sequenceById.keys()];
    },
    get sequences() {
      return [...sequenceById.values()];
    },
    get repeatCount() {
      return repeatCount;
    },
    until: (isTrue) =>
      new Promise((resolve, reject) => {
        const impatience = setTimeout(() => {
          waiting.delete(look);
          const arrived = `${messages.length} messages, ${sequenceById.size} events`;
          reject(new Error(`a subscriber waited in vain; it has ${arrived}`));
        }, patienceMs).unref();
        const look = (): void => {
          if (!isTrue()) return;
          clearTimeout(impatience);
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    resubscribed: subscribed,
    async [Symbol.asyncDispose]() {
      await client.endAsync(true);
    },
  };
}
