import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';
import { recordsDamages } from '../../scripts/fault-loop/records-damage.js';
import { runRecordsLoop } from '../../scripts/fault-loop/records-loop.js';

const damages = Object.keys(recordsDamages).length;

// The same with 200 damages is scripts/faults records; docs/measurements/faults.md has its counts.
test('the box starts with a records.db damaged in any way after a kill, reports the damage, and contradicts no earlier event', {}, async (t) => {
  const { rows, violations } = await runRecordsLoop({ damages, random: seededRandom(20_261_122) });
  // As one text, so that a failure shows each of them.
  assert.equal(violations.join('\n'), '');
  assert.ok(rows.every(({ times }) => times === 1));
  assert.equal(rows.find(({ damage }) => damage === 'none')?.reported, 0);
  assert.ok(rows.some(({ reported }) => reported > 0));
  t.diagnostic(rows.map(({ damage, kept, lost }) => `${damage}: ${kept} kept, ${lost} lost`).join('; '));
});
