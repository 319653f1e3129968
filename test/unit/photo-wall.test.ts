import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { openMessageChannel } from '../../daemon/contract/vision/vision-channel.js';
import { type Order, orderLimits } from '../../daemon/contract/vision/vision-orders.js';
import { PhotoProcess } from '../../daemon/core/cameras/photo-process.js';
import { PhotoWall } from '../../daemon/core/cameras/photo-wall.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { photoPlan } from '../../daemon/vision/plan.js';
import type { LaunchedVision, VisionLauncher } from '../../daemon/vision/vision-launcher.js';

/** Processes that only say what they find when they start. */
function launcherOf(hasNetwork: () => boolean): VisionLauncher {
  const about = { provider: { requested: 'cpu', actual: 'cpu' }, recogniser: 'test', ffmpegVersion: '7' };
  return {
    isolation: { level: 'full', gaps: ['memory'] },
    launch(): LaunchedVision {
      const [channel, end] = duplexPair();
      const { send } = openMessageChannel(end, orderLimits, {
        onMessage(message) {
          const { type } = message as Order;
          if (type === 'start') send({ type: 'ready', ...about, hasNetwork: hasNetwork() });
          if (type === 'stop') end.destroy();
        },
        onEnd: () => undefined,
      });
      const ended = once(end, 'close').then(() => 'it was stopped');
      return { channel, log: [], pid: undefined, ended, kill: () => void end.destroy() };
    },
  };
}

const config = configSchema.parse({ site: { id: 'site', timeZone: 'UTC' } });

/** Starts a process for photos and ends it again. */
async function runOnce(wall: PhotoWall): Promise<void> {
  await using photos = new PhotoProcess({
    plan: () => photoPlan(config, 'mobilefacenet'),
    logLevel: () => 'info',
    ...{ clock, random: seededRandom(1), logger: silentLogger, wall },
    signal: new AbortController().signal,
  });
  await photos.start();
}

test('the wall of photos has the gap network from a process that finds one to the next that finds none', async () => {
  let hasNetwork = true;
  const wall = new PhotoWall(launcherOf(() => hasNetwork));
  assert.deepEqual(wall.isolation.gaps, ['memory'], 'nothing is known before the first process');
  await runOnce(wall);
  assert.deepEqual(wall.isolation, { level: 'full', gaps: ['network', 'memory'] });
  hasNetwork = false;
  await runOnce(wall);
  assert.deepEqual(wall.isolation, { level: 'full', gaps: ['memory'] });
});

test('a service that requires isolation refuses photos while their process has a network, and says so', async () => {
  const wall = new PhotoWall({ ...launcherOf(() => true), mustBeFull: true });
  await assert.rejects(runOnce(wall), { code: 'isolation-unavailable' });
  assert.deepEqual(wall.isolation.gaps, ['network', 'memory']);
});
