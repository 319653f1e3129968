import mqtt from 'mqtt';
import { type EventMessage, eventSchema } from '../daemon/contract/events/event-schema.js';
import { type PromptMessage, promptSchema } from '../daemon/contract/events/prompt-schema.js';
import { counted } from '../daemon/kernel/counted.js';
import { demoTimeZone } from './demo-box.js';

/** An event about a person at a camera in words; undefined for events of other kinds. */
export function eventInWords(event: EventMessage, names: ReadonlyMap<string, string>): string | undefined {
  const time = siteTime(event.time);
  const nameOf = (person: string | null): string =>
    person === null ? 'a person who is not enrolled' : (names.get(person) ?? person);
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
      return `${time}  PRESENTATION ATTACK  a picture of ${nameOf(person)} at ${camera} (${evidence(liveness)})`;
    }
    default:
      return undefined;
  }
}

type Liveness = Extract<EventMessage, { readonly type: 'rollcall.unknown.seen.v1' }>['data']['liveness'];

/** How long the person was in sight says nothing about a challenge. */
function evidence({ verdict, reason, blinks, observedS }: Liveness): string {
  const isChallenge = reason.startsWith('challenge-');
  const why = isChallenge
    ? spaced(reason)
    : `${counted(blinks.length, 'blink')} in ${observedS.toFixed(1)} s`;
  return `${verdict}: ${why}`;
}

/** A message for the screen beside a camera that asks for a challenge, in words. */
export function promptInWords({ time, camera, state, action, position, of, reason }: PromptMessage): string {
  const at = siteTime(time);
  if (action !== undefined)
    return `${at}  PROMPT               ${camera}: ${spaced(action)} (${position} of ${of})`;
  const why = reason === undefined ? '' : `, ${spaced(reason)}`;
  return `${at}  CHALLENGE            ${camera}: ${state}${why}`;
}

/** The time of day at the site, as the commands show it. */
const siteTime = (time: string): string =>
  new Date(time).toLocaleTimeString('en-GB', { timeZone: demoTimeZone });

const spaced = (words: string): string => words.replaceAll('-', ' ');

/** Subscribes to events, called back once per id, and to prompts, where wanted. */
export async function subscribe(
  brokerUrl: string,
  onEvent: (event: EventMessage) => void,
  onPrompt?: (prompt: PromptMessage) => void,
): Promise<AsyncDisposable> {
  // MQTT 3.1.1: what every broker speaks, also the embedded one.
  const client = await mqtt.connectAsync(brokerUrl, { protocolVersion: 4 });
  const seen = new Set<string>();
  client.on('message', (topic, payload) => {
    const message: unknown = JSON.parse(payload.toString('utf8'));
    if (topic.includes('/prompt/')) {
      onPrompt?.(promptSchema.parse(message));
      return;
    }
    const event = eventSchema.parse(message);
    if (seen.has(event.id)) return;
    seen.add(event.id);
    onEvent(event);
  });
  await client.subscribeAsync('rollcall/+/+/event/#', { qos: 1 });
  if (onPrompt !== undefined) await client.subscribeAsync('rollcall/+/+/prompt/+', { qos: 1 });
  return { [Symbol.asyncDispose]: () => client.endAsync() };
}
