import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { openMessageChannel } from '../../daemon/contract/vision/vision-channel.js';
import { type Order, orderLimits } from '../../daemon/contract/vision/vision-orders.js';
import { planVision } from '../../daemon/core/cameras/vision-plan.js';
import { VisionSlot } from '../../daemon/core/cameras/vision-slot.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import type { VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { until } from '../support/until.js';

const provider = { requested: 'cpu', actual: 'cpu' };
const ready = {
  ...{ type: 'ready', provider, recogniser: 'test', ffmpegVersion: '7', hasNetwork: false },
};

for (const [what, report, isKept] of [
  ['that reports progress stays', { type: 'progress', processorMs: 1, cameras: [] }, true],
  [
    'that reports all but progress is replaced',
    { type: 'camera', cameraId: 'door', state: { state: 'connecting' } },
    false,
  ],
] as const) {
  test(`a vision process ${what}`, async () => {
    const [channel, end] = duplexPair();
    const ended = once(end, 'close').then(() => 'it was killed');
    const orders: string[] = [];
    const { send } = openMessageChannel(end, orderLimits, {
      onMessage: (message) => void orders.push((message as Order).type),
      onEnd: () => undefined,
    });
    const launcher: VisionLauncher = {
      isolation: { level: 'none', gaps: [] },
      launch: () => ({ channel, log: [], pid: undefined, ended, kill: () => void end.destroy() }),
    };
    const config = configSchema.parse({
      ...{ site: { id: 'site', timeZone: 'UTC' }, box: { id: 'box' } },
      cameras: [{ id: 'door', name: 'Door', url: 'rtsp://127.0.0.1/' }],
    });
    const { plan } = await planVision(config, 'mobilefacenet');
    const accepted: string[] = [];
    const clock = new VirtualClock();
    await using slot = new VisionSlot({
      ...{ index: 0, plan, purpose: 'cameras', logLevel: 'info' },
      ...{ clock, random: seededRandom(1), logger: silentLogger, launcher },
      ...{ onReport: ({ type }) => void accepted.push(type), onDown: () => undefined },
    });
    slot.start();
    send(ready);
    await until('it to be ready', () => slot.isRunning);
    for (let second = 0; second < 45; second += 1) {
      send(report);
      await nextTurn();
      clock.advanceBy(1_000);
    }
    slot.setLogLevel('debug');
    await until('its last order', () => orders.at(-1) === 'log-level' || end.destroyed);
    assert.equal(orders.includes('stop'), !isKept);
    assert.ok(accepted.filter((type) => type === report.type).length > 30, 'its reports were accepted');
    end.destroy();
    await ended;
  });
}

test('a vision process with a network ends where isolation is required', async () => {
  const [channel, end] = duplexPair();
  const ended = once(end, 'close').then(() => 'it was killed');
  const { send } = openMessageChannel(end, orderLimits, {
    onMessage: () => undefined,
    onEnd: () => undefined,
  });
  const launcher: VisionLauncher = {
    ...{ isolation: { level: 'full', gaps: [] }, mustBeFull: true },
    launch: () => ({ channel, log: [], pid: undefined, ended, kill: () => void end.destroy() }),
  };
  const config = configSchema.parse({ site: { id: 'site', timeZone: 'UTC' }, box: { id: 'box' } });
  const { plan } = await planVision(config, 'mobilefacenet');
  await using slot = new VisionSlot({
    ...{ index: 0, plan, purpose: 'cameras', logLevel: 'info' },
    ...{ clock: new VirtualClock(), random: seededRandom(1), logger: silentLogger, launcher },
    ...{ onReport: () => undefined, onDown: () => undefined },
  });
  slot.start();
  send({ ...ready, hasNetwork: true });
  await until('its failure', () => slot.failure !== undefined);
  assert.equal(slot.failure?.code, 'isolation-unavailable');
  assert.equal(slot.isRunning, false);
  await ended;
});
