import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Aedes } from 'aedes';
import type { EventMessage } from '../daemon/contract/events/event-schema.js';
import type { PromptMessage } from '../daemon/contract/events/prompt-schema.js';
import { isRollcallError, messageOf } from '../daemon/kernel/errors.js';
import { type DemoBox, demoTimeZone, startDemoBox } from './demo-box.js';
import { demoConsole } from './demo-console.js';
import { eventInWords, promptInWords, subscribe } from './demo-events.js';
import { explainPassages } from './demo-why.js';
import { readOptions } from './options.js';
import { cast, demoScenario, writeEnrolmentPhotos } from './virtual-camera/cast.js';
import { type Subject, startSubject } from './virtual-camera/subject.js';
import { startVirtualCamera } from './virtual-camera/virtual-camera.js';

const usage = `scripts/demo: the main job, with virtual cameras

usage: scripts/demo [--keep] [--broker URL]
       scripts/demo --console [--port PORT]

  --keep        keep running after the expected events, until Ctrl-C
  --broker URL  publish to this MQTT broker instead of an embedded one (without a password)
  --console     instead: a box with its web console, a camera, and made-up people and passages of two weeks; stays up until
                Ctrl-C. Prints the address and the claim secret of the first administrator
  --port PORT   with --console: the port of the console, on 127.0.0.1; default: 8443
  --help        this text

Three cameras: people pass the door; at the gate and at the turnstile a person must pass a challenge. Ends with 0 when an
attendance, an unknown person and a presentation attack have arrived from the door, an attendance from the gate, and a
presentation attack from the turnstile; with 1 when one of them does not arrive. At the end it explains each person who
appeared, and keeps their pictures in var/demo/pictures.
`;

const directory = fileURLToPath(new URL('../var/demo', import.meta.url));
/** The clip of the door is a minute long; twice its length and some time to start. */
const patienceMs = 180_000;

/** Kinds of events that have to arrive, and the cameras that they come from. */
const expected = {
  attendance: 'rollcall.attendance.recorded.v1 door',
  unknown: 'rollcall.unknown.seen.v1 door',
  attack: 'rollcall.attack.suspected.v1 door',
  challengePassed: 'rollcall.attendance.recorded.v1 gate',
  replayRefused: 'rollcall.attack.suspected.v1 turnstile',
} as const;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** An MQTT broker inside this process, on a free port of the loopback interface. */
async function startBroker(): Promise<{ readonly url: string } & AsyncDisposable> {
  const broker = await Aedes.createBroker();
  const server = createServer((socket) => broker.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the broker has no port');
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => broker.close(resolve));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function enrolCast(box: DemoBox): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  await using photos = await writeEnrolmentPhotos();
  for (const id of ['ada', 'bea'] as const) {
    const { name } = cast[id];
    const output = await box.command('person', 'add', name, '--image', photos.files[id], '--json');
    const { person } = JSON.parse(output) as { person: { id: string } };
    names.set(person.id, name);
    say(`   ${name} is enrolled as ${person.id}`);
  }
  return names;
}

function renderProgress(): (progress: { framesDone: number; framesTotal: number }) => void {
  let shown = 0;
  return ({ framesDone, framesTotal }) => {
    const percent = Math.floor((100 * framesDone) / framesTotal);
    if (percent < shown + 10) return;
    shown = percent;
    say(`   rendered ${percent} %`);
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function untilSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(undefined));
  });
}

/** The cameras on the network; each has the same login. */
async function startCameras(login: { readonly user: string; readonly password: string }) {
  say('== virtual cameras: rendering their clips (kept for the next run)');
  const started: AsyncDisposable[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((each) => each[Symbol.asyncDispose]()));
  };
  const kept = <T extends AsyncDisposable>(camera: T): T => {
    started.push(camera);
    return camera;
  };
  try {
    const auth = login;
    const scenario = demoScenario();
    const door = kept(await startVirtualCamera({ scenario, auth, onProgress: renderProgress() }));
    const gate = kept(await startSubject({ kind: 'obedient', auth }));
    // No action is asked twice in a row, so a person who only nods in a recording never passes: the demo needs no luck.
    const turnstile = kept(await startSubject({ kind: 'replaying', recorded: ['nod'], auth }));
    const served = { door, gate, turnstile };
    for (const { url } of Object.values(served)) say(`   serving ${url} with digest authentication`);
    return { ...served, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Prints what the box publishes. The demo is the screen beside the gate, too: Ada does what a prompt says. */
async function listen(brokerUrl: string, names: ReadonlyMap<string, string>, ada: Subject) {
  const arrivals = Object.values(expected).map((what) => ({ what, arrived: new AbortController() }));
  const hear = (event: EventMessage): void => {
    const words = eventInWords(event, names);
    if (words === undefined || !('camera' in event.data)) return;
    say(words);
    const what = `${event.type} ${event.data.camera}`;
    arrivals.find((each) => each.what === what)?.arrived.abort();
  };
  const show = (prompt: PromptMessage): void => {
    say(promptInWords(prompt));
    if (prompt.camera === 'gate' && prompt.action !== undefined) ada.prompt(prompt.action);
  };
  const subscription = await subscribe(brokerUrl, hear, show);
  return {
    async until(...wanted: readonly string[]): Promise<void> {
      const awaited = arrivals.filter(({ what }) => wanted.includes(what));
      await Promise.all(awaited.map(({ arrived }) => aborted(arrived.signal)));
    },
    missing: () => arrivals.filter(({ arrived }) => !arrived.signal.aborted).map(({ what }) => what),
    [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose](),
  };
}

async function demo(options: {
  readonly isKept: boolean;
  readonly brokerUrl: string | undefined;
}): Promise<void> {
  await using broker = options.brokerUrl === undefined ? await startBroker() : undefined;
  const brokerUrl = options.brokerUrl ?? broker?.url ?? '';
  say(`== MQTT broker at ${brokerUrl}`);
  const login = { user: 'viewer', password: randomBytes(12).toString('base64url') };
  await using cameras = await startCameras(login);
  say('== rollcalld: starting');
  await using box = await startDemoBox({ directory, login, brokerUrl });
  say(`   configuration ${box.configPath}, log ${box.logPath}`);
  say('== enrolling two people');
  await using heard = await listen(brokerUrl, await enrolCast(box), cameras.gate);
  let hasStopped = false;
  const stopped = untilSignal().then(() => {
    hasStopped = true;
  });
  const isOver = Promise.race([aborted(AbortSignal.timeout(patienceMs)), stopped]);
  const until = (...wanted: readonly string[]) => Promise.race([heard.until(...wanted), isOver]);
  const door = { id: 'door', name: 'Front door', url: cameras.door.url, asksForChallenge: false };
  const gate = { id: 'gate', name: 'Gate', url: cameras.gate.url, asksForChallenge: true };
  const turnstile = {
    id: 'turnstile',
    name: 'Turnstile',
    url: cameras.turnstile.url,
    asksForChallenge: true,
  };

  // One after the other: a busy machine without a GPU sees too few frames of two cameras to tell a nod or a blink.
  say('== adding a camera: Ada stands at the gate, which asks for a challenge');
  say(`   Events and prompts as a subscriber receives them (time of ${demoTimeZone}):`);
  await box.setCameras(gate);
  await until(expected.challengePassed);
  say('== the turnstile also asks for a challenge. Someone holds up a video in which Ada nods.');
  await box.setCameras(turnstile);
  await until(expected.replayRefused);
  say('== the video is refused. Now people pass the door, which asks for nothing:');
  await box.setCameras(door);
  await until(...Object.values(expected));
  const missing = heard.missing();
  if (missing.length > 0) {
    throw new Error(`still missing: ${missing.join(', ')}; the log of the daemon is ${box.logPath}`);
  }
  say('== all expected events have arrived. Why the box did what it did, for each person who appeared:');
  await explainPassages({
    ...{ box, folder: join(directory, 'pictures'), say },
    isOver: () => hasStopped,
  });
  if (!options.isKept) return;
  await box.setCameras(door, gate, turnstile);
  say(
    `   running on; ask for yourself: node dist/program/rollcall.js passages tail --config ${box.configPath}`,
  );
  await stopped;
}

const { values } = readOptions(usage, {
  options: {
    keep: { type: 'boolean', default: false },
    broker: { type: 'string' },
    console: { type: 'boolean', default: false },
    port: { type: 'string', default: '8443' },
  },
});
try {
  if (values.console) await demoConsole({ port: Number(values.port), say, untilSignal });
  else await demo({ isKept: values.keep, brokerUrl: values.broker });
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`);
  if (isRollcallError(error) && error.remedy) process.stderr.write(`  what to do: ${error.remedy}\n`);
  process.exitCode = 1;
}
