import { randomUUID } from 'node:crypto';
import mqtt, { type IClientOptions } from 'mqtt';
import type { EventMessage } from '../../daemon/contract/events/event-schema.js';
import { keySetSchema } from '../../daemon/contract/events/key-set-schema.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { type KeyOf, verifySignedText } from '../../daemon/core/identity/signed-text.js';
import {
  type EventSubscriber,
  type ReceivedMessage,
  subscribeToEvents,
} from '../../test/support/event-subscriber.js';
import { box } from '../../test/support/published-box.js';
import type { Arrival } from './event-verdict.js';

/** Replies to commands are events and count in the same sequence. */
export const isEventTopic = (topic: string): boolean => /\/(event|reply)\//.test(topic);

/** Everything that reached `subscriber` as an event; `numberOf` tells which fact it is. */
export async function arrivalsAt(
  { messages }: Pick<EventSubscriber, 'messages'>,
  keyOf: KeyOf,
  numberOf: (event: EventMessage) => number | undefined,
): Promise<readonly Arrival[]> {
  const arrivals: Arrival[] = [];
  for (const { topic, payload, isRetained } of messages) {
    if (!isEventTopic(topic)) continue;
    const event = JSON.parse(payload.toString('utf8')) as EventMessage;
    const { outcome } = await verifySignedText(payload, keyOf);
    arrivals.push({
      id: event.id,
      sequence: Number(event.sequence),
      number: numberOf(event),
      isVerified: outcome === 'valid',
      isRetained,
    });
  }
  return arrivals;
}

/** Events in the order of their first arrival. */
export function firstArrivals(messages: readonly ReceivedMessage[]): readonly EventMessage[] {
  const byId = new Map<string, EventMessage>();
  for (const { topic, payload } of messages) {
    if (!isEventTopic(topic)) continue;
    const event = JSON.parse(payload.toString('utf8')) as EventMessage;
    if (!byId.has(event.id)) byId.set(event.id, event);
  }
  return [...byId.values()];
}

/** The keys of the newest key set that the box has published. */
export function publishedKeyOf(messages: readonly ReceivedMessage[]): KeyOf {
  const published = messages.filter(({ topic }) => topic.endsWith('/keys')).at(-1);
  const { keys } = keySetSchema.parse(JSON.parse(String(published?.payload)));
  const byId = new Map(keys.flatMap((key) => (key.use === 'sig' ? [[key.kid, key.x] as const] : [])));
  return (keyId) => {
    const x = byId.get(keyId);
    return x === undefined ? undefined : { kty: 'OKP', crv: 'Ed25519', x };
  };
}

/** Resolves when `subscriber` has everything that the broker had for it. */
export async function sayAndHear(
  url: string,
  subscriber: EventSubscriber,
  login: IClientOptions = {},
): Promise<void> {
  const word = randomUUID();
  const topic = topicsOf('rollcall', box).check;
  const client = await mqtt.connectAsync(url, login);
  await client.publishAsync(topic, word, { qos: 1 });
  await client.endAsync();
  await subscriber.until(() => subscriber.messages.some(({ payload }) => payload.toString() === word));
}

/** Topics of events on which the broker keeps something for those who come later. */
export async function retainedEvents(url: string, login: IClientOptions = {}): Promise<readonly string[]> {
  await using late = await subscribeToEvents(url, login);
  await sayAndHear(url, late, login);
  return late.messages
    .filter(({ topic, isRetained }) => isRetained && isEventTopic(topic))
    .map(({ topic }) => topic);
}
