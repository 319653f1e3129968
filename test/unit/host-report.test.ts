import assert from 'node:assert/strict';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type HostQuestion, reportOnHost } from '../../daemon/core/api/host-report.js';
import { defect } from '../../daemon/kernel/errors.js';
import { said } from '../../daemon/kernel/said.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const user = { name: 'rollcall', uid: 998, gid: 998 } as const;
const question = (given: Partial<HostQuestion>): HostQuestion => ({
  ...{ user, secrets: [], directories: {}, nowMs: 0 },
  find: () => Promise.reject(new Error('not asked for')),
  ...given,
});

describe('the report on the machine', () => {
  test('says which directories this process may not write to', async () => {
    await using directory = await temporaryDirectory();
    const [open, closed] = [join(directory.path, 'open'), join(directory.path, 'closed')];
    await mkdir(open);
    await mkdir(closed, { mode: 0o500 });
    await chmod(closed, 0o500);
    const directories = { data: open, gallery: closed, records: join(directory.path, 'none') };
    const report = await reportOnHost(question({ directories }));
    const faults = report.directories.map(({ what, fault }) => [what, fault]);
    // Root may write everywhere.
    const ofClosed = process.getuid?.() === 0 ? undefined : 'not-permitted';
    assert.deepEqual(faults, [
      ['data', undefined],
      ['gallery', ofClosed],
      ['records', 'missing'],
    ]);
  });

  test('reports a secret that cannot be read, and hides no mistake of the program', async () => {
    const secrets = [{ use: said('doctor/use-broker'), name: 'mqtt', form: 'any' }] as const;
    const report = await reportOnHost(question({ secrets }));
    assert.equal(report.secrets[0]?.problem?.code, 'internal');
    const find = () => Promise.reject(defect('test-defect', 'a mistake'));
    await assert.rejects(reportOnHost(question({ secrets, find })), /a mistake/);
  });
});
