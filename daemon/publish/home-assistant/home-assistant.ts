import type { Clock, Timer } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Random } from '../../base/random.js';
import type { CameraDocumentOptions, KnownCamera } from '../camera-states.js';
import type { Companion } from '../companion.js';
import { RetainedDocuments, type RetainedMemory } from '../retained-documents.js';
import { countDocuments } from './counts.js';
import { birthTopic, discoveryDocument } from './discovery.js';

export interface HomeAssistantOptions extends CameraDocumentOptions {
  /** Undefined: Home Assistant is not told, and what it was told is taken back. */
  readonly discoveryPrefix: string | undefined;
  /** Of the program. */
  readonly version: string;
  readonly cameras: {
    readonly all: () => readonly KnownCamera[];
    readonly onChanged: (listener: () => void) => () => void;
  };
  /** What is counted today, where the site is. */
  readonly today: () => { readonly date: string; readonly unknown: ReadonlyMap<string, number> };
  /** Calls back when an unknown person was recorded; returns how to stop. */
  readonly onUnknown: (listener: () => void) => () => void;
  readonly memory: RetainedMemory;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How often it is looked whether another day has begun. */
const newDayEveryMs = 60_000;
/** Home Assistant has much to do when it starts: many boxes spread what they say to it over this time. */
const birthSpreadMs = 2_000;

/** What the box says to Home Assistant, and takes back when it is not to any more. For one connection to a broker. */
export function homeAssistantCompanions(options: HomeAssistantOptions): readonly Companion[] {
  const { discoveryPrefix: prefix, topics, from, version, cameras, today, memory, clock, logger } = options;
  const common = { memory, clock, logger };
  const discovery = new RetainedDocuments({
    owner: 'home-assistant-discovery',
    what: 'the discovery for Home Assistant',
    wanted: () =>
      prefix === undefined
        ? []
        : [discoveryDocument({ prefix, topics, from, version, cameras: cameras.all() })],
    onChanged: cameras.onChanged,
    ...common,
  });
  const counts = new RetainedDocuments({
    owner: 'home-assistant-counts',
    what: 'the counts for Home Assistant',
    wanted: () =>
      prefix === undefined
        ? []
        : countDocuments({ ...options, ...today(), cameras: cameras.all(), nowMs: clock.wallMs() }),
    onChanged: (listener) => onCountsChanged(options, listener),
    ...common,
  });
  if (prefix === undefined) return [discovery, counts];
  return [discovery, counts, birthFollower(prefix, discovery, options)];
}

function onCountsChanged(
  { cameras, onUnknown, clock }: HomeAssistantOptions,
  listener: () => void,
): () => void {
  const stops = [cameras.onChanged(listener), onUnknown(listener)];
  let timer: Timer;
  const look = (): void => {
    listener();
    timer = clock.after(newDayEveryMs, look);
  };
  timer = clock.after(newDayEveryMs, look);
  return () => {
    timer.cancel();
    for (const stop of stops) stop();
  };
}

/** Says everything again when Home Assistant has started: a broker may have lost what was retained. */
function birthFollower(
  prefix: string,
  discovery: RetainedDocuments,
  { clock, random, logger }: HomeAssistantOptions,
): Companion {
  return {
    join(connection, signal) {
      let timer: Timer | undefined;
      signal.addEventListener('abort', () => timer?.cancel(), { once: true });
      const onStatus = (payload: Uint8Array): void => {
        if (signal.aborted || new TextDecoder().decode(payload) !== 'online') return;
        timer?.cancel();
        timer = clock.after(random.unit() * birthSpreadMs, () => discovery.repeat());
      };
      connection.subscribe(birthTopic(prefix), onStatus).catch((error: unknown) => {
        if (signal.aborted) return;
        logger.warn('the broker does not let the box hear when Home Assistant starts', {
          reason: messageOf(error),
          remedy: 'Allow this box to read the topic, or rely on what the broker retains.',
        });
      });
    },
  };
}
