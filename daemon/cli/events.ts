import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openDaemonClient } from './daemon-client.js';
import { exitCodes, printLine, runAction } from './output.js';

interface TailOptions extends CommonOptions {
  readonly last: string;
  readonly follow: boolean;
}

/** The fields of a published event that one line shows. */
interface ShownEvent {
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

export function registerEvents(program: Command): void {
  const events = program.command('events').description('look at what the box recorded');
  withCommonOptions(events.command('tail'))
    .option('-n, --last <count>', 'how many recorded events to show first', '10')
    .option('--no-follow', 'end after those instead of waiting for new ones')
    .description('print recorded events and go on with new ones; with --json one object a line')
    .action((options: TailOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const show = (payload: unknown): void => {
          if (options.json === true) printLine(payload);
          else process.stdout.write(`${describeEvent(payload)}\n`);
        };
        for (const payload of await client.recentEvents(Number(options.last))) show(payload);
        if (!options.follow) return exitCodes.done;
        const abort = new AbortController();
        process.once('SIGINT', () => abort.abort());
        process.once('SIGTERM', () => abort.abort());
        for await (const payload of client.events(abort.signal)) show(payload);
        return exitCodes.done;
      }),
    );
}
