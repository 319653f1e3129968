import type { Command } from 'commander';
import type { MarkEffect, MarkOutcome } from '../../contract/passages.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { isoTime } from '../../kernel/iso-time.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { personForms, whichPerson } from '../person/which-person.js';
import { timeForms } from '../site-time.js';
import { whichCamera } from '../which-camera.js';
import { personText } from './passage-text.js';

const noteOption = [
  '--note <text>',
  'the reason, kept with corrected attendance; do not write names in it',
] as const;

function describeMark({ corrections }: MarkOutcome, done = 'marked'): string {
  if (corrections === 0) return `${done}; no attendance had to be corrected`;
  return `${done}; ${corrections === 1 ? '1 attendance was' : `${corrections} attendances were`} corrected`;
}

/** What a mark does to thresholds, a sentence for each person. */
export function effectText({ thresholds }: MarkEffect): string {
  return thresholds
    .filter(({ before, after }) => after !== before)
    .map(({ person, before, after, comparisons, lost }) => {
      const change = `The threshold of ${personText(person)} changes from ${before.toFixed(3)} to ${after.toFixed(3)}.`;
      const cost = `${lost} of ${comparisons} comparisons of this person's own photos no longer match.`;
      return lost === 0 ? change : `${change} ${cost}`;
    })
    .join('\n');
}

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
      'say who a passage was: corrects attendance, tells the centre, and raises the threshold of a person for whom another person was taken; the last mark counts',
    )
    .action((passage: string, options: MarkOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
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
        const outcome = await client.call('passages.mark', { passage, ...marked, note });
        print(options.json === true, outcome, () => describeMark(outcome));
        return exitCodes.done;
      }),
    );
}

export function registerUnmark(passages: Command): void {
  withCommonOptions(passages.command('unmark'))
    .argument('<passage>', 'id of the passage, or its beginning')
    .description(
      'undo the correction of a passage: attendance and thresholds return to what the box had recorded',
    )
    .action((passage: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        const outcome = await client.call('passages.unmark', { passage });
        print(options.json === true, outcome, () => describeMark(outcome, 'mark taken back'));
        return exitCodes.done;
      }),
    );
}

export function registerReferences(passages: Command): void {
  withCommonOptions(passages.command('add-reference'))
    .argument('<passage>', 'id of the passage, or its beginning')
    .description(
      'add the picture of a passage to the photographs of the recognised person; the same checks apply as for an enrolment',
    )
    .action((passage: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        const added = await client.call('passages.add-reference', { passage });
        print(options.json === true, added, () => {
          const { person, photograph, retired } = added;
          const gone =
            retired === undefined ? [] : [`${retired} was deleted for it: it showed nearly the same`];
          return [`${person} is also recognised by ${photograph}, from this passage`, ...gone].join('\n');
        });
        return exitCodes.done;
      }),
    );
  withCommonOptions(passages.command('remove-reference'))
    .argument('<passage>', 'id of the passage, or its beginning')
    .description('delete the photograph of a person that was taken from a passage')
    .action((passage: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        const removed = await client.call('passages.remove-reference', { passage });
        print(
          options.json === true,
          removed,
          () => `${removed.person} is no longer recognised by ${removed.photograph}`,
        );
        return exitCodes.done;
      }),
    );
}

interface MissedOptions extends CommonOptions {
  readonly camera: string;
  readonly person: string;
  readonly at: string;
  readonly note?: string;
}

export function registerMissed(passages: Command): void {
  withCommonOptions(passages.command('missed'))
    .requiredOption('--camera <camera>', 'where the person was')
    .requiredOption('--person <person>', `who was there: ${personForms}`)
    .requiredOption('--at <time>', `when: ${timeForms}`)
    .option(...noteOption)
    .description('say that the box missed a person altogether: adds the attendance, and tells the centre')
    .action((options: MissedOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { note } = options;
        const camera = await whichCamera(client, options.camera);
        const person = await whichPerson(client, { given: options.person, show: time.show });
        const at = isoTime(time.readFrom(options.at));
        const outcome = await client.call('passages.missed', { camera, person, at, note });
        print(options.json === true, outcome, () => describeMark(outcome));
        return exitCodes.done;
      }),
    );
}
