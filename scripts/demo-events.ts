import mqtt from 'mqtt';
import { counted } from '../daemon/base/counted.js';
import { type EventMessage, eventSchema } from '../daemon/publish/contract/event-schema.js';

/** An event about somebody at the door in words, as somebody there would tell it; undefined for events of other kinds. */
export function tellEvent(event: EventMessage, names: ReadonlyMap<string, string>): string | undefined {
  const time = new Date(event.time).toLocaleTimeString('en-GB');
  const nameOf = (person: string | null): string =>
    person === null ? 'somebody not enrolled' : (names.get(person) ?? person);
  switch (event.type) {
    case 'rollcall.attendance.recorded.v1': {
      const { person, direction, camera, similarity, liveness } = event.data;
      return `${time}  ATTENDANCE           ${nameOf(person)} came ${direction} at ${camera} (similarity ${similarity.toFixed(2)}; ${evidence(liveness)})`;
    }
    case 'rollcall.unknown.seen.v1': {
      const { camera, liveness } = event.data;
      return `${time}  UNKNOWN PERSON       ${nameOf(null)} at ${camera} (${evidence(liveness)})`;
    }
    case 'rollcall.attack.suspected.v1': {
      const { person, camera, liveness } = event.data;
      return `${time}  PRESENTATION ATTACK  a picture of ${nameOf(person)} was held before ${camera} (${evidence(liveness)})`;
    }
    default:
      return undefined;
  }
}

type Liveness = Extract<EventMessage, { readonly type: 'rollcall.unknown.seen.v1' }>['data']['liveness'];

function evidence({ verdict, blinks, observedS }: Liveness): string {
  return `${verdict}: ${counted(blinks.length, 'blink')} in ${observedS.toFixed(1)} s`;
}

/** Subscribes to everything the box says and calls back for each event, once per id. */
export async function subscribe(
  brokerUrl: string,
  onEvent: (event: EventMessage) => void,
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
