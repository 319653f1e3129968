import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { programRoot } from '../../daemon/host/program-files.js';

const install = join(programRoot(), 'scripts', 'install');
const folder = mkdtempSync(join(tmpdir(), 'rollcall-install-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs functions of the script, without changes to the machine; `rollcall` prints its arguments and ends with `code`. */
function runPart(functions: string, code: number): string {
  writeFileSync(join(folder, 'rollcall'), `#!/bin/sh\necho "asked: $*"\nexit ${code}\n`);
  chmodSync(join(folder, 'rollcall'), 0o755);
  const script = readFileSync(install, 'utf8')
    .replace(/^main "\$@"$/m, '')
    .replace('commands=/usr/local/bin', `commands=${folder}`)
    .replace('settings=/etc/rollcall', `settings=${folder}`)
    .replace(/^cd .*$/m, '');
  return execFileSync('bash', ['-c', `${script}\nexec 3</dev/null\n${functions}`], { encoding: 'utf8' });
}

describe('the recommended networks at an installation', () => {
  test('are installed on request, and a failure does not stop the installation', () => {
    const wished = 'readOptions --with-recommended-models; chooseModels; fetchModels; echo goes on';
    assert.match(runPart(wished, 0), /asked: models fetch --recommended\ngoes on/);
    assert.match(
      runPart(wished, 1),
      /The download failed\. Try again later with 'rollcall models fetch .*\ngoes on/,
    );
  });

  test('are not installed if refused, nor without a request and without a terminal', () => {
    for (const options of ['--without-recommended-models', ''])
      assert.equal(
        runPart(`readOptions ${options}; chooseModels; fetchModels; echo goes on`, 0),
        'goes on\n',
      );
  });

  test('--help names both options', () => {
    const { stdout, status } = spawnSync(install, ['--help'], { encoding: 'utf8' });
    assert.equal(status, 0);
    assert.match(stdout, /--with-recommended-models, --without-recommended-models/);
    assert.match(stdout, /rollcalld only if something changed\. .*\n?.*$/);
  });
});
