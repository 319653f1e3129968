import { openCommandDesk } from '../../daemon/app/centre/centre-commands.js';
import type { Clock } from '../../daemon/base/clock.js';
import { silentLogger } from '../../daemon/base/logger.js';
import type { VirtualClock } from '../../daemon/base/virtual-clock.js';
import type { CommandDesk } from '../../daemon/publish/commands/command-desk.js';
import { newIssuer, type TokenOptions, trust } from './command-centre.js';
import { type CommandedBox, openCommandedBox } from './commanded-box.js';
import { box } from './published-box.js';

/** What a centre asks for where it does not matter what. */
export const resend: TokenOptions = { command: 'resend-events', arguments: { from: 1, to: 3 } };

/** A box that counts how often it executes `resend`, and an issuer whom it trusts. */
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

/** Another desk over the same records, as after a start; executes nothing until it is started. */
export function deskOf({ records, access }: CommandedBox, clock: Clock): CommandDesk {
  return openCommandDesk({ identity: box, records, audit: access.audit, clock, logger: silentLogger });
}

/** Ends the desk of the box and starts another. */
export async function restarted(commanded: CommandedBox, clock: Clock): Promise<CommandDesk> {
  await commanded.desk[Symbol.asyncDispose]();
  const desk = deskOf(commanded, clock);
  desk.start(commanded.handlers);
  return desk;
}
