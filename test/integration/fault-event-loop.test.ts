import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';
import { killPoints, runEventLoop } from '../../scripts/fault-loop/event-loop.js';
import { withoutMosquitto } from '../support/mosquitto.js';

const EVENTS = 70;
const KILLS = killPoints.length + 1;

// scripts/faults events runs the same with 500 events and 100 kills; docs/measurements/faults.md has its counts.
test(`${KILLS} kills at every point between an event and the broker, with failing broker and network: each fact arrives once`, {
  skip: withoutMosquitto,
}, async (t) => {
  const loop = await runEventLoop({ events: EVENTS, kills: KILLS, random: seededRandom(20_261_121) });
  assert.deepEqual(loop.violations, []);
  assert.ok(loop.noted >= EVENTS, `${loop.noted} facts`);
  assert.equal(loop.arrived, loop.noted + loop.inFlight.recorded);
  assert.deepEqual(
    loop.tally.rows.map(({ point }) => point),
    killPoints,
  );
  const { weathers } = loop.tally;
  t.diagnostic(
    `${KILLS} kills, ${loop.arrived} events, ${loop.repeats} came again; ${JSON.stringify(weathers)}`,
  );
});

test(`${killPoints.length} kills with a broker that loses acknowledged events and a centre that confirms: no event is lost`, {
  skip: withoutMosquitto,
}, async (t) => {
  const loop = await runEventLoop({
    events: 60,
    kills: killPoints.length,
    random: seededRandom(20_261_123),
    acknowledgement: 'centre',
  });
  assert.deepEqual(loop.violations, []);
  assert.equal(loop.arrived, loop.noted + loop.inFlight.recorded);
  t.diagnostic(`${loop.arrived} events, ${loop.repeats} came again; ${JSON.stringify(loop.tally.weathers)}`);
});
