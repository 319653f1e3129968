import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusFindings } from '../../daemon/core/doctor/status-areas.js';
import type { Isolation } from '../../daemon/kernel/isolation.js';
import { chooseLauncher } from '../../daemon/vision/open-vision-launcher.js';
import { healthyStatus } from '../support/healthy-status.js';

const why = { reason: 'bubblewrap is not installed', remedy: 'Install the Debian package bubblewrap.' };

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
  });
});
