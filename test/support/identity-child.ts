// Opens the keys of the box below the directory named first and rotates them until it is killed:
//   node --import tsx test/support/identity-child.ts DIRECTORY FIRST_DAY
// Prints `has KEY_ID` for the key that it has at the start, `open`, and `in force KEY_ID` for each further key as soon as it
// is in force.
import { join } from 'node:path';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { dayMs, overlapMs } from './identity-fixture.js';

const [directory = '', firstDay = '0'] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const clock = new VirtualClock(Date.UTC(2026, 0, 1) + Number(firstDay) * dayMs);
const places = { secretsDirectory: join(directory, 'secrets'), dataDir: join(directory, 'data') };
const keys = await IdentityKeys.open({ places, clock, overlapMs });
say(`has ${keys.state.current.keyId}`);
say('open');
for (;;) {
  await keys.announced();
  await keys.forgetFormer(({ untilMs }) => untilMs <= clock.wallMs());
  clock.advanceBy(5 * dayMs);
  await keys.rotate(overlapMs);
  say(`in force ${keys.state.current.keyId}`);
  await keys.settle();
}
