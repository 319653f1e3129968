import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runProgram, withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';

/** Those that scripts/setup --for-tests fetches. */
const versions =
  /^versions=\((.+)\)$/m.exec(readFileSync(join(root, 'scripts/other-nodes'), 'utf8'))?.[1]?.split(' ') ?? [];
const place = (version: string): string => join(root, 'var/node', version);

function reasonToSkip(version: string): string | false {
  if (!existsSync(place(version))) return `Node.js ${version} is not there: run scripts/other-nodes`;
  const loadsCompiled = version.startsWith('20.');
  return (
    loadsCompiled &&
    Number(process.versions['napi']) >= 10 &&
    `the driver of SQLite for Node.js ${version} is only compiled where scripts/setup runs on Node.js 20`
  );
}

describe('the built program', { skip: withoutBuild }, () => {
  assert.ok(versions.length > 1, 'scripts/other-nodes has a list of versions');
  for (const version of versions) {
    test(`serves a new box on Node.js ${version}`, { skip: reasonToSkip(version) }, async () => {
      const file = join(root, 'dist/tests/test/e2e/first-person.test.js');
      const { exitCode, stdout, stderr } = await runProgram(
        join(place(version), 'bin/node'),
        ['--test-reporter=spec', file],
        { ...process.env, NODE_PATH: join(place(version), 'lib/node_modules') },
      );
      assert.equal(exitCode, 0, stdout + stderr);
      assert.match(stdout, /^ℹ pass 1$/m, 'it was not skipped');
    });
  }
});
