import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { messageOf } from '../../daemon/kernel/errors.js';
import { type Random, seededRandom } from '../../daemon/kernel/random.js';
import { type Appliance, brokerLogin, startAppliance } from '../../test/support/appliance.js';
import { visitorClip } from '../../test/support/scenes.js';
import { until } from '../../test/support/until.js';
import { writeEnrolmentPhotos } from '../virtual-camera/cast.js';
import { findDoubled } from './daemon-doubled.js';
import { DaemonLife } from './daemon-life.js';
import { DaemonTally } from './daemon-tally.js';
import { befall, type DaemonWeather, daemonWeathers } from './daemon-weather.js';
import { DaemonWork } from './daemon-work.js';
import {
  arrivalsAt,
  firstArrivals,
  isEventTopic,
  publishedKeyOf,
  retainedEvents,
  sayAndHear,
} from './event-arrivals.js';
import { type EventVerdict, type EventViolation, judgeArrivals } from './event-verdict.js';

/** When a daemon is killed; these take turns. Most are cheap: a start up to the first picture takes seconds of a processor. */
export const daemonPhases = [
  'people pass',
  'within a second',
  'commands',
  'delivering',
  'starting',
  'within two seconds',
  'commands',
  'delivering',
] as const;

type Phase = (typeof daemonPhases)[number];

const LONGEST_LIFE_MS = 9000;
const MOST_CHANGES = 32;
const LONGEST_WORK_MS = 20_000;
const LONGEST_AFTER_CHANGE_MS = 200;
/** A weather begins so long after the daemon is ready, at most. */
const LATEST_WEATHER_MS = 2500;
const MOST_MESSAGES = 12;
const LONGEST_DELIVERY_MS = 5000;
const LONGEST_AFTER_MESSAGE_MS = 30;
/** Until a person is recognised after the last start, on a busy machine. */
const RECOGNISED_WITHIN_MS = 600_000;
const FIRST_GUESS_MS = 4000;
/** Lives with commands for which the broker is away, so that the next one has something to deliver. */
const AWAY_SHARE = 0.6;

export interface DaemonLoopOptions {
  readonly kills: number;
  readonly events: number;
  readonly random: Random;
  /** Called before each kill with the number of kills, and of distinct events that arrived. */
  onProgress?(kills: number, events: number): void;
}

/** `torn`: a database, the gallery or the audit log is not whole. `left`: a process outlived the daemon that started it. */
export type DaemonViolation = EventViolation | { readonly kind: 'torn' | 'left'; readonly what: string };

export interface DaemonLoopResult extends Omit<EventVerdict, 'violations'> {
  readonly violations: readonly DaemonViolation[];
  readonly tally: DaemonTally;
  readonly kills: number;
  /** Kinds of the events recorded, one by one. */
  readonly kinds: readonly string[];
  /** Events that a daemon said it had recorded. */
  readonly reported: number;
  /** Where log, messages and records lie; only where something is wrong. */
  readonly evidence?: string;
}

/** Kills the whole daemon again and again, with cameras, gallery and broker, then compares what arrived with what it recorded. */
export async function runDaemonLoop(options: DaemonLoopOptions): Promise<DaemonLoopResult> {
  await using photographs = await writeEnrolmentPhotos();
  const photograph = await readFile(photographs.files.bea);
  await using appliance = await startAppliance({
    clip: { door: await visitorClip('ada'), yard: await visitorClip('stranger') },
    cameraIds: ['door', 'yard'],
    enrolled: ['ada', 'bea'],
    // It forwards everything before it acknowledges anything: otherwise it has more to lose than the box can know.
    brokerLines: ['max_inflight_messages 0'],
  });
  const loop = new DaemonLoop(options, appliance, photograph);
  try {
    const result = await loop.run();
    if (result.violations.length === 0) return result;
    return { ...result, evidence: await keepEvidence(appliance) };
  } catch (error) {
    throw new Error(`${messageOf(error)}; evidence: ${await keepEvidence(appliance)}`, { cause: error });
  }
}

class DaemonLoop {
  readonly #options: DaemonLoopOptions;
  readonly #appliance: Appliance;
  readonly #work: DaemonWork;
  readonly #tally = new DaemonTally();
  readonly #reported = new Set<string>();
  readonly #left: Promise<readonly DaemonViolation[]>[] = [];
  #startMs = FIRST_GUESS_MS;
  #weather: Promise<void> | undefined;
  #kills = 0;

  constructor(options: DaemonLoopOptions, appliance: Appliance, photograph: Buffer) {
    this.#options = options;
    this.#appliance = appliance;
    this.#work = new DaemonWork(appliance.box.client, photograph, this.#chance());
  }

  async run(): Promise<DaemonLoopResult> {
    const { kills, events, onProgress } = this.#options;
    const { box, subscriber } = this.#appliance;
    // The one that was set up with the box; it has had its start.
    await box.stop();
    while (this.#kills < kills || subscriber.eventIds.length < events) {
      onProgress?.(this.#kills, subscriber.eventIds.length);
      await this.#live(daemonPhases[this.#kills % daemonPhases.length] ?? 'people pass');
      this.#kills += 1;
    }
    const torn = await this.#liveOn();
    return await this.#compare(torn);
  }

  async #live(phase: Phase): Promise<void> {
    const { box, breakBroker, mendBroker } = this.#appliance;
    // Of their own, so that what one of them takes does not depend on how far the other is.
    const [forMoment, forWeather] = [this.#chance(), this.#chance()];
    const weather = this.#weatherFor(phase, forWeather);
    const isAway = weather === 'broker away';
    if (isAway) await breakBroker();
    const [messages, changes] = [this.#messages(), this.#work.done];
    const life = new DaemonLife(box, (id) => this.#reported.add(id));
    const working =
      phase === 'commands'
        ? life.answering.then(() => this.#work.untilKilled(() => life.readyAfterMs !== undefined))
        : undefined;
    await Promise.all([
      this.#moment(phase, life, messages, forMoment),
      this.#begin(weather, phase, life, forWeather),
    ]);
    const { orphansEnded } = await life.kill();
    await working;
    if (isAway) await mendBroker();
    this.#left.push(this.#watch(orphansEnded));
    const { readyAfterMs } = life;
    if (readyAfterMs !== undefined) this.#startMs = readyAfterMs;
    this.#tally.started(readyAfterMs ?? 0);
    this.#tally.kill(phase, {
      isReady: readyAfterMs !== undefined,
      messages: this.#messages() - messages,
      changes: this.#work.done - changes,
    });
  }

  /** Resolves when it is time for the kill. */
  async #moment(phase: Phase, life: DaemonLife, messages: number, chance: Random): Promise<void> {
    switch (phase) {
      case 'within a second':
        return await sleep(chance.unit() * 1000);
      case 'within two seconds':
        return await sleep(chance.unit() * 2000);
      case 'starting':
        return await sleep(chance.unit() * 1.2 * this.#startMs);
      case 'people pass':
        await life.ready;
        return await sleep(chance.unit() * LONGEST_LIFE_MS);
      case 'commands': {
        const wanted = this.#work.done + Math.floor(chance.unit() * MOST_CHANGES);
        await life.answering;
        await Promise.race([until('changes', () => this.#work.done >= wanted), sleep(LONGEST_WORK_MS)]);
        return await sleep(chance.unit() * LONGEST_AFTER_CHANGE_MS);
      }
      case 'delivering': {
        const wanted = messages + 1 + Math.floor(chance.unit() * MOST_MESSAGES);
        await Promise.race([
          this.#appliance.subscriber.until(() => this.#messages() >= wanted),
          life.answering.then(() => sleep(LONGEST_DELIVERY_MS)),
        ]);
        return await sleep(chance.unit() * LONGEST_AFTER_MESSAGE_MS);
      }
    }
  }

  #weatherFor(phase: Phase, chance: Random): DaemonWeather {
    const share = chance.unit();
    const any = daemonWeathers[Math.floor(chance.unit() * daemonWeathers.length)] ?? 'calm';
    if (this.#weather !== undefined) return 'calm';
    if (phase === 'commands') return share < AWAY_SHARE ? 'broker away' : 'calm';
    return phase === 'people pass' || (phase === 'delivering' && any.startsWith('broker')) ? any : 'calm';
  }

  /** Resolves when it has begun; it may outlast the daemon. */
  async #begin(weather: DaemonWeather, phase: Phase, life: DaemonLife, chance: Random): Promise<void> {
    if (weather === 'broker away') return this.#tally.came(weather);
    if (weather === 'calm') return;
    const lateMs = chance.unit() * LATEST_WEATHER_MS;
    if (phase === 'people pass') await life.ready.then(() => sleep(lateMs));
    this.#weather = befall(weather, this.#appliance, chance).then((hasCome) => {
      if (hasCome) this.#tally.came(weather);
      this.#weather = undefined;
    });
  }

  async #watch(orphansEnded: Promise<number>): Promise<readonly DaemonViolation[]> {
    try {
      this.#tally.orphansEnded(await orphansEnded);
      return [];
    } catch (error) {
      return [{ kind: 'left', what: messageOf(error) }];
    }
  }

  /** The last life: a person is recognised again, everything is intact, the outbox drains, and the daemon ends in order. */
  async #liveOn(): Promise<readonly DaemonViolation[]> {
    const { box, events } = this.#appliance;
    await this.#weather;
    await box.start();
    const before = events().length;
    await until('a person to be seen again', () => events().length > before, RECOGNISED_WITHIN_MS);
    const torn: DaemonViolation[] = [];
    for (const command of ['gallery', 'audit']) {
      const { exitCode, stdout, stderr } = await box.command(command, 'verify');
      if (exitCode !== 0) torn.push({ kind: 'torn', what: `${command} verify: ${stdout}${stderr}` });
    }
    await until(
      'the outbox to drain',
      async () => (await box.client.call('status.show')).outbox.waiting === 0,
    );
    const exitCode = await box.stop();
    if (exitCode !== 0) throw new Error(`the last daemon ended with ${exitCode}`);
    return torn;
  }

  async #compare(torn: readonly DaemonViolation[]): Promise<DaemonLoopResult> {
    const { box, broker, subscriber } = this.#appliance;
    const login = { username: brokerLogin.user, password: brokerLogin.password };
    await sayAndHear(broker.url, subscriber, login);
    const { facts, damage } = readRecords(join(box.directory, 'data'));
    const noted = facts.map(({ id, sequence }) => ({ number: sequence, recorded: { id, sequence } }));
    const keyOf = publishedKeyOf(subscriber.messages);
    const arrivals = await arrivalsAt(subscriber, keyOf, ({ sequence }) => Number(sequence));
    const verdict = judgeArrivals(noted, arrivals);
    const first = firstArrivals(subscriber.messages);
    const arrived = new Set(first.map(({ id }) => id));
    const lost = [...this.#reported].filter((id) => !arrived.has(id));
    const retained = await retainedEvents(broker.url, login);
    return {
      ...verdict,
      violations: [
        ...verdict.violations,
        ...findDoubled(first),
        ...this.#work.compare(first, [...this.#appliance.personIds.values()]),
        ...lost.map((what) => ({ kind: 'lost', what: `${what}, which a daemon had reported` }) as const),
        ...retained.map((what) => ({ kind: 'retained', what }) as const),
        ...damage.map((what) => ({ kind: 'torn', what }) as const),
        ...torn,
        ...(await Promise.all(this.#left)).flat(),
      ],
      tally: this.#tally,
      kills: this.#kills,
      kinds: facts.map(({ kind }) => kind),
      reported: this.#reported.size,
    };
  }

  #messages(): number {
    return this.#appliance.subscriber.messages.filter(({ topic }) => isEventTopic(topic)).length;
  }

  #chance(): Random {
    return seededRandom(Math.floor(this.#options.random.unit() * 2 ** 32));
  }
}

/** Keeps what shows why a loop failed: the daemons' log, every message as it came, and the databases. Returns the folder. */
async function keepEvidence({ box, subscriber }: Appliance): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-daemon-faults-'));
  await writeFile(join(folder, 'log'), box.log());
  const lines = subscriber.messages.map(
    ({ topic, payload, arrivedAtMs }) => `${arrivedAtMs} ${topic} ${payload}\n`,
  );
  await writeFile(join(folder, 'messages'), lines.join(''));
  await cp(join(box.directory, 'data'), join(folder, 'data'), { recursive: true });
  return folder;
}

interface RecordedFact {
  readonly sequence: number;
  readonly id: string;
  readonly kind: string;
}

/** The events in `records.db` of a daemon that has ended, in order, and the damage that SQLite finds in the file. */
function readRecords(dataDir: string): {
  readonly facts: readonly RecordedFact[];
  readonly damage: readonly string[];
} {
  const db = new Sqlite(join(dataDir, 'records.db'), { readonly: true, fileMustExist: true });
  try {
    const found = db.pragma('integrity_check', { simple: true });
    const orphans = db.pragma('foreign_key_check') as readonly unknown[];
    return {
      facts: db.prepare<[], RecordedFact>('SELECT sequence, id, kind FROM event ORDER BY sequence').all(),
      damage: [
        ...(found === 'ok' ? [] : [`integrity_check of records.db: ${String(found)}`]),
        ...(orphans.length === 0 ? [] : [`foreign_key_check of records.db: ${orphans.length} rows`]),
      ],
    };
  } finally {
    db.close();
  }
}
