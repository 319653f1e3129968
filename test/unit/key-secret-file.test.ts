import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureSecretFile } from '../../daemon/cli/key/key-secret-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

test('a key that a command of root makes is not a way to give another file to the user of the daemon', {
  skip: process.getuid?.() === 0 && 'root could give the file away',
}, async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'gallery-key.next');
  // It belongs to root. Whoever follows the link is refused, or gives it away.
  symlinkSync('/proc/version', path);
  await assert.doesNotReject(ensureSecretFile(path, directory.path));
});
