// scripts/faults gallery: kills processes at work on a gallery at random points, and counts what came of it.
import { seededRandom } from '../../daemon/kernel/random.js';
import { readOptions } from '../options.js';
import { KillLoop } from './kill-loop.js';
import { operations } from './operations.js';
import { tableOf } from './tally.js';

const known = [...Object.keys(operations), 'open'];
const { values } = readOptions('scripts/faults gallery', {
  options: {
    kills: { type: 'string', default: '240' },
    seed: { type: 'string', default: '1' },
    operations: { type: 'string', default: known.join(',') },
    json: { type: 'boolean', default: false },
  },
});
const chosen = values.operations.split(',');
const unknown = chosen.filter((name) => !known.includes(name));
const kills = Number(values.kills);
const seed = Number(values.seed);
if (unknown.length > 0 || !Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
  console.error(
    `usage: scripts/faults gallery [--kills 240] [--seed N] [--operations ${known.join(',')}] [--json]`,
  );
  process.exit(2);
}

const startMs = performance.now();
const loop = new KillLoop({
  kills,
  operations: chosen,
  random: seededRandom(seed),
  tell: (line) => console.error(line),
});
const { rows, violations, kills: done } = await loop.run();
const tookS = Math.round((performance.now() - startMs) / 1000);
if (values.json) {
  console.log(JSON.stringify({ kills: done, seed, tookS, rows, violations }));
} else {
  console.log(tableOf(rows));
  const within = rows.reduce((sum, row) => sum + row.within, 0);
  const verdict =
    violations.length === 0 ? 'no person lost, none came back, nothing half done' : 'DAMAGE, see above';
  console.log(
    `\n${done} kills in ${tookS} s (seed ${seed}), ${within} of them within an operation: ${verdict}`,
  );
}
process.exit(violations.length === 0 ? 0 : 1);
