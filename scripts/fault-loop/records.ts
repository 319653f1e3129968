// scripts/faults records: damages records.db in every way that a disk or a hand can, and compares what the next start makes of it.
import { seededRandom } from '../../daemon/kernel/random.js';
import { readOptions } from '../options.js';
import { runRecordsLoop } from './records-loop.js';

const { values } = readOptions('scripts/faults records', {
  options: {
    damages: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const [damages, seed] = [Number(values.damages), Number(values.seed)];
if (!Number.isInteger(damages) || damages <= 0 || !Number.isInteger(seed)) {
  console.error('usage: scripts/faults records [--damages 200] [--seed N] [--json]');
  process.exit(2);
}

const startMs = performance.now();
const { rows, violations } = await runRecordsLoop({ damages, random: seededRandom(seed) });
const tookS = Math.round((performance.now() - startMs) / 1000);
if (values.json) {
  console.log(JSON.stringify({ damages, seed, tookS, rows, violations }));
} else {
  console.log('| damage | times | reported | events kept | events lost |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const { damage, times, reported, kept, lost } of rows)
    console.log(`| ${[damage, times, reported, kept, lost].join(' | ')} |`);
  const verdict =
    violations.length === 0
      ? 'every start continued, reported what it found, gave no number twice and contradicted nothing'
      : 'DAMAGE, see above';
  console.log(`\n${damages} damages in ${tookS} s (seed ${seed}): ${verdict}.`);
}
for (const violation of violations) console.error(violation);
process.exit(violations.length === 0 ? 0 : 1);
