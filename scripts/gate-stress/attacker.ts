import { readOptions } from '../options.js';
import { attacks, runAttack } from './attacks.js';

/** A process of its own that attacks, so that its work is not that of what it measures: prints the tally as JSON. */
const { values } = readOptions('attacker.ts', {
  options: {
    attack: { type: 'string', default: '' },
    port: { type: 'string', default: '' },
    seconds: { type: 'string', default: '20' },
    size: { type: 'string', default: '100' },
  },
});
const attack = attacks.find((each) => each === values.attack);
if (attack === undefined) throw new Error(`the attacks are ${attacks.join(', ')}`);
const tally = await runAttack(attack, {
  port: Number(values.port),
  durationMs: Number(values.seconds) * 1000,
  size: Number(values.size),
});
process.stdout.write(JSON.stringify(Object.fromEntries(tally)));
process.exit(0);
