import { type Command, InvalidArgumentError } from 'commander';
import { counted } from '../../base/counted.js';
import type { ControlClient } from '../../control/client.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openDaemonClient } from '../daemon-client.js';
import { exitCodes, printLine, runAction } from '../output.js';
import { describeEvent } from './event-text.js';

interface TailOptions extends CommonOptions {
  readonly last: number;
  readonly follow: boolean;
}

/** How many events to show, from the command line. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= 10_000) return count;
  throw new InvalidArgumentError('must be a whole number from 0 to 10000');
}

/** Shows recorded events, then new ones until `signal` aborts; none twice, none left out between. */
async function follow(
  client: ControlClient,
  options: { readonly last: number; readonly signal: AbortSignal; show(payload: unknown): void },
): Promise<void> {
  const { last, signal, show } = options;
  let onSubscribed = (): void => undefined;
  const subscribed = new Promise<void>((resolve) => {
    onSubscribed = resolve;
  });
  const stream = client.events(signal, onSubscribed, sayPassedOver);
  // Subscribed first: what is recorded while the list is fetched comes twice and is told apart by its id.
  const first = stream.next();
  await Promise.race([subscribed, first]);
  const shown = new Set<unknown>();
  for (const payload of await client.recentEvents(last)) {
    shown.add(idOf(payload));
    show(payload);
  }
  for (let next = await first; next.done !== true; next = await stream.next()) {
    if (!shown.delete(idOf(next.value))) show(next.value);
  }
}

/** On standard error: standard output has events only. */
function sayPassedOver(count: number): void {
  process.stderr.write(
    `${counted(count, 'event was', 'events were')} passed over; 'rollcall events list' has them\n`,
  );
}

function idOf(payload: unknown): unknown {
  return (payload as { readonly id?: string }).id;
}

export function registerTail(events: Command): void {
  withCommonOptions(events.command('tail'))
    .option('-n, --last <count>', 'how many recorded events to show first', parseCount, 10)
    .option('--no-follow', 'end after those instead of waiting for new ones')
    .description('print recorded events and go on with new ones; with --json one object a line')
    .action((options: TailOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const show = (payload: unknown): void => {
          if (options.json === true) printLine(payload);
          else process.stdout.write(`${describeEvent(payload)}\n`);
        };
        const { last } = options;
        if (options.follow) {
          const abort = new AbortController();
          process.once('SIGINT', () => abort.abort());
          process.once('SIGTERM', () => abort.abort());
          await follow(client, { last, signal: abort.signal, show });
        } else for (const payload of await client.recentEvents(last)) show(payload);
        return exitCodes.done;
      }),
    );
}
