import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusFindings } from '../../daemon/core/doctor/status-areas.js';
import { type Isolation, weakerIsolation } from '../../daemon/kernel/isolation.js';
import { chooseLauncher, requireFull } from '../../daemon/vision/open-vision-launcher.js';
import type { VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { healthyStatus } from '../support/healthy-status.js';

const why = { reason: 'bubblewrap is not installed', remedy: 'Install the Debian package bubblewrap.' };

const launcherWith = (isolation: Isolation): VisionLauncher => ({
  isolation,
  launch: () => assert.fail('nothing is launched here'),
});

describe('isolation of vision processes', () => {
  test('is refused where it is required and not available', () => {
    assert.throws(() => chooseLauncher(why, 'required'), {
      code: 'isolation-unavailable',
      message: 'vision processes cannot be isolated: bubblewrap is not installed',
      remedy: /^Install the Debian package bubblewrap\. Or set vision\.isolation: preferred/,
    });
  });

  test('is none with its reason where it is preferred and not available', () => {
    const { isolation } = chooseLauncher(why, 'preferred');
    assert.deepEqual(isolation, { level: 'none', gaps: ['rights', 'network', 'memory', 'disk'], why });
  });

  test('is refused where it is required and a sandbox is all there is', () => {
    assert.throws(() => requireFull(launcherWith({ level: 'partial', gaps: ['memory', 'disk'] })), {
      code: 'isolation-unavailable',
      message: 'vision processes would run in a sandbox, which leaves gaps: memory, disk',
      remedy: /^Install the service as docs/,
    });
  });

  test('is refused where it is required and a wall of the units is missing', () => {
    assert.throws(() => requireFull(launcherWith({ level: 'full', gaps: ['memory', 'disk'] })), {
      code: 'isolation-unavailable',
      message: 'the isolation of vision processes has gaps: disk',
    });
  });

  test('is enough where it is required and only the kernel leaves a gap', () => {
    assert.equal(requireFull(launcherWith({ level: 'full', gaps: [] })).mustBeFull, true);
    assert.equal(requireFull(launcherWith({ level: 'full', gaps: ['memory'] })).mustBeFull, true);
  });

  test('of cameras and photos together is the lower level, with the gaps of both', () => {
    const cameras = { level: 'full', gaps: ['disk'] } as const;
    const photos = { level: 'partial', gaps: ['memory'], why } as const;
    const together = { level: 'partial', gaps: ['memory', 'disk'], why };
    assert.deepEqual(weakerIsolation(cameras, photos), together);
    assert.deepEqual(weakerIsolation(photos, cameras), together);
    assert.deepEqual(weakerIsolation(cameras, { level: 'full', gaps: [] }), cameras);
  });

  test('is a warning of the doctor where there is none, and names its gaps otherwise', () => {
    const found = (isolation: Isolation) =>
      statusFindings({ ...healthyStatus, isolation }, String).find(({ check }) => check === 'isolation');
    const none = found({ level: 'none', gaps: ['rights'], why });
    assert.equal(none?.outcome, 'warning');
    assert.match(none.message, /^none; .* such as read keys: bubblewrap is not installed$/);
    assert.equal(none.remedy, why.remedy);
    const partial = found({ level: 'partial', gaps: ['memory', 'disk'] });
    assert.equal(partial?.outcome, 'ok');
    assert.match(partial.message, /^partial; .* fill the memory, fill the disk/);
    assert.equal(found({ level: 'full', gaps: ['memory'] })?.outcome, 'ok');
    const weakened = found({ level: 'full', gaps: ['network'] });
    assert.equal(weakened?.outcome, 'warning');
    assert.match(weakened.message, /^full; .* reach other addresses/);
    assert.match(weakened.remedy ?? '', /"A wall that is missing"/);
  });
});
