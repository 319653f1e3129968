import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, rename, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeAbandonedFolders } from '../../daemon/vision/lines/abandoned-folders.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const socketName = 'lines.sock';
const own = process.getuid?.();

/** A folder with a socket, as a process that runs has it. */
async function serve(folder: string) {
  await mkdir(folder);
  const server = createServer().listen(join(folder, socketName));
  await once(server, 'listening');
  return server;
}

/** The same, as a process leaves it that was killed: its socket stays. */
async function abandon(folder: string): Promise<void> {
  const server = await serve(folder);
  // Closing removes the socket by the name that it was made with.
  await rename(join(folder, socketName), join(folder, 'aside'));
  server.close();
  await once(server, 'close');
  await rename(join(folder, 'aside'), join(folder, socketName));
}

test('folders of killed processes are removed, and no other ones', async () => {
  await using directory = await temporaryDirectory();
  const at = (name: string): string => join(directory.path, name);
  await abandon(at('lines-killed'));
  await abandon(at('other-killed'));
  await abandon(at('elsewhere'));
  await symlink(at('elsewhere'), at('lines-link'));
  await mkdir(at('lines-starting'));
  const server = await serve(at('lines-running'));
  try {
    const folders = { parent: directory.path, prefix: 'lines-', socketName };
    await removeAbandonedFolders({ ...folders, owners: [] });
    assert.ok((await readdir(directory.path)).includes('lines-killed'), 'it is that of another user');
    await removeAbandonedFolders({ ...folders, owners: [own] });
    assert.deepEqual((await readdir(directory.path)).toSorted(), [
      ...['elsewhere', 'lines-link', 'lines-running', 'lines-starting', 'other-killed'],
    ]);
    assert.deepEqual(await readdir(at('elsewhere')), [socketName], 'behind a link');
  } finally {
    server.close();
  }
});

test('a parent that cannot be read has none', async () => {
  await removeAbandonedFolders({ parent: '/nowhere', prefix: '', socketName, owners: [own] });
});
