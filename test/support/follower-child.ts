// Opens the audit log and the records in the directory named first, prints `open`, then writes one enrolment after another while
// a follower makes events of them, until it is killed. Where the third argument is a number of changes, it kills itself after
// that many, before the follower has seen the last one.

import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { auditFollower } from '../../daemon/core/audit/audit-follower.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { openAuditFixture, somebody } from './audit-fixture.js';
import { openTestRecords } from './published-box.js';

const [directory = '', run = '', changes = 'Infinity'] = process.argv.slice(2);
const audit = openAuditFixture(join(directory, 'audit.db'));
const records = openTestRecords(join(directory, 'records.db'));
// Checks again immediately, so that a kill often falls between the writes of the two files.
const clock: Clock = { ...systemClock, after: (_delayMs, callback) => systemClock.after(1, callback) };
auditFollower({ audit: audit.log, records, clock, logger: silentLogger }).start();
process.stdout.write('open\n');
for (let count = 0; ; count += 1) {
  const burst = count % 7 === 0 ? 40 : 1;
  audit.database.transaction(() => {
    for (let index = 0; index < burst; index += 1)
      audit.log.append({ by: somebody, action: 'person.enrolled', subject: `p-${run}-${count}-${index}` });
  });
  if (count + 1 === Number(changes)) process.kill(process.pid, 'SIGKILL');
  await nextTurn();
}
