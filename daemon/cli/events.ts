import { type Command, InvalidArgumentError } from 'commander';
import type { ControlClient } from '../control/client.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openDaemonClient } from './daemon-client.js';
import { exitCodes, printLine, runAction } from './output.js';

interface TailOptions extends CommonOptions {
  readonly last: number;
  readonly follow: boolean;
}

/** The fields of a published event that one line shows. */
interface ShownEvent {
  readonly id?: string;
  readonly time?: string;
  readonly type?: string;
  readonly camera?: string;
  readonly person?: string | null;
  readonly similarity?: number | null;
  readonly liveness?: { readonly verdict?: string; readonly blinks?: readonly unknown[] };
}

/** One line for a person: time, type, camera, person id, similarity and the liveness evidence. */
export function describeEvent(payload: unknown): string {
  const event = payload as ShownEvent;
  const similarity = typeof event.similarity === 'number' ? `similarity ${event.similarity.toFixed(3)}` : '';
  const liveness = `${event.liveness?.verdict ?? ''}, ${event.liveness?.blinks?.length ?? 0} blinks`;
  return [event.time, event.type, event.camera, event.person ?? 'nobody enrolled', similarity, liveness]
    .filter((part) => part !== undefined && part !== '')
    .join('  ');
}

/** How many events to show first, from the command line. */
function parseCount(text: string): number {
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
  const stream = client.events(signal, onSubscribed);
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

function idOf(payload: unknown): unknown {
  return (payload as ShownEvent).id;
}

export function registerEvents(program: Command): void {
  const events = program.command('events').description('look at what the box recorded');
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
