import mqtt from 'mqtt';
import type { z } from 'zod';
import { eventSchema } from '../daemon/publish/event-schema.js';

type PublishedEvent = z.infer<typeof eventSchema>;

/** One event in words, as somebody at the door would tell it. */
export function tellEvent(event: PublishedEvent, names: ReadonlyMap<string, string>): string {
  const time = new Date(event.time).toLocaleTimeString('en-GB');
  const { verdict, blinks, observedS } = event.liveness;
  const evidence = `${verdict}: ${blinks.length} blinks in ${observedS.toFixed(1)} s`;
  const who = event.person === null ? 'somebody not enrolled' : (names.get(event.person) ?? event.person);
  switch (event.type) {
    case 'attendance':
      return `${time}  ATTENDANCE           ${who} came ${event.direction} at ${event.camera} (similarity ${event.similarity.toFixed(2)}; ${evidence})`;
    case 'unknown':
      return `${time}  UNKNOWN PERSON       ${who} at ${event.camera} (${evidence})`;
    case 'attack':
      return `${time}  PRESENTATION ATTACK  a picture of ${who} was held before ${event.camera} (${evidence})`;
  }
}

/** Subscribes to everything the box says and calls back for each event, once per id. */
export async function subscribe(
  brokerUrl: string,
  onEvent: (event: PublishedEvent) => void,
): Promise<AsyncDisposable> {
  // MQTT 3.1.1: what every broker speaks, also the embedded one.
  const client = await mqtt.connectAsync(brokerUrl, { protocolVersion: 4 });
  const seen = new Set<string>();
  client.on('message', (_topic, payload) => {
    const event = eventSchema.parse(JSON.parse(payload.toString('utf8')));
    if (seen.has(event.id)) return;
    seen.add(event.id);
    onEvent(event);
  });
  await client.subscribeAsync('rollcall/+/+/event/#', { qos: 1 });
  return { [Symbol.asyncDispose]: () => client.endAsync() };
}
