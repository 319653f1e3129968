import { openCommandReceiver } from '../../daemon/core/commands/centre-commands.js';
import type { CommandReceiver } from '../../daemon/core/commands/command-receiver.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { newIssuer, type TokenOptions, trust } from './command-centre.js';
import { type CommandedBox, openCommandedBox } from './commanded-box.js';
import { box } from './published-box.js';

/** The arguments of a request whose content does not matter. */
export const resend: TokenOptions = { command: 'resend-events', arguments: { from: 1, to: 3 } };

/** A box that counts how often it executes `resend`, and an issuer that it trusts. */
export async function countingBox(
  options: { readonly clock?: VirtualClock; readonly isIdle?: boolean } = {},
) {
  const executed: number[] = [];
  const commanded = await openCommandedBox({
    ...options,
    handlers: {
      'resend-events': async ({ from }) => {
        executed.push(from);
        return { outcome: 'done', result: { count: 3, missing: 0 } };
      },
    },
  });
  const issuer = await newIssuer();
  await trust(commanded.records.commands.trust, issuer);
  return { commanded, issuer, executed };
}

/** Another receiver over the same records, as after a start; executes nothing until it is started. */
export function receiverOf({ records, vault }: CommandedBox, clock: Clock): CommandReceiver {
  return openCommandReceiver({ identity: box, records, audit: vault.audit, clock, logger: silentLogger });
}

/** Ends the receiver of the box and starts another. */
export async function restarted(commanded: CommandedBox, clock: Clock): Promise<CommandReceiver> {
  await commanded.receiver[Symbol.asyncDispose]();
  const receiver = receiverOf(commanded, clock);
  receiver.start(commanded.handlers);
  return receiver;
}
