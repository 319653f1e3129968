// scripts/faults events: kills processes that record and publish at random points, and compares what arrived.
import { seededRandom } from '../../daemon/kernel/random.js';
import { withoutMosquitto } from '../../test/support/mosquitto.js';
import { readOptions } from '../options.js';
import { runEventLoop } from './event-loop.js';
import { eventTable } from './event-tally.js';

const { values } = readOptions('scripts/faults events', {
  options: {
    events: { type: 'string', default: '500' },
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    acknowledgement: { type: 'string', default: 'broker' },
    json: { type: 'boolean', default: false },
  },
});
const acknowledgement = values.acknowledgement === 'centre' ? 'centre' : 'broker';
const [events, kills, seed] = [Number(values.events), Number(values.kills), Number(values.seed)];
if (![events, kills].every((count) => Number.isInteger(count) && count > 0) || !Number.isInteger(seed)) {
  console.error(
    'usage: scripts/faults events [--events 500] [--kills 100] [--seed N] [--acknowledgement broker|centre] [--json]',
  );
  process.exit(2);
}
if (withoutMosquitto !== false) {
  console.log(`skipped: ${withoutMosquitto}`);
  process.exit(0);
}

const startMs = performance.now();
const { tally, violations, noted, arrived, repeats, inFlight } = await runEventLoop({
  events,
  kills,
  random: seededRandom(seed),
  acknowledgement,
});
const tookS = Math.round((performance.now() - startMs) / 1000);
const { rows, weathers } = tally;
if (values.json) {
  const counts = { kills, seed, tookS, noted, arrived, repeats, inFlight, weathers };
  console.log(JSON.stringify({ ...counts, rows, violations }));
} else {
  const befell = Object.entries(weathers).map(([weather, count]) => `${weather} ${count}`);
  const verdict =
    violations.length === 0
      ? `nothing lost, nothing doubled, nothing forged, no gap${acknowledgement === 'broker' ? ', in order' : ''}`
      : 'DAMAGE, see above';
  console.log(eventTable(rows));
  console.log(`\nBroker and network: ${befell.join(', ')}.`);
  console.log(`Noted as recorded: ${noted}. In flight at a kill: ${inFlight.recorded} recorded,`);
  console.log(`${inFlight.notRecorded} not. Arrived: ${arrived}, and ${repeats} times again.`);
  console.log(`${kills} kills in ${tookS} s (seed ${seed}): ${verdict}.`);
}
for (const { kind, what } of violations) console.error(`${kind}: ${what}`);
process.exit(violations.length === 0 ? 0 : 1);
