import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const tool = '/usr/bin/systemd-analyze';

test('the unit of the gate asks for nothing where the release has no gate', async () => {
  const text = await readFile(new URL('../../systemd/rollcall-gate.service', import.meta.url), 'utf8');
  const [, started] = /^ExecStart=.* (\/opt\/\S+\.js)/m.exec(text) ?? [];
  assert.ok(started !== undefined);
  assert.match(text, new RegExp(`^ConditionPathExists=${started}$`, 'm'));
});

for (const [name, exposure] of [
  ['rollcalld', 15],
  ['rollcall-gate', 13],
] as const)
  describe(`the unit ${name}`, { skip: existsSync(tool) ? false : `${tool} is missing` }, () => {
    let directory = '';
    let unit = '';
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'rollcall-unit-'));
      unit = join(directory, `${name}.service`);
      const text = await readFile(new URL(`../../systemd/${name}.service`, import.meta.url), 'utf8');
      // The program need not be installed where the tests run.
      await writeFile(unit, text.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true'));
    });
    after(() => rm(directory, { recursive: true }));

    test('has only lines that systemd understands', async () => {
      const { stdout, stderr } = await run(tool, ['verify', '--man=no', unit]);
      assert.equal(`${stdout}${stderr}`, '');
    });

    test('causes a report of a line that systemd does not understand', async () => {
      const wrong = join(directory, 'wrong.service');
      await writeFile(wrong, `${await readFile(unit, 'utf8')}\n[Service]\nWatchdocSec=3\n`);
      const { stderr } = await run(tool, ['verify', '--man=no', wrong]);
      assert.match(stderr, /WatchdocSec/);
    });

    test('has an exposure of at most 1.5 of 10', async () => {
      // Exits with an error when the exposure, times ten, is above the threshold.
      await run(tool, ['security', '--offline=true', `--threshold=${exposure}`, '--no-pager', unit]);
      await assert.rejects(run(tool, ['security', '--offline=true', '--threshold=1', '--no-pager', unit]));
    });
  });
