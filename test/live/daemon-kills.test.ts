import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../daemon/base/random.js';
import { daemonPhases, runDaemonLoop } from '../../scripts/fault-loop/daemon-loop.js';
import { withoutBuild } from '../support/box.js';
import { withoutMosquitto } from '../support/mosquitto.js';

const KILLS = 6;

// The same with 500 events and 100 kills is scripts/faults daemon; docs/faults.md has its counts.
test('the whole daemon is killed again and again while people pass', {
  skip: withoutBuild || withoutMosquitto,
}, async (t) => {
  const loop = await runDaemonLoop({ kills: KILLS, events: 1, random: seededRandom(20_261_124) });
  assert.deepEqual(loop.violations, [], `evidence: ${loop.evidence}`);
  assert.equal(loop.arrived, loop.kinds.length);
  assert.deepEqual(new Set(loop.tally.rows.map(({ phase }) => phase)), new Set(daemonPhases));
  assert.ok(
    loop.tally.rows.some(({ changes }) => changes > 0),
    'no command was obeyed, and so nothing but the box itself says what it recorded',
  );
  const { arrived, repeats, told, tally } = loop;
  t.diagnostic(
    `${KILLS} kills, ${arrived} events, ${repeats} came again, ${told} were told; ${JSON.stringify(tally.weathers)}`,
  );
});
