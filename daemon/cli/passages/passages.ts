import type { Command } from 'commander';
import type { PassageDetails } from '../../contract/passages.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { isoTime } from '../../kernel/iso-time.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { parseCount } from '../events/events-tail.js';
import { checkPictureOptions, givePicture, type PictureOptions, pictureOption } from '../kept-picture.js';
import { type ShowTime, timeForms } from '../site-time.js';
import { type FilterOptions, filtersOf, withFilters } from './passage-filters.js';
import { passageTable, whyText } from './passage-text.js';
import { registerMark, registerMissed, registerReferences, registerUnmark } from './passages-mark.js';
import { newestPassages, registerTail } from './passages-tail.js';

interface ListOptions extends CommonOptions, FilterOptions {
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
}

function registerList(passages: Command): void {
  withFilters(withCommonOptions(passages.command('list')))
    .option('--since <time>', `began since this time: ${timeForms}`)
    .option('--until <time>', 'began before this time; a day is included as a whole')
    .option('-n, --limit <count>', 'number of newest matching passages', parseCount, 50)
    .description('list passages, oldest first: whom each camera saw, and what the box decided and why')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { since, until } = options;
        const filters = {
          ...(await filtersOf(options, client, time)),
          since: since === undefined ? undefined : isoTime(time.readFrom(since)),
          until: until === undefined ? undefined : isoTime(time.readTo(until)),
        };
        const found = await newestPassages(client, options.limit, filters);
        print(options.json === true, found, () =>
          found.length === 0 ? 'no passages found' : passageTable(found, time.show),
        );
        return exitCodes.done;
      }),
    );
}

/** A command that shows one passage, as text in a form of its own. */
function registerOne(
  passages: Command,
  name: string,
  description: string,
  text: (passage: PassageDetails, show: ShowTime, given: { readonly isPictureGiven: boolean }) => string,
): void {
  withCommonOptions(passages.command(name))
    .argument('<passage>', 'id of the passage, or its beginning')
    .option(...pictureOption)
    .description(description)
    .action((given: string, options: CommonOptions & PictureOptions) =>
      runAction(options.json === true, async () => {
        checkPictureOptions(options);
        const { client, time } = await openBox(options.config);
        const shown = await client.call('passages.show', { passage: given });
        const { id: passage } = shown;
        const isPictureGiven = options.picture !== undefined;
        print(options.json === true, shown, () => text(shown, time.show, { isPictureGiven }));
        await givePicture(options, () => client.call('passages.picture', { passage }), `passage-${passage}`);
        return exitCodes.done;
      }),
    );
}

export function registerPassages(program: Command): void {
  const passages = program
    .command('passages')
    .description('whom each camera saw, what the box decided, and why');
  registerList(passages);
  const why = 'explain a passage: what the box decided, why, and what to do about it';
  registerOne(passages, 'why', why, whyText);
  registerOne(passages, 'show', 'show everything that the box recorded of a passage', (shown) =>
    JSON.stringify(shown, null, 2),
  );
  registerTail(passages);
  registerMark(passages);
  registerUnmark(passages);
  registerReferences(passages);
  registerMissed(passages);
}
