import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../support/box.js';
import { root } from '../support/built.js';

/** As a shell with an open file starts a process, which starts a program. */
const openFilesAfter = async (call: string): Promise<readonly number[]> => {
  const source = join(root, 'daemon/host/hidden-memory.ts');
  const program = `import { keepInheritedFiles } from '${source}';
    import { spawnSync } from 'node:child_process';
    ${call}
    const list = 'import os; print([number for number in range(3, 1024) if os.path.exists(f"/proc/self/fd/{number}")])';
    process.stdout.write(spawnSync('/usr/bin/python3', ['-c', list]).stdout);`;
  const { stdout, stderr } = await runProgram('bash', [
    ...['-c', 'exec 777< /dev/null && exec "$@"', 'bash', process.execPath, '--import', 'tsx'],
    ...['--input-type', 'module', '--eval', program],
  ]);
  assert.equal(stderr, '');
  return JSON.parse(stdout) as readonly number[];
};

test('a file that a process inherited goes no further once it keeps inherited files', async () => {
  assert.ok((await openFilesAfter('')).includes(777), 'otherwise it does');
  assert.deepEqual(await openFilesAfter('await keepInheritedFiles();'), []);
});
