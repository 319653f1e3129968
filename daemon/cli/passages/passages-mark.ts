import type { Command } from 'commander';
import type { MarkOutcome } from '../../contract/passages.js';
import { isoTime } from '../../domain/iso-time.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { personForms, whichPerson } from '../person/which-person.js';
import { timeForms } from '../site-time.js';
import { whichCamera } from '../which-camera.js';

const noteOption = [
  '--note <text>',
  'the reason, kept with corrected attendance; do not write names in it',
] as const;

function describeMark({ corrections }: MarkOutcome): string {
  if (corrections === 0) return 'marked; no attendance had to be corrected';
  return `marked; ${corrections === 1 ? '1 attendance was' : `${corrections} attendances were`} corrected`;
}

interface MarkOptions extends CommonOptions {
  readonly was: string;
  readonly note?: string;
}

export function registerMark(passages: Command): void {
  withCommonOptions(passages.command('mark'))
    .argument('<passage>', 'id of the passage, or its beginning')
    .requiredOption('--was <who>', `who it was: "stranger", "nobody" (no living face), or ${personForms}`)
    .option(...noteOption)
    .description(
      'say who a passage was: corrects attendance, tells the centre, and raises the threshold of a person for whom another person was taken; the last mark counts',
    )
    .action((passage: string, options: MarkOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { was, note } = options;
        const marked =
          was === 'stranger' || was === 'nobody'
            ? ({ was } as const)
            : ({
                was: 'person',
                person: await whichPerson(client, { given: was, show: time.show }),
              } as const);
        const outcome = await client.call('passages.mark', { passage, ...marked, note });
        print(options.json === true, outcome, () => describeMark(outcome));
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
