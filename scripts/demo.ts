import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Aedes } from 'aedes';
import { isRollcallError, messageOf } from '../daemon/base/errors.js';
import { type DemoBox, startDemoBox } from './demo-box.js';
import { subscribe, tellEvent } from './demo-events.js';
import { cast, demoScenario, writeEnrolmentPhotos } from './virtual-camera/cast.js';
import { startVirtualCamera } from './virtual-camera/virtual-camera.js';

const usage = `scripts/demo: the main job, with a virtual camera

usage: scripts/demo [--keep] [--broker URL]

  --keep        keep running after the expected events, until Ctrl-C
  --broker URL  publish to this MQTT broker instead of an embedded one (without a password)
  --help        this text

Ends with 0 after an attendance, an unknown person and a presentation attack have arrived, with 1 when they do not.
`;

const directory = fileURLToPath(new URL('../var/demo', import.meta.url));
/** The clip is a minute long; twice its length and some time to start. */
const patienceMs = 180_000;
const expected = [
  'rollcall.attendance.recorded.v1',
  'rollcall.unknown.seen.v1',
  'rollcall.attack.suspected.v1',
] as const;

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

async function untilSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

async function demo(options: {
  readonly isKept: boolean;
  readonly brokerUrl: string | undefined;
}): Promise<void> {
  await using broker = options.brokerUrl === undefined ? await startBroker() : undefined;
  const brokerUrl = options.brokerUrl ?? broker?.url ?? '';
  say(`== MQTT broker at ${brokerUrl}`);
  const login = { user: 'viewer', password: randomBytes(12).toString('base64url') };
  say('== a virtual camera: rendering its clip (kept for the next run)');
  await using camera = await startVirtualCamera({
    scenario: demoScenario(),
    auth: login,
    onProgress: renderProgress(),
  });
  say(`   serving ${camera.url} with digest authentication`);
  say('== rollcalld: starting');
  await using box = await startDemoBox({ directory, camera: login, brokerUrl });
  say(`   configuration ${box.configPath}, log ${box.logPath}`);
  say('== enrolling two people');
  const names = await enrolCast(box);
  const waiting = new Set<string>(expected);
  const arrived = new AbortController();
  await using _subscription = await subscribe(brokerUrl, (event) => {
    const told = tellEvent(event, names);
    if (told === undefined) return;
    say(told);
    waiting.delete(event.type);
    if (waiting.size === 0) arrived.abort();
  });
  say('== adding the camera; events as a subscriber receives them:');
  await box.addCamera(camera.url);
  const stopped = untilSignal();
  await Promise.race([aborted(AbortSignal.any([arrived.signal, AbortSignal.timeout(patienceMs)])), stopped]);
  if (arrived.signal.aborted) {
    say('== all expected events have arrived');
    if (options.isKept) {
      say(`   running on; try: node dist/program/rollcall.js status --config ${box.configPath}`);
      await stopped;
    }
  } else {
    throw new Error(`still missing: ${[...waiting].join(', ')}; the daemon's log is ${box.logPath}`);
  }
}

const { values } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    broker: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) process.stdout.write(usage);
else {
  try {
    await demo({ isKept: values.keep, brokerUrl: values.broker });
  } catch (error) {
    process.stderr.write(`error: ${messageOf(error)}\n`);
    if (isRollcallError(error) && error.remedy) process.stderr.write(`  what to do: ${error.remedy}\n`);
    process.exitCode = 1;
  }
}
