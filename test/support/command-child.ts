import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCommandDesk } from '../../daemon/app/centre/centre-commands.js';
import type { AuditLog } from '../../daemon/audit/audit-log.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { CommandHandlers } from '../../daemon/publish/commands/command-handlers.js';
import { commandNames } from '../../daemon/publish/contract/command-schema.js';
import { box, openTestRecords } from './published-box.js';

/**
 * Takes the commands in `tokens` of its folder, over and over, as a broker and a centre would bring them that hear of nothing,
 * and writes down in `executed` what it executes, until it is killed.
 */
async function main(folder: string): Promise<void> {
  const records = openTestRecords(join(folder, 'records.db'));
  const audit: Partial<AuditLog> = { append: () => ({ sequence: 1, hash: '' }) };
  const desk = openCommandDesk({
    ...{ identity: box, records, clock: systemClock, logger: silentLogger },
    audit: audit as AuditLog,
  });
  const unused = async () => ({ outcome: 'failed', code: 'unused', message: '' }) as const;
  const handlers = Object.fromEntries(
    commandNames.map((name) => [name, unused]),
  ) as unknown as CommandHandlers;
  desk.start({
    ...handlers,
    'resend-events': async ({ from }) => {
      appendFileSync(join(folder, 'executed'), `${from}\n`);
      // A command takes its time: kills find it begun.
      await new Promise((resolve) => setTimeout(resolve, 2));
      return { outcome: 'done', result: { count: from, missing: 0 } };
    },
  });
  const tokens = readFileSync(join(folder, 'tokens'), 'utf8').split('\n');
  process.stdout.write('open\n');
  for (;;) {
    for (const token of tokens) {
      await desk.receive('resend-events', Buffer.from(token));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const [folder] = process.argv.slice(2);
if (folder !== undefined) await main(folder);
