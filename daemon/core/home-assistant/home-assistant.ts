import type { Clock, Timer } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import type { Random } from '../../kernel/random.js';
import type { CameraDocumentOptions, KnownCamera } from '../delivery/camera-documents.js';
import type { ConnectionTask } from '../delivery/connection-task.js';
import { RetainedDocuments, type RetainedMemory } from '../delivery/retained-documents.js';
import { countDocuments } from './counts.js';
import { birthTopic, discoveryDocument } from './discovery.js';

export interface HomeAssistantOptions extends CameraDocumentOptions {
  /** Undefined: nothing is published for Home Assistant, and earlier messages are cleared. */
  readonly discoveryPrefix: string | undefined;
  /** Version of the program. */
  readonly version: string;
  readonly cameras: {
    readonly all: () => readonly KnownCamera[];
    readonly onChanged: (listener: () => void) => () => void;
  };
  /** The counts of today, in the time zone of the site. */
  readonly today: () => { readonly date: string; readonly unknown: ReadonlyMap<string, number> };
  /** Calls back when an unknown person was recorded; returns a function that stops it. */
  readonly onUnknown: (listener: () => void) => () => void;
  readonly memory: RetainedMemory;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How often the date is checked, milliseconds. */
const newDayEveryMs = 60_000;
/** Boxes spread their messages over this time after a start of Home Assistant, which is busy then. */
const birthSpreadMs = 2_000;

/** Publishes the discovery and the counts for Home Assistant, and clears them when they are no longer wanted. */
export function homeAssistantTasks(options: HomeAssistantOptions): readonly ConnectionTask[] {
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

/** Publishes the discovery again when Home Assistant has started, in case the broker has lost retained messages. */
function birthFollower(
  prefix: string,
  discovery: RetainedDocuments,
  { clock, random, logger }: HomeAssistantOptions,
): ConnectionTask {
  return {
    whenOnline(connection, signal) {
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
          remedy: 'Allow this box to read the topic, or rely on the retained messages of the broker.',
        });
      });
    },
  };
}
