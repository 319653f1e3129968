import { randomUUID } from 'node:crypto';
import mqtt from 'mqtt';
import type { OwnSecretPlaces } from '../../daemon/host/own-secret.js';
import { readIdentityState } from '../../daemon/publish/identity/identity-state.js';
import { verifySignedText } from '../../daemon/publish/identity/signed-text.js';
import { topicsOf } from '../../daemon/publish/topics.js';
import { type EventSubscriber, subscribeToEvents } from '../../test/support/event-subscriber.js';
import { keyOfState } from '../../test/support/identity-fixture.js';
import { box } from '../../test/support/published-box.js';
import { numberOf } from './event-journal.js';
import type { Arrival } from './event-verdict.js';

/** Everything that reached `subscriber` on the topics of events, verified with the keys of the box. */
export async function arrivalsAt(
  subscriber: EventSubscriber,
  places: OwnSecretPlaces,
): Promise<readonly Arrival[]> {
  const state = await readIdentityState(places);
  const keyOf = state === undefined ? () => undefined : keyOfState(state);
  const arrivals: Arrival[] = [];
  for (const { topic, payload, isRetained } of subscriber.messages) {
    if (!topic.includes('/event/')) continue;
    const { id, sequence, data } = JSON.parse(payload.toString('utf8'));
    const { outcome } = await verifySignedText(payload, keyOf);
    const arrival = { id, sequence: Number(sequence), number: numberOf(data.track), isRetained };
    arrivals.push({ ...arrival, isVerified: outcome === 'valid' });
  }
  return arrivals;
}

/** Resolves when `subscriber` has everything that the broker had for it. */
export async function sayAndHear(url: string, subscriber: EventSubscriber): Promise<void> {
  const word = randomUUID();
  const topic = topicsOf('rollcall', box).check;
  const client = await mqtt.connectAsync(url);
  await client.publishAsync(topic, word, { qos: 1 });
  await client.endAsync();
  await subscriber.until(() => subscriber.messages.some(({ payload }) => payload.toString() === word));
}

/** Topics of events on which the broker keeps something for those who come later. */
export async function retainedEvents(url: string): Promise<readonly string[]> {
  await using late = await subscribeToEvents(url);
  await sayAndHear(url, late);
  return late.messages
    .filter(({ topic, isRetained }) => isRetained && topic.includes('/event/'))
    .map(({ topic }) => topic);
}
