// Opens the box in the directory named first, says `open`, and works without end until it is killed:
//   node --import tsx test/support/backup-box-child.ts DIRECTORY KEY_DIRECTORY create TARGET_DIRECTORY
//   node --import tsx test/support/backup-box-child.ts DIRECTORY KEY_DIRECTORY restore BACKUP BACKUP
// The recovery key lies in the key directory, as `secret` and `public`, 32 bytes each.
// Prints `created` or `restored` and a path for each one that was done.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBackupBox } from './backup-box.js';
import { tester } from './gallery-fixture.js';

const [directory = '', keys = '', task = '', ...paths] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const recoverySecret = readFileSync(join(keys, 'secret'));
const publicKey = readFileSync(join(keys, 'public'));
const { backups } = await openBackupBox(directory, { publicKey });
say('open');
for (let turn = 0; ; turn += 1) {
  const path = paths[turn % paths.length] ?? '';
  if (task === 'create') {
    const target = join(path, `${randomUUID()}.rcb`);
    await backups.create({ path: target }, tester);
    say(`created ${target}`);
  } else {
    await backups.restore({ path, secret: { recoverySecret } }, tester);
    say(`restored ${path}`);
  }
}
