// scripts/faults passages: kills processes that record facts with their passages, and compares what they leave.
import { seededRandom } from '../../daemon/kernel/random.js';
import { readOptions } from '../options.js';
import { runPassageLoop } from './passage-loop.js';

const { values } = readOptions('scripts/faults passages', {
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const [kills, seed] = [Number(values.kills), Number(values.seed)];
if (!Number.isInteger(kills) || kills <= 0 || !Number.isInteger(seed)) {
  console.error('usage: scripts/faults passages [--kills 100] [--seed N] [--json]');
  process.exit(2);
}

const startMs = performance.now();
const { violations, ...counts } = await runPassageLoop({ kills, random: seededRandom(seed) });
const tookS = Math.round((performance.now() - startMs) / 1000);
if (values.json) {
  console.log(JSON.stringify({ kills, seed, tookS, ...counts, violations }));
} else {
  const { passages, events, inSight } = counts;
  const verdict =
    violations.length === 0
      ? 'no passage without its events, no event without its passage, nothing lost'
      : 'DAMAGE, see above';
  console.log(
    `${kills} kills in ${tookS} s (seed ${seed}), ${passages} passages, ${events} events, ${inSight} passages in sight at a kill: ${verdict}.`,
  );
}
for (const violation of violations) console.error(violation);
process.exit(violations.length === 0 ? 0 : 1);
