import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';
import { runPassageLoop } from '../../scripts/fault-loop/passage-loop.js';

// The same with 100 kills is scripts/faults passages; docs/measurements/faults.md has its counts.
test('a kill leaves no passage without its events and no event without its passage', {}, async (t) => {
  const result = await runPassageLoop({ kills: 5, random: seededRandom(20_270_302) });
  assert.equal(result.violations.join('\n'), '');
  assert.ok(result.passages > 5 && result.events > result.passages && result.inSight > 0);
  t.diagnostic(`${result.passages} passages, ${result.events} events`);
});
