import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../daemon/host/system-clock.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { openAuditFixture } from '../support/audit-fixture.js';
import { followLog } from '../support/followed-log.js';
import { temporaryDirectory } from '../support/gallery-fixture.js';
import { runAndKill } from '../support/killed-child.js';
import { openTestRecords } from '../support/published-box.js';

const kills = 6;

test('the box records each change once, in order, after kills between a change and its event', async (t) => {
  const directory = temporaryDirectory(t);
  {
    // A new source does not publish the past, so it starts before the first change.
    using audit = openAuditFixture(join(directory, 'audit.db'));
    await using records = openTestRecords(join(directory, 'records.db'));
    await followLog({ audit: audit.log, records, clock: systemClock });
  }
  const random = seededRandom(20_260_302);
  let behind = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    // The first kill surely comes between a change and its event; where the others hit depends on the machine.
    const child = kill === 0 ? [directory, '0', '3'] : [directory, String(kill)];
    await runAndKill('follower-child.ts', child, kill === 0 ? 60_000 : Math.floor(random.unit() * 120));
    using audit = openAuditFixture(join(directory, 'audit.db'));
    await using records = openTestRecords(join(directory, 'records.db'));
    const changes = audit.log.count({ action: 'person' });
    const events = records.list({ limit: 1_000_000 }).length;
    assert.ok(events <= changes, `${events} events of ${changes} changes`);
    if (events < changes) behind += 1;
  }
  assert.ok(behind > 0, 'no kill came between a change and its event');
  using audit = openAuditFixture(join(directory, 'audit.db'));
  await using records = openTestRecords(join(directory, 'records.db'));
  await followLog({ audit: audit.log, records, clock: systemClock });
  const told = records.list({ limit: 1_000_000 });
  const done = audit.log.list({ action: 'person', limit: 1_000_000 });
  assert.deepEqual(
    told.map(({ personId }) => personId),
    done.map(({ subject }) => subject),
  );
  assert.deepEqual(
    told.map(({ sequence }) => sequence),
    told.map((_, index) => index + 1),
  );
  t.diagnostic(`${kills} kills, ${behind} of them between a change and its event, ${told.length} events`);
});
