import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { backupOperations, type FileBackup } from '../../daemon/contract/backups.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { rollcall } from '../support/box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

function answerFor(path: string): FileBackup {
  return {
    path,
    sizeBytes: 3,
    sha256: '0'.repeat(64),
    createdAt: '2026-03-01T00:00:00.000Z',
    site: 'site',
    box: 'box',
    program: '0.1.0',
    recogniser: 'r',
    schemaVersion: 1,
    counts: {},
  };
}

test('rollcall backup create fails if the daemon wrote to a path that the command cannot see', async () => {
  await using directory = await temporaryDirectory();
  const socketPath = join(directory.path, 'control.sock');
  const config = join(directory.path, 'rollcall.yaml');
  const lines = [
    'site: { id: site, timeZone: UTC }',
    'cameras: []',
    `control: { socketPath: ${socketPath} }`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  let isSeen = false;
  const { 'backups.write-file': writeFile } = backupOperations;
  await using _server = await startControlServer({
    socketPath,
    operations: { 'backups.write-file': writeFile },
    handlers: {
      'backups.write-file': ({ path }) => {
        if (isSeen) writeFileSync(path, 'abc');
        return answerFor(path);
      },
    },
    logger: silentLogger,
  });
  const create = (): ReturnType<typeof rollcall> =>
    rollcall(['backup', 'create', join(directory.path, 'b'), '--json', '--config', config]);
  const lost = await create();
  assert.equal(lost.exitCode, 1);
  assert.equal(JSON.parse(lost.stdout).error.code, 'backup-elsewhere');
  isSeen = true;
  const made = await create();
  assert.equal(made.exitCode, 0, made.stderr);
});
