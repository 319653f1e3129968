import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIdentityState } from '../../daemon/core/identity/identity-state.js';
import type { Random } from '../../daemon/kernel/random.js';
import { subscribeToEvents } from '../../test/support/event-subscriber.js';
import { keyOfState } from '../../test/support/identity-fixture.js';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { openPacketGate, type PacketGate, packetTypes } from '../../test/support/packet-gate.js';
import { openTcpGate } from '../../test/support/tcp-gate.js';
import { arrivalsAt, retainedEvents, sayAndHear } from './event-arrivals.js';
import { EventCentre } from './event-centre.js';
import { numberOf, readJournal } from './event-journal.js';
import { EventLife } from './event-life.js';
import { EventTally } from './event-tally.js';
import {
  type Acknowledgement,
  type EventTask,
  identityPlaces,
  journalPath,
  type OwnPoint,
  ownPoints,
} from './event-task.js';
import { type EventVerdict, judgeArrivals } from './event-verdict.js';
import { Disturbance, type Surroundings, weathers } from './event-weather.js';

/** Where a kill may come: where the process ends itself, at a packet that passes by, or at any moment. */
const wirePoints = {
  'CONNECT sent': packetTypes.connect,
  'CONNACK under way': packetTypes.connack,
  'PUBLISH sent': packetTypes.publish,
  'PUBACK under way': packetTypes.puback,
} as const;
const moments = ['starting', 'any moment'] as const;
export const killPoints = [...ownPoints, ...Object.keys(wirePoints), ...moments];

const MOST_OCCURRENCES = 12;
const FIRST_GUESS_MS = 800;
const LONGEST_LIFE_MS = 400;
/** Lives in which the broker is restarted empty, where a centre confirms: beside those to which that comes anyhow. */
const LOSING_SHARE = 0.4;
/** No life takes as long: where one does, the box or the loop stands still. */
const PATIENCE_MS = 60_000;

export interface EventLoopOptions {
  readonly events: number;
  readonly kills: number;
  readonly random: Random;
  /** `centre`: a broker may lose whatever it has acknowledged. */
  readonly acknowledgement?: Acknowledgement;
}

export interface EventLoopResult extends EventVerdict {
  readonly tally: EventTally;
  /** Facts that were noted as recorded. */
  readonly noted: number;
}

/** Kills processes that record and publish, one after the other, in all weathers; then compares what arrived. */
export async function runEventLoop(options: EventLoopOptions): Promise<EventLoopResult> {
  const { random, acknowledgement = 'broker' } = options;
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-event-faults-'));
  const { secretsDirectory } = identityPlaces(directory);
  mkdirSync(secretsDirectory, { mode: 0o700 });
  try {
    // It forwards everything before it acknowledges anything: otherwise it has more to lose than the box can know.
    await using broker = await startMosquitto({ lines: ['max_inflight_messages 0'] });
    await using gate = await openPacketGate(broker.port);
    await using listening = await openTcpGate(broker.port);
    // A gate may swallow what a broker had passed on when it was killed: only where a broker may lose that, too.
    const port = acknowledgement === 'centre' ? listening.port : broker.port;
    await using subscriber = await subscribeToEvents(`mqtt://127.0.0.1:${port}`);
    const loop = new EventLoop(
      options,
      { broker, gate, subscriber, listening, random, acknowledgement },
      directory,
    );
    return await loop.run();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

class EventLoop {
  readonly #options: EventLoopOptions;
  readonly #around: Surroundings;
  readonly #directory: string;
  readonly #tally = new EventTally();
  #startMs = FIRST_GUESS_MS;

  constructor(options: EventLoopOptions, around: Surroundings, directory: string) {
    this.#options = options;
    this.#around = around;
    this.#directory = directory;
  }

  async run(): Promise<EventLoopResult> {
    const { kills, events } = this.#options;
    for (let kill = 0; kill < kills; kill += 1) {
      const point = killPoints[kill % killPoints.length] ?? 'any moment';
      await this.#live(point, this.#disturbance());
    }
    await this.#liveOn(events);
    return await this.#compare();
  }

  /** A life that is ended at `point`. */
  async #live(point: string, disturbance: Disturbance): Promise<void> {
    const { gate } = this.#around;
    const isOwn = (ownPoints as readonly string[]).includes(point);
    const occurrence =
      1 + Math.floor(this.#random() * (point.startsWith('connecting') ? 1 : MOST_OCCURRENCES));
    const before = readJournal(journalPath(this.#directory));
    const startedMs = performance.now();
    const life = new EventLife({
      ...this.#task(before.length, null),
      ...(isOwn ? { death: { point: point as OwnPoint, occurrence } } : {}),
    });
    using _centre = this.#centreOf(life);
    gate.judge = this.#judgeWith(disturbance, life, point, occurrence);
    if (point === 'starting') await sleep(this.#random() * 1.2 * this.#startMs);
    if (point === 'any moment') {
      await life.opened;
      this.#startMs = performance.now() - startedMs;
      await sleep(this.#random() * LONGEST_LIFE_MS);
    }
    if ((moments as readonly string[]).includes(point)) life.kill();
    await endOf(life, `the kill at "${point}", ${disturbance.weather}`);
    await disturbance.over;
    this.#tally.kill(point, readJournal(journalPath(this.#directory)).slice(before.length));
    if (disturbance.hasCome) this.#tally.came(disturbance.weather);
  }

  /** The last life: it records what is missing, drains the outbox and ends by itself. */
  async #liveOn(events: number): Promise<void> {
    const noted = readJournal(journalPath(this.#directory)).length;
    this.#around.gate.judge = () => 'pass';
    const life = new EventLife(this.#task(noted, Math.max(1, events - noted)));
    using _centre = this.#centreOf(life);
    await endOf(life, 'the last one');
  }

  async #compare(): Promise<EventLoopResult> {
    const { broker, subscriber } = this.#around;
    await sayAndHear(broker.url, subscriber);
    const noted = readJournal(journalPath(this.#directory));
    const state = await readIdentityState(identityPlaces(this.#directory));
    const keyOf = state === undefined ? () => undefined : keyOfState(state);
    const arrivals = await arrivalsAt(subscriber, keyOf, ({ data }) =>
      numberOf('track' in data ? data.track : undefined),
    );
    const verdict = judgeArrivals(noted, arrivals, this.#around.acknowledgement === 'broker');
    const retained = (await retainedEvents(broker.url)).map(
      (topic) => ({ kind: 'retained', what: topic }) as const,
    );
    return {
      ...verdict,
      violations: [...verdict.violations, ...retained],
      tally: this.#tally,
      noted: noted.filter(({ recorded }) => recorded !== undefined).length,
    };
  }

  #judgeWith(
    disturbance: Disturbance,
    life: EventLife,
    point: string,
    occurrence: number,
  ): PacketGate['judge'] {
    const type = (wirePoints as Readonly<Record<string, number>>)[point];
    // A life has few connections.
    const wanted = type === packetTypes.connect || type === packetTypes.connack ? 1 : occurrence;
    const isFromClient = type === packetTypes.connect || type === packetTypes.publish;
    let seen = 0;
    return (packet) => {
      if (packet.type === type && (packet.from === 'client') === isFromClient) {
        seen += 1;
        if (seen === wanted) life.kill();
      }
      return disturbance.meet(packet);
    };
  }

  #centreOf(life: EventLife): Disposable {
    const { subscriber, acknowledgement } = this.#around;
    if (acknowledgement === 'broker') return { [Symbol.dispose]: () => undefined };
    return new EventCentre(subscriber, (word) => life.say(word));
  }

  #disturbance(): Disturbance {
    const weather = weathers[Math.floor(this.#random() * weathers.length)] ?? 'calm';
    const isLosing = this.#around.acknowledgement === 'centre' && this.#random() < LOSING_SHARE;
    return new Disturbance(isLosing ? 'broker restarted empty' : weather, this.#around);
  }

  #task(noted: number, count: number | null): EventTask {
    const seed = Math.floor(this.#random() * 2 ** 32);
    const { gate, acknowledgement } = this.#around;
    const directory = this.#directory;
    return { directory, url: gate.url, firstNumber: noted + 1, seed, count, acknowledgement };
  }

  #random(): number {
    return this.#options.random.unit();
  }
}

async function endOf(life: EventLife, what: string): Promise<void> {
  const timer = new AbortController();
  const late = sleep(PATIENCE_MS, 'late' as const, { signal: timer.signal }).catch(() => 'ended' as const);
  const end = await Promise.race([life.ended, late]);
  timer.abort();
  if (end !== 'late') return;
  life.kill();
  throw new Error(`nothing moved for ${PATIENCE_MS} ms before ${what}`);
}
