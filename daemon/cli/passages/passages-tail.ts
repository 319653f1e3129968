import type { Command } from 'commander';
import type { FollowedPassage, PassageItem } from '../../contract/passages.js';
import type { ControlClient } from '../../core/api/client.js';
import { exitCodes, printLine, runAction } from '../../host/output.js';
import { systemClock } from '../../host/system-clock.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { parseCount } from '../events/events-tail.js';
import { followStream } from '../follow-stream.js';
import { firstItems } from '../pages.js';
import { type FilterOptions, filtersOf, type PassageFilters, withFilters } from './passage-filters.js';
import { passageLine } from './passage-text.js';

interface TailOptions extends CommonOptions, FilterOptions {
  readonly last: number;
}

/** The newest `count` passages that match the filters, the oldest first. */
export async function newestPassages(
  client: ControlClient,
  count: number,
  filters: PassageFilters,
): Promise<readonly PassageItem[]> {
  const found = await firstItems(count, (page) => client.call('passages.list', { ...filters, ...page }));
  return found.toReversed();
}

export function registerTail(passages: Command): void {
  withFilters(withCommonOptions(passages.command('tail')))
    .option('-n, --last <count>', 'number of recorded passages to show first', parseCount, 10)
    .description(
      'show recorded passages, then each new one when it ends, also after a restart of the daemon; with --json one object per line',
    )
    .action((options: TailOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const filters = await filtersOf(options, client, time);
        const show = (passage: PassageItem): void => {
          if (options.json === true) printLine(passage);
          else process.stdout.write(`${passageLine(passage, time.show)}\n`);
        };
        const abort = new AbortController();
        const { signal } = abort;
        process.once('SIGINT', () => abort.abort());
        process.once('SIGTERM', () => abort.abort());
        const recent = await newestPassages(client, options.last, filters);
        for (const passage of recent) show(passage);
        const [newest] = (await client.call('passages.list', { limit: 1 })).items;
        await followStream<FollowedPassage>({
          after: newest?.number ?? 0,
          open: (after) => client.call('passages.follow', { ...filters, after }, signal),
          take(item) {
            if (item.kind === 'passage') show(item.passage);
            return item.position;
          },
          note: (text) => void process.stderr.write(`note: ${text}\n`),
          signal,
          clock: systemClock,
        });
        return exitCodes.done;
      }),
    );
}
