import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  BackupSchedule,
  checkScheduleEveryMs,
  retryAfterMs,
} from '../../daemon/core/backups/backup-schedule.js';
import { verifyBackup } from '../../daemon/core/backups/open-backup.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { openBackupBox } from '../support/backup-box.js';
import { withRecoverySecret } from '../support/backup-fixture.js';
import { heardConditions } from '../support/heard-conditions.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface Settings {
  schedule?: string;
  keep: number;
  directory: string;
}

/** A box with an open gallery and a schedule, at 02:00 in Paris, in winter. */
async function scheduledBox(directory: string, settings: Settings) {
  const box = await openBackupBox(directory);
  const clock = new VirtualClock(Date.parse('2026-01-10T01:00:00Z'));
  const kept = new Map<string, string>();
  const { heard, ...conditions } = heardConditions();
  const options = {
    current: () => ({ backups: settings, dataDir: join(directory, 'data') }),
    backups: box.backups,
    identity: { siteId: 'test-site', boxId: 'test-box' },
    states: {
      of: (source: string) => kept.get(source),
      set: (source: string, state: string) => void kept.set(source, state),
      forget: (source: string) => void kept.delete(source),
    },
    localTime: localTimeOf('Europe/Paris'),
    ...{ conditions, clock, logger: silentLogger },
  };
  return { box, clock, heard, settings, begin: () => new BackupSchedule(options).start() };
}

test('scheduled backups', async (t) => {
  await using folder = await temporaryDirectory();
  const directory = folder.path;
  {
    const backups = join(directory, 'disk');
    await mkdir(backups, { mode: 0o700 });
    const settings: Settings = { keep: 2, directory: backups };
    const { box, clock, heard, begin } = await scheduledBox(directory, settings);
    await using _ = box;
    await using schedule = begin();
    const files = async (): Promise<readonly string[]> => (await readdir(backups)).sort();
    /** Lets time pass, check by check, until `isDone`. */
    const pass = async (what: string, isDone: () => Promise<boolean> | boolean): Promise<void> =>
      until(what, async () => {
        if (await isDone()) return true;
        clock.advanceBy(checkScheduleEveryMs);
        return false;
      });
    const untilMade = (count: number) =>
      pass(
        `backup ${count}`,
        async () => (await files()).filter((name) => name.endsWith('.rcb')).length === count,
      );

    await t.test('there are none without a schedule', () => {
      assert.equal(schedule.status(), undefined);
      assert.deepEqual(heard, ['end backup-overdue']);
    });

    await t.test('one is made when its time has come, and opens with the recovery key', async () => {
      settings.schedule = '02:30';
      await untilMade(1);
      const [name = ''] = await files();
      assert.match(name, /^rollcall-test-site-test-box-20260110T013\d\d\dZ\.rcb$/);
      await verifyBackup(join(backups, name), withRecoverySecret);
      await until('it to be noted', () => schedule.status()?.lastFile === join(backups, name));
      assert.equal(schedule.status()?.failure, undefined);
    });

    await t.test('only the newest are kept, and files of others stay', async () => {
      await writeFile(join(backups, 'rollcall-other-box-20250101T000000Z.rcb'), '');
      await writeFile(join(backups, 'notes.txt'), '');
      await writeFile(join(backups, 'rollcall-test-site-test-box-20250101T000000Z.rcb'), '');
      await writeFile(join(backups, 'rollcall-test-site-test-box-20250102T000000Z.rcb.part'), '');
      const [first] = (await files()).filter((name) => name.includes('2026'));
      clock.advanceBy(dayMs);
      await pass('the oldest to be deleted', async () => {
        const names = await files();
        return names.length === 4 && names.some((name) => name.includes('20260111'));
      });
      const names = await files();
      assert.ok(names.includes(first ?? ''));
      assert.ok(names.includes('notes.txt') && names.includes('rollcall-other-box-20250101T000000Z.rcb'));
    });

    await t.test('one that fails is reported with its code, and tried again after half an hour', async () => {
      await rm(backups, { recursive: true });
      heard.length = 0;
      clock.advanceBy(dayMs);
      await pass('the failure', () => schedule.status()?.failure !== undefined);
      await until('the condition', () =>
        heard.includes('begin backup-overdue {"code":"backup-not-written"}'),
      );
      assert.equal(schedule.status()?.failure?.code, 'backup-not-written');
      await mkdir(backups, { mode: 0o700 });
      const failedAt = clock.wallMs();
      await untilMade(1);
      assert.ok(clock.wallMs() - failedAt >= retryAfterMs - 2 * checkScheduleEveryMs);
      await pass('the end of the condition', () => heard.at(-1) === 'end backup-overdue');
      assert.equal(schedule.status()?.failure, undefined);
    });

    await t.test('one that was missed while the box was off is made at its start', async () => {
      await schedule[Symbol.asyncDispose]();
      clock.advanceBy(3 * dayMs + 5 * hourMs);
      await using again = begin();
      await untilMade(2);
      await until('it to be noted', () => again.status()?.lastAt !== undefined);
    });
  }
});
