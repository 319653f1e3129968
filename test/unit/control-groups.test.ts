import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasController } from '../../daemon/host/control-groups.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

test('a controller is there in either version of control groups, and missing where the kernel lists no such name', async () => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  assert.equal(hasController('memory', path), false, 'no control groups');
  await writeFile(join(path, 'cgroup.controllers'), 'cpuset cpu pids\n');
  assert.deepEqual([hasController('memory', path), hasController('pids', path)], [false, true]);
  // Version 1: a hierarchy for each. A group of version 2 that is called "memory" has no such file.
  await mkdir(join(path, 'memory'));
  assert.equal(hasController('memory', path), false);
  await writeFile(join(path, 'memory', 'tasks'), '');
  assert.equal(hasController('memory', path), true);
});
