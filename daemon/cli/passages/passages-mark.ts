import type { Command } from 'commander';
import { personForms } from '../../contract/command-line.js';
import { noteOption } from '../../contract/passage-operations.js';
import { describeMark, effectText } from '../../contract/passage-text.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { whichPerson } from '../person/which-person.js';
import { showAnswer } from '../show-answer.js';

interface MarkOptions extends CommonOptions {
  readonly was: string;
  readonly note?: string;
  readonly yes?: boolean;
}

export function registerMark(passages: Command): void {
  withCommonOptions(passages.command('mark'))
    .argument('<passage>', 'id of the passage, or its beginning')
    .requiredOption('--was <who>', `who it was: "stranger", "nobody" (no living face), or ${personForms}`)
    .option(...noteOption)
    .option('-y, --yes', 'do not ask before a threshold changes')
    .description(
      'say who a passage was: corrects attendance, tells the centre, and raises the threshold of a person with whom another person was confused; the last mark counts',
    )
    .action((passage: string, options: MarkOptions) =>
      showAnswer(
        options,
        async ({ client, time }) => {
          const { was, note, yes } = options;
          const marked =
            was === 'stranger' || was === 'nobody'
              ? ({ was } as const)
              : ({
                  was: 'person',
                  person: await whichPerson(client, { given: was, show: time.show }),
                } as const);
          const effect = effectText(await client.call('passages.mark-effect', { passage, ...marked }));
          if (effect !== '') await confirm(`${effect}\n'rollcall passages unmark' takes the mark back.`, yes);
          return await client.call('passages.mark', { passage, ...marked, note });
        },
        (outcome) => describeMark(outcome),
      ),
    );
}
