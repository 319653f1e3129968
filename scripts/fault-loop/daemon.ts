// scripts/faults daemon: kills the built daemon, cameras and all, at random moments, and compares what arrived.
import { messageOf } from '../../daemon/kernel/errors.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { withoutBuild } from '../../test/support/box.js';
import { withoutMosquitto } from '../../test/support/mosquitto.js';
import { readOptions } from '../options.js';
import { runDaemonLoop } from './daemon-loop.js';
import { countsText, daemonTable } from './daemon-tally.js';

const { values } = readOptions('scripts/faults daemon', {
  options: {
    kills: { type: 'string', default: '100' },
    events: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const [kills, events, seed] = [Number(values.kills), Number(values.events), Number(values.seed)];
if (![kills, events].every((count) => Number.isInteger(count) && count > 0) || !Number.isInteger(seed)) {
  console.error('usage: scripts/faults daemon [--kills 100] [--events 500] [--seed N] [--json]');
  process.exit(2);
}
const missing = withoutBuild || withoutMosquitto;
if (missing !== false) {
  console.log(`skipped: ${missing}`);
  process.exit(0);
}

const startMs = performance.now();
const seconds = (ms: number): string => (ms / 1000).toFixed(1);
try {
  const result = await runDaemonLoop({
    kills,
    events,
    random: seededRandom(seed),
    onProgress: (killed, arrived) => {
      if (killed % 10 === 0) console.error(`${killed} kills, ${arrived} events`);
    },
  });
  const { tally, violations, arrived, repeats, kinds, reported, evidence } = result;
  const { rows, weathers, longestStartMs, longestOrphanMs } = tally;
  const tookS = Math.round((performance.now() - startMs) / 1000);
  if (values.json) {
    const counts = { kills: result.kills, seed, tookS, arrived, repeats, reported, kinds: countsText(kinds) };
    console.log(JSON.stringify({ ...counts, rows, weathers, longestStartMs, longestOrphanMs, violations }));
  } else {
    const befell = Object.entries(weathers).map(([weather, count]) => `${weather} ${count}`);
    console.log(daemonTable(rows));
    console.log(`\nBeside the kills: ${befell.join(', ')}.`);
    console.log(`Recorded: ${kinds.length} events (${countsText(kinds)});`);
    console.log(`reported by the daemons: ${reported}. Arrived: ${arrived}, and ${repeats} times again.`);
    console.log(`Longest start: ${seconds(longestStartMs)} s; longest life of a process after the daemon`);
    console.log(`that had started it: ${seconds(longestOrphanMs)} s.`);
    const verdict =
      violations.length === 0
        ? 'nothing lost, nothing doubled, nothing forged, no gap, in order; gallery and audit log whole'
        : 'DAMAGE, see below';
    console.log(`${result.kills} kills in ${tookS} s (seed ${seed}): ${verdict}.`);
  }
  for (const { kind, what } of violations) console.error(`${kind}: ${what}`);
  if (evidence !== undefined) console.error(`evidence: ${evidence}`);
  process.exitCode = violations.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`seed ${seed}: ${messageOf(error)}`);
  process.exitCode = 1;
}
