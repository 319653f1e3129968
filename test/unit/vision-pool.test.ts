import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { openMessageChannel } from '../../daemon/contract/vision/vision-channel.js';
import { type Order, orderLimits } from '../../daemon/contract/vision/vision-orders.js';
import { type PlannedVision, planVision } from '../../daemon/core/cameras/vision-plan.js';
import { VisionPool } from '../../daemon/core/cameras/vision-pool.js';
import { untilVisionRuns } from '../../daemon/core/cameras/vision-start.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { automaticProcesses } from '../../daemon/kernel/vision-processes.js';
import { CameraLines } from '../../daemon/vision/lines/camera-lines.js';
import type { LaunchedVision, VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

/** Vision processes that open and close what they are ordered to, in the process of the test. */
class ObedientProcesses implements VisionLauncher {
  readonly isolation = { level: 'none', gaps: [] } as const;
  /** The cameras of each process that runs, by its number since the start. */
  readonly #cameras = new Map<number, Set<string>>();
  #started = 0;

  /** `1:ab 3:c`, in the order in which they started. */
  get shown(): string {
    return [...this.#cameras].map(([number, ids]) => `${number}:${[...ids].sort().join('')}`).join(' ');
  }

  launch(): LaunchedVision {
    const [channel, end] = duplexPair();
    this.#started += 1;
    const number = this.#started;
    this.#cameras.set(number, new Set());
    const ended = once(end, 'close').then(() => 'it was stopped');
    const kill = (): void => {
      this.#cameras.delete(number);
      end.destroy();
    };
    const { send } = openMessageChannel(end, orderLimits, {
      onMessage: (message) => {
        const order = message as Order;
        if (order.type === 'start') {
          for (const { id } of order.plan.cameras) this.#open(number, id);
          const about = { recogniser: 'test', ffmpegVersion: '7', hasNetwork: false };
          send({ type: 'ready', provider: { requested: 'cpu', actual: 'cpu' }, ...about });
        } else if (order.type === 'open-camera') this.#open(number, order.camera.id);
        else if (order.type === 'close-camera') {
          assert.ok(this.#cameras.get(number)?.delete(order.cameraId), 'only open cameras are closed');
          send({ type: 'camera-closed', request: order.request });
        } else if (order.type === 'stop') kill();
      },
      onEnd: () => undefined,
    });
    return { channel, log: [], pid: undefined, ended, kill };
  }

  #open(number: number, id: string): void {
    for (const [other, ids] of this.#cameras)
      assert.ok(!ids.has(id), `${id} is opened by ${number}, while ${other} has it`);
    this.#cameras.get(number)?.add(id);
  }
}

interface Planned {
  readonly cameras: string;
  /** Default: what eight cores get by themselves. */
  readonly processes?: number;
  /** Whether its processes differ from others. */
  readonly takesBestShots?: boolean;
  /** The path of the cameras. */
  readonly path?: string;
}

async function planned({
  cameras: ids,
  processes,
  takesBestShots = false,
  path = '',
}: Planned): Promise<PlannedVision> {
  const config = configSchema.parse({
    ...{ site: { id: 'site', timeZone: 'UTC' }, box: { id: 'box' } },
    cameras: [...ids].map((id) => ({ id, name: id, url: `rtsp://127.0.0.1/${path}` })),
  });
  const { plan, ...others } = await planVision(config, 'mobilefacenet');
  const count = processes ?? automaticProcesses(8, ids.length);
  return {
    ...{ ...others, plan: { ...plan, takesBestShots } },
    ...{ processes: count, movesCameras: processes !== undefined },
  };
}

test('vision processes have each camera once, and keep it where they can, whatever is changed', async () => {
  await using directory = await temporaryDirectory();
  const clock = new VirtualClock();
  await using lines = await CameraLines.open({ clock });
  const processes = new ObedientProcesses();
  const nothing = (): void => undefined;
  await using pool = new VisionPool({
    ...{ clock, random: seededRandom(1), logger: silentLogger, logLevel: 'info', launcher: processes, lines },
    ...{ liveFolder: directory.path, onReport: nothing, onRound: nothing, onDown: nothing },
    ...{ onMisbehaviour: nothing, onTrusted: nothing },
  });
  const { signal } = new AbortController();
  pool.start(await planned({ cameras: 'abcd' }));
  await untilVisionRuns(pool, signal);
  assert.equal(processes.shown, '1:abcd');
  const steps: readonly (readonly [what: string, to: Planned, shown: string, opened: string])[] = [
    ['a fifth camera', { cameras: 'abcde' }, '1:abcd 2:e', 'e'],
    ['more of them', { cameras: 'abcdefg' }, '1:abcd 2:efg', 'fg'],
    ['removed ones', { cameras: 'abg' }, '1:ab 2:g', ''],
    ['other settings of all cameras', { cameras: 'abg', path: 'other' }, '1:ab 2:g', 'abg'],
    ['one that comes back', { cameras: 'abgc', path: 'other' }, '1:ab 2:cg', 'c'],
    ['an end of a process', { cameras: 'ab', path: 'other' }, '1:ab', ''],
    ['a process again', { cameras: 'abcdef', path: 'other' }, '1:abe 3:cdf', 'cdef'],
    ['uneven processes', { cameras: 'abce', path: 'other' }, '1:abe 3:c', ''],
    ['other networks', { cameras: 'abce', takesBestShots: true }, '4:abce', 'abce'],
    ['a configured number', { cameras: 'abce', takesBestShots: true, processes: 2 }, '4:ab 5:ce', 'ce'],
    ['a smaller number', { cameras: 'abce', takesBestShots: true, processes: 1 }, '4:abce', 'ce'],
  ];
  for (const [what, to, shown, opened] of steps) {
    const taken = await pool.takeUp(await planned(to), signal);
    assert.equal([...taken.opened].sort().join(''), opened, what);
    await until(`${what}: ${shown}, not ${processes.shown}`, () => processes.shown === shown);
  }
});
