// Makes backups for the recovery key whose public half is named, in hexadecimal:
//   node --import tsx test/support/backup-child.ts write DIRECTORY PUBLIC_KEY    without end, until it is killed
//   node --import tsx test/support/backup-child.ts hold DIRECTORY PUBLIC_KEY     one that stops half-way, until it is killed
//   node --import tsx test/support/backup-child.ts memory DIRECTORY PUBLIC_KEY MEBIBYTES
// `write` and `hold` print `chunk` for every chunk that they hand over, then `write` the name of the backup once it is done,
// `hold` the word `held`; `memory` writes and reads one backup and prints by how many bytes the process grew at most.
import { once } from 'node:events';
import { join } from 'node:path';
import { CHUNK_BYTES } from '../../daemon/core/backups/message-place.js';
import { openBackup } from '../../daemon/core/backups/open-backup.js';
import { newRecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import { writeBackup } from '../../daemon/core/backups/write-backup.js';
import { manifest, noise, source } from './backup-fixture.js';

const [task = '', directory = '', publicKeyHex = '', mebibytes = '0'] = process.argv.slice(2);
const chunk = noise(1, CHUNK_BYTES);

async function* chunks(count: number, onChunk: () => void): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) {
    onChunk();
    yield chunk;
  }
}

async function* halfOfThem(): AsyncGenerator<Uint8Array> {
  yield* chunks(3, () => process.stdout.write('chunk\n'));
  process.stdout.write('held\n');
  // An open standard input keeps the process alive; nothing is ever sent.
  await once(process.stdin.resume(), 'end');
}

async function write(isToBeHeld: boolean): Promise<void> {
  const recipients = [{ kind: 'recovery-public-key', publicKey: Buffer.from(publicKeyHex, 'hex') } as const];
  for (let number = 0; ; number += 1) {
    const target = join(directory, `backup-${process.pid}-${number}`);
    const content = isToBeHeld ? halfOfThem() : chunks(8, () => process.stdout.write('chunk\n'));
    await writeBackup({ target, recipients, manifest, sections: [{ name: 'database', content }] });
    process.stdout.write(`${target}\n`);
  }
}

async function measureMemory(): Promise<void> {
  const { publicKey, secretKey } = newRecoveryKey();
  const recipients = [{ kind: 'recovery-public-key', publicKey } as const];
  const writeAndRead = async (name: string, chunkCount: number): Promise<void> => {
    const target = join(directory, name);
    const sections = [
      { name: 'database', content: chunks(chunkCount, () => undefined) },
      source('keys', chunk),
    ];
    await writeBackup({ target, recipients, manifest, sections });
    await using backup = await openBackup(target, { recoverySecret: secretKey });
    for await (const { content } of backup.sections()) {
      for await (const bytes of content) bytes.fill(0);
    }
  };
  // So that code and buffers of a first backup are not counted.
  await writeAndRead('first', 4);
  const beforeKiB = process.resourceUsage().maxRSS;
  await writeAndRead('second', (Number(mebibytes) * 2 ** 20) / CHUNK_BYTES);
  process.stdout.write(`${(process.resourceUsage().maxRSS - beforeKiB) * 1024}\n`);
}

await (task === 'memory' ? measureMemory() : write(task === 'hold'));
