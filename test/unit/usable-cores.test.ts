import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { usableCores } from '../../daemon/host/usable-cores.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Cores of a machine with 16, whose control groups have these limits; the process is in the group of the longest path. */
async function coresWith(limits: Readonly<Record<string, string>>, ownGroup?: string): Promise<number> {
  await using directory = await temporaryDirectory();
  const [deepest = '/'] = Object.keys(limits).toSorted((one, other) => other.length - one.length);
  for (const [group, limit] of Object.entries(limits)) {
    await mkdir(join(directory.path, group), { recursive: true });
    await writeFile(join(directory.path, group, 'cpu.max'), `${limit}\n`);
  }
  const own = join(directory.path, 'own');
  await writeFile(own, ownGroup ?? `0::${deepest}\n`);
  return usableCores({ ownGroup: own, groups: directory.path, cores: 16 });
}

test('usable cores are those of the machine where no control group has a limit', async () => {
  assert.equal(await coresWith({ '/box': 'max 100000' }), 16);
  assert.equal(await coresWith({}), 16);
  assert.equal(await coresWith({}, '4:cpu,cpuacct:/box\n'), 16, 'version 1');
  assert.equal(usableCores({ ownGroup: '/nowhere', groups: '/nowhere', cores: 2 }), 2);
});

test('usable cores are the whole ones that the strictest group around the process allows', async () => {
  assert.equal(await coresWith({ '/': '400000 100000' }), 4, 'a container sees its own group as the root');
  assert.equal(await coresWith({ '/site': '350000 100000', '/site/box': '800000 100000' }), 3);
  assert.equal(await coresWith({ '/box': '50000 100000' }), 1, 'half a core');
  assert.equal(await coresWith({ '/box': '6400000 100000' }), 16, 'more than the machine has');
  assert.equal(await coresWith({ '/box': 'what is this' }), 16);
});
