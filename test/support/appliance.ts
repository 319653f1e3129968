import assert from 'node:assert/strict';
import { join } from 'node:path';
import { systemClock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { type CastId, writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { type BoxSettings, makeBox, type TestBox } from './box.js';
import { type EventSubscriber, subscribeToEvents } from './event-subscriber.js';
import { type Mosquitto, startMosquitto } from './mosquitto.js';
import { startRtspServer, type TestRtspServer } from './rtsp-server.js';
import { type ShownFact, shownFact } from './shown-event.js';
import { openTcpGate, type TcpGate } from './tcp-gate.js';
import { until } from './until.js';

/** Invented names that occur nowhere by accident. */
export const personNames: Readonly<Record<CastId, string>> = {
  ada: 'Adaline Quillfeather',
  bea: 'Beatrix Oöþsworth',
  stranger: 'Strangway Nobodyson',
};

export const cameraLogin = { user: 'viewer', password: "pa:ss w/ö%r'd-7Qz" };
export const brokerLogin = { user: 'box', password: 'br0ker-pass-Xk' };

export interface ApplianceOptions {
  /** What every camera shows, or what each does by its id. */
  readonly clip: string | Readonly<Record<string, string>>;
  readonly cameraIds: readonly string[];
  /** The substream of every camera. Default: none has one. */
  readonly substreamClip?: string;
  readonly enrolled?: readonly CastId[];
  readonly config?: BoxSettings['config'];
  /** More lines of the broker's configuration. */
  readonly brokerLines?: readonly string[];
  /** Default true; otherwise the box starts without a broker. */
  readonly isBrokerUp?: boolean;
}

/** A camera server and a broker with passwords, a subscriber, and a running box. */
export interface Appliance extends AsyncDisposable {
  readonly cameras: TestRtspServer;
  readonly broker: Mosquitto;
  /** SIGKILL to the broker: it loses everything, and the box gets no answer. */
  breakBroker(): Promise<void>;
  /** Starts the broker again; the subscriber is back before the box can be, and so misses nothing. */
  mendBroker(): Promise<void>;
  readonly subscriber: EventSubscriber;
  readonly box: TestBox;
  /** The settings of the box, to be varied. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly personIds: ReadonlyMap<CastId, string>;
  /** Facts about people in the order of their first arrival, each id once, and when it came. */
  events(): readonly (ShownFact & { readonly arrivedAtMs: number })[];
  /** Waits until an event that `isWanted` has arrived. */
  untilEvent(what: string, isWanted: (event: ShownFact) => boolean): Promise<void>;
}

/** Sets everything up with short times and no cooldowns; the box is ready and its cameras stream or are tried. */
export async function startAppliance(options: ApplianceOptions): Promise<Appliance> {
  const lifetime = new Lifetime(systemClock, 40_000);
  try {
    return await startParts(options, lifetime);
  } catch (error) {
    await lifetime[Symbol.asyncDispose]();
    throw error;
  }
}

async function startParts(options: ApplianceOptions, lifetime: Lifetime): Promise<Appliance> {
  const {
    clip,
    substreamClip,
    cameraIds,
    enrolled = [],
    config = {},
    brokerLines = [],
    isBrokerUp = true,
  } = options;
  const mounts =
    typeof clip === 'string'
      ? { '/door': clip }
      : Object.fromEntries(Object.entries(clip).map(([id, file]) => [`/${id}`, file]));
  const ofSubstream = substreamClip === undefined ? {} : { '/substream': substreamClip };
  const cameras = lifetime.use(
    'cameras',
    await startRtspServer({ mounts: { ...mounts, ...ofSubstream }, auth: cameraLogin }),
  );
  const { user, password } = brokerLogin;
  const broker = lifetime.use(
    'broker',
    await startMosquitto({ users: { [user]: password }, lines: brokerLines }),
  );
  const subscriber = lifetime.use(
    'subscriber',
    await subscribeToEvents(broker.url, { username: user, password }),
  );
  const gate = lifetime.use('gate', await openTcpGate(broker.port));
  const { breakBroker, mendBroker } = breakable(broker, gate, subscriber);
  if (!isBrokerUp) await breakBroker();
  const settings = {
    cameras: cameraIds.map((id) => ({
      ...applianceCamera(id, cameras),
      ...(typeof clip === 'string' ? {} : { url: cameras.url(`/${id}`) }),
      ...(substreamClip === undefined ? {} : { substream: cameras.url('/substream') }),
    })),
    mqtt: { url: `mqtt://127.0.0.1:${gate.port}`, credential: 'broker-login' },
    liveness: { attackAfterS: 5 },
    rules: { attendanceCooldownS: 0, unknownCooldownS: 0, attackCooldownS: 0 },
    ...config,
  };
  const secrets = {
    'camera-login': `${cameraLogin.user}:${cameraLogin.password}\n`,
    'broker-login': `${user}:${password}\n`,
  };
  const box = lifetime.use('box', await makeBox({ secrets, config: settings }));
  // As systemd hands secrets over.
  await box.start({ CREDENTIALS_DIRECTORY: join(box.directory, 'secrets') });
  const personIds = await enrol(box, enrolled);
  const events: Appliance['events'] = () => {
    const firstById = new Map<string, ShownFact & { readonly arrivedAtMs: number }>();
    for (const { topic, payload, arrivedAtMs } of subscriber.messages) {
      if (!topic.includes('/event/')) continue;
      const event = shownFact(payload);
      if (event !== undefined && !firstById.has(event.id)) firstById.set(event.id, { ...event, arrivedAtMs });
    }
    return [...firstById.values()];
  };
  return {
    cameras,
    broker,
    breakBroker,
    mendBroker,
    subscriber,
    box,
    config: settings,
    personIds,
    events,
    async untilEvent(what, isWanted) {
      await until(what, () => events().some(isWanted)).catch((error: unknown) => {
        const arrived = events().map(({ kind, sequence, person }) => `${sequence} ${kind} ${person}`);
        throw new Error(`${String(error)}\narrived: ${arrived.join('; ')}\nlog:\n${box.log()}`);
      });
    },
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

function breakable(broker: Mosquitto, gate: TcpGate, subscriber: EventSubscriber) {
  let resubscribed = Promise.resolve();
  return {
    async breakBroker() {
      gate.close();
      gate.cut();
      resubscribed = subscriber.resubscribed();
      await broker.kill();
    },
    async mendBroker() {
      await broker.start();
      await resubscribed;
      await gate.open();
    },
  };
}

/** One more camera that shows what all show. */
export function applianceCamera(id: string, cameras: TestRtspServer, credential = 'camera-login') {
  return { id, name: `The ${id}`, url: cameras.url('/door'), credential, direction: 'in' };
}

async function enrol(box: TestBox, who: readonly CastId[]): Promise<Map<CastId, string>> {
  const ids = new Map<CastId, string>();
  await using photos = await writeEnrolmentPhotos();
  for (const id of who) {
    const added = await box.command('person', 'add', personNames[id], '-i', photos.files[id], '--json');
    assert.equal(added.exitCode, 0, `${added.stdout}${added.stderr}`);
    ids.set(id, (JSON.parse(added.stdout) as { person: { id: string } }).person.id);
  }
  return ids;
}
