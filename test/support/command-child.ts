import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandNames } from '../../daemon/contract/events/command-schema.js';
import type { AuditLog } from '../../daemon/core/audit/audit-log.js';
import { openCommandReceiver } from '../../daemon/core/commands/centre-commands.js';
import type { CommandHandlers } from '../../daemon/core/commands/command-handlers.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { finalReplies } from './final-replies.js';
import { box, openTestRecords } from './published-box.js';

/**
 * Receives the commands in `tokens` of its folder again and again, as from a centre that gets no reply, and appends to
 * `executed` what it executes, until it is killed. The command number `endless` of this process does not end: the child prints
 * `running`, and waits for its kill. It prints `answered` when each command has its last reply.
 */
async function main(folder: string, endless: number): Promise<void> {
  const records = openTestRecords(join(folder, 'records.db'));
  const audit: Partial<AuditLog> = { append: () => ({ sequence: 1, hash: '' }) };
  const receiver = openCommandReceiver({
    ...{ identity: box, records, clock: systemClock, logger: silentLogger },
    audit: audit as AuditLog,
  });
  const unused = async () => ({ outcome: 'failed', code: 'unused', message: '' }) as const;
  const handlers = Object.fromEntries(
    commandNames.map((name) => [name, unused]),
  ) as unknown as CommandHandlers;
  let executed = 0;
  receiver.start({
    ...handlers,
    'resend-events': async ({ from }) => {
      appendFileSync(join(folder, 'executed'), `${from}\n`);
      executed += 1;
      if (executed === endless) {
        process.stdout.write('running\n');
        await new Promise(() => undefined);
      }
      // A command takes some time, so that some of the other kills come while it runs.
      await new Promise((resolve) => setTimeout(resolve, 2));
      return { outcome: 'done', result: { count: from, missing: 0 } };
    },
  });
  const tokens = readFileSync(join(folder, 'tokens'), 'utf8').split('\n');
  process.stdout.write('open\n');
  for (;;) {
    for (const token of tokens) {
      await receiver.receive('resend-events', Buffer.from(token));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answered = new Set(finalReplies(records).map(({ id }) => id));
    if (answered.size === tokens.length) process.stdout.write('answered\n');
  }
}

const [folder, endless] = process.argv.slice(2);
if (folder !== undefined) await main(folder, Number(endless));
