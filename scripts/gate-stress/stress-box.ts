import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { goodPassword } from '../../test/support/accounts-fixture.js';
import { startAppliance } from '../../test/support/appliance.js';
import { startBoxGate } from '../../test/support/box-gate.js';
import { freePort } from '../../test/support/listening.js';
import { visitorClip } from '../../test/support/scenes.js';
import { until } from '../../test/support/until.js';

/** What the loop of the core did between two looks at it: how late a turn was, and what the thread computed meanwhile, ms. */
export type Turn = readonly [lateMs: number, computedMs: number];

/** A box with a camera, a broker and a gate, and a user who is logged in. */
export interface StressBox extends AsyncDisposable {
  readonly port: number;
  readonly pids: { readonly core: number; readonly gate: number };
  /** Turns of the core's loop in a span of the wall clock. */
  turnsBetween(fromMs: number, toMs: number): readonly Turn[];
  frames(): Promise<{ readonly analysed: number; readonly dropped: number }>;
  /** Events that have arrived at a subscriber of the broker. */
  arrived(): number;
  /** Waits until the broker has all that was recorded; the number of events that it did not get. */
  missingEvents(): Promise<number>;
  /** Asks who the user is; resolves with the status. 0: no answer. */
  askHonestly(): Promise<number>;
}

const probe = new URL('./loop-probe.mjs', import.meta.url);
/** What the unit of the gate sets by CPUWeight=40, as a nice value. */
const gateNice = 4;

export async function openStressBox(): Promise<StressBox> {
  const lifetime = new Lifetime(systemClock, 40_000);
  try {
    return await open(lifetime);
  } catch (error) {
    await lifetime[Symbol.asyncDispose]();
    throw error;
  }
}

async function open(lifetime: Lifetime): Promise<StressBox> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-stress-'));
  lifetime.use('folder', { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) });
  const linesPath = join(folder, 'loop.jsonl');
  const port = await freePort();
  process.env['ROLLCALL_LOOP_PROBE'] = linesPath;
  process.env['NODE_OPTIONS'] = `--import ${probe.href}`;
  const appliance = await startAppliance({
    clip: await visitorClip('ada'),
    cameraIds: ['door'],
    enrolled: ['ada'],
    config: { gate: { port }, logging: { level: 'info' } },
  });
  lifetime.use('box', appliance);
  delete process.env['NODE_OPTIONS'];
  const { box, subscriber } = appliance;
  const gate = lifetime.use('gate', startBoxGate(box));
  const pids = { core: box.daemon.pid ?? 0, gate: gate.child.pid ?? 0 };
  setPriority(pids.gate, gateNice);
  const ask = askOn(port);
  await until('the gate', async () => (await ask('GET', '/auth/me')).status === 401);
  const [secret = ''] = (await box.command('user', 'claim')).stdout.split('\n');
  const credentials = { userName: 'anna', password: goodPassword };
  await ask('POST', '/auth/claim', {}, { secret, ...credentials });
  const login = await ask('POST', '/auth/login', {}, credentials);
  const cookie = `Bearer ${(JSON.parse(login.body) as { data: { accessToken: string } }).data.accessToken}`;
  await appliance.untilEvent('a first event', () => true);
  return {
    port,
    pids,
    turnsBetween: (fromMs, toMs) => turnsIn(readFileSync(linesPath, 'utf8'), fromMs, toMs),
    async frames() {
      const { counters, state } = await box.camera('door');
      if (state !== 'streaming') throw new Error(`the camera is ${state}`);
      return { analysed: counters['analysed'] ?? 0, dropped: counters['dropped'] ?? 0 };
    },
    arrived: () => new Set(subscriber.eventIds).size,
    async missingEvents() {
      const { events } = await box.client.call('status.show');
      await until('the events to arrive', () => subscriber.eventIds.length >= events.recorded, 30_000).catch(
        () => undefined,
      );
      return Math.max(0, events.recorded - subscriber.eventIds.length);
    },
    askHonestly: async () => (await ask('GET', '/auth/me', { authorization: cookie })).status,
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

function turnsIn(lines: string, fromMs: number, toMs: number): readonly Turn[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly atMs: number; readonly turns: readonly Turn[] })
    .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    .flatMap(({ turns }) => turns);
}

/** Asks over a connection of its own. */
const askOn =
  (port: number) =>
  (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: object,
  ): Promise<{ readonly status: number; readonly body: string }> =>
    new Promise((resolve) => {
      const none = (): void => resolve({ status: 0, body: '' });
      const asking = request({
        ...{ host: '127.0.0.1', port, method, path: `/api/v1${path}`, agent: false },
        // It measures; others compare the certificate.
        rejectUnauthorized: false,
        headers: { host: 'localhost', 'content-type': 'application/json', ...headers },
        timeout: 10_000,
      });
      asking.on('error', none).on('timeout', () => asking.destroy());
      asking.on('response', (response) => {
        const { statusCode = 0 } = response;
        text(response).then((said) => resolve({ status: statusCode, body: said }), none);
      });
      asking.end(body === undefined ? undefined : JSON.stringify(body));
    });
