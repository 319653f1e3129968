// Opens the box of retention-box.ts in the directory named first, at the wall time named second, prints `open`, runs retention
// once, prints `done` and waits to be killed.

import { tester } from './gallery-fixture.js';
import { openRetentionBox } from './retention-box.js';

const [directory = '', nowMs = '0'] = process.argv.slice(2);
const box = await openRetentionBox(directory, { nowMs: Number(nowMs) });
process.stdout.write('open\n');
const { failures } = await box.retention.run({ isClockConfirmed: true }, tester);
process.stdout.write(failures.length === 0 ? 'done\n' : `${JSON.stringify(failures)}\n`);
setInterval(() => undefined, 60_000);
