import { type Command, Option } from 'commander';
import { personForms } from '../../contract/command-line.js';
import { passageLine } from '../../contract/passage-text.js';
import type { FollowedPassage, PassageItem } from '../../contract/passages.js';
import { exitCodes, printLine, runAction } from '../../host/output.js';
import { systemClock } from '../../host/system-clock.js';
import { passageOutcomes } from '../../kernel/passage-outcome.js';
import { passageReasons } from '../../kernel/passages/passage-reason.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { endOfCommand, followStream, noteToUser } from '../follow-stream.js';
import { firstItems, parseCount } from '../pages.js';
import { personOption } from '../person/which-person.js';
import { whichCameraOfRecords } from '../which-camera.js';

interface TailOptions extends CommonOptions {
  readonly camera?: string;
  readonly person?: string;
  readonly stranger?: string;
  readonly outcome?: (typeof passageOutcomes)[number];
  readonly reason?: (typeof passageReasons)[number];
  readonly last: number;
}

export function registerTail(passages: Command): void {
  withCommonOptions(passages.command('tail'))
    .option('--camera <camera>', 'only passages at this camera')
    .option('--person <person>', `only passages of this person: ${personForms}`)
    .option('--stranger <stranger>', 'only passages of the unknown person with this id')
    .addOption(new Option('--outcome <outcome>', 'only passages with this outcome').choices(passageOutcomes))
    .addOption(new Option('--reason <reason>', 'only passages with this reason').choices(passageReasons))
    .option('-n, --last <count>', 'number of recorded passages to show first', parseCount, 10)
    .description(
      'show recorded passages, then each new one when it ends, also after a restart of the daemon; with --json one object per line',
    )
    .action((options: TailOptions) =>
      runAction(options.json === true, async () => {
        const { client, time, language } = await openBox(options.config);
        const { camera, stranger, outcome, reason } = options;
        const filters = {
          camera: camera === undefined ? undefined : await whichCameraOfRecords(client, camera),
          person: await personOption(options, client, time),
          ...{ stranger, outcome, reason },
        };
        const show = (passage: PassageItem): void => {
          if (options.json === true) printLine(passage);
          else process.stdout.write(`${passageLine(passage, { show: time.show, say: language.say })}\n`);
        };
        const signal = endOfCommand();
        const recent = await firstItems(options.last, (page) =>
          client.call('passages.list', { ...filters, ...page }),
        );
        for (const passage of recent.toReversed()) show(passage);
        const [newest] = (await client.call('passages.list', { limit: 1 })).items;
        await followStream<FollowedPassage>({
          after: newest?.number ?? 0,
          open: (after) => client.call('passages.follow', { ...filters, after }, signal),
          take(item) {
            if (item.kind === 'passage') show(item.passage);
            return item.position;
          },
          ...{ note: noteToUser, signal, clock: systemClock },
        });
        return exitCodes.done;
      }),
    );
}
