import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';
import { daemonPhases, runDaemonLoop } from '../../scripts/fault-loop/daemon-loop.js';
import { withoutBuild } from '../support/box.js';
import { withoutMosquitto } from '../support/mosquitto.js';

const KILLS = 6;

// The same with 500 events and 100 kills is scripts/faults daemon; docs/measurements/faults.md has its counts.
test('the daemon loses no event and repeats none under another id when it is killed repeatedly while people pass', {
  skip: withoutBuild || withoutMosquitto,
}, async (t) => {
  const loop = await runDaemonLoop({ kills: KILLS, events: 1, random: seededRandom(20_261_124) });
  assert.deepEqual(loop.violations, [], `evidence: ${loop.evidence}`);
  assert.equal(loop.arrived, loop.kinds.length);
  assert.deepEqual(new Set(loop.tally.rows.map(({ phase }) => phase)), new Set(daemonPhases));
  assert.ok(
    loop.tally.rows.some(({ changes }) => changes > 0),
    'no command was executed, so the test has no independent proof of what the box recorded',
  );
  const { arrived, repeats, reported, tally } = loop;
  t.diagnostic(
    `${KILLS} kills, ${arrived} events, ${repeats} came again, ${reported} were reported; ${JSON.stringify(tally.weathers)}`,
  );
});
