import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../daemon/base/random.js';
import { recordsDamages } from '../../scripts/fault-loop/records-damage.js';
import { runRecordsLoop } from '../../scripts/fault-loop/records-loop.js';

const damages = Object.keys(recordsDamages).length;

// The same with 200 damages is scripts/faults records; docs/faults.md has its counts.
test('records.db is damaged in every way after a kill: each start goes on, says so, and contradicts nothing', {
  timeout: 300_000,
}, async (t) => {
  const { rows, violations } = await runRecordsLoop({ damages, random: seededRandom(20_261_122) });
  assert.deepEqual(violations, []);
  assert.ok(rows.every(({ times }) => times === 1));
  assert.equal(rows.find(({ damage }) => damage === 'none')?.told, 0);
  assert.ok(rows.some(({ told }) => told > 0));
  t.diagnostic(rows.map(({ damage, kept, lost }) => `${damage}: ${kept} kept, ${lost} lost`).join('; '));
});
