import type { Command } from 'commander';
import { personForms, strangerForms } from '../../contract/command-line.js';
import type { AssignResult } from '../../contract/strangers.js';
import type { ControlClient } from '../../core/api/client.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import { badInput } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import type { Language } from '../../words/language.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { givenProfile } from '../person/person-add.js';
import { type ProfileOptions, readProfile, withProfileOptions } from '../person/profile-options.js';
import { personOption } from '../person/which-person.js';
import { describePersonLike, photographLines, warningLines } from '../person-text.js';
import type { SiteTime } from '../site-time.js';
import { whichStranger } from './which-stranger.js';

interface AssignOptions extends CommonOptions, ProfileOptions {
  readonly person?: string;
  readonly name?: string;
  readonly passages?: readonly string[];
  readonly allowDuplicate?: boolean;
  readonly yes?: boolean;
}

export function registerAssign(strangers: Command): void {
  withProfileOptions(withCommonOptions(strangers.command('assign')))
    .argument('<stranger>', strangerForms)
    .option('--person <person>', `the enrolled person whom the box did not recognise: ${personForms}`)
    .option('--name <name>', 'enrol the unknown person under this name; needs the consent of the person')
    .option('--passages <passage...>', 'take the pictures of these passages; default: the best five')
    .option('--allow-duplicate', 'enrol the face even if it resembles another person')
    .option('-y, --yes', 'do not ask for confirmation')
    .description(
      'say who an unknown person is: enrol them with consent, or name an enrolled person; the kept pictures become photos; exit code 1 if they are refused',
    )
    .action((given: string, options: AssignOptions) =>
      runAction(options.json === true, async () => {
        const { client, time, language } = await openBox(options.config);
        const stranger = await whichStranger(client, given);
        const pictures = {
          stranger,
          ...present({ passages: options.passages && [...options.passages] }),
          isDuplicateAllowed: options.allowDuplicate === true,
        };
        const person = await personOption(options, client, time);
        const assign =
          person === undefined
            ? await enrolment(client, pictures, options, time)
            : () => client.call('strangers.assign', { ...pictures, person });
        await confirm(
          `This stores the kept pictures of ${stranger} as photos of the person. For 15 minutes, 'rollcall strangers restore ${stranger}' takes it back; then the box forgets the unknown person.`,
          options.yes,
        );
        const result = await assign();
        print(options.json === true, result, () => describeAssignment(stranger, result, language));
        return result.outcome === 'assigned' ? exitCodes.done : exitCodes.failed;
      }),
    );
}

/** @throws `name-missing`, `consent-missing` */
async function enrolment(
  client: ControlClient,
  pictures: { readonly stranger: string; readonly passages?: string[]; readonly isDuplicateAllowed: boolean },
  options: AssignOptions,
  time: SiteTime,
): Promise<() => Promise<AssignResult>> {
  const { consent, ...profile } = givenProfile(options.name, await readProfile(options, time));
  if (consent === undefined) {
    throw badInput('consent-missing', 'an unknown person is enrolled only with the consent of the person', {
      remedy: 'Give --consent-basis, --consent-date and --consent-reference.',
    });
  }
  return () => client.call('strangers.enrol', { ...pictures, ...profile, consent });
}

/** What came of an assignment. */
function describeAssignment(stranger: string, result: AssignResult, language: Language): string {
  switch (result.outcome) {
    case 'assigned': {
      const { person, photographs } = result;
      const pictures = counted(photographs.length, 'picture');
      const head = `${stranger} is ${person.name} (${person.id}), with ${pictures} of the passages`;
      return [head, ...warningLines(result, language.say)].join('\n');
    }
    case 'refused': {
      const { photographs } = result;
      const names = photographs.map((_, index) => `picture ${index + 1}`);
      const lines = photographLines(photographs, names, language);
      return ['refused: the pictures are not good enough to enrol from', ...lines].join('\n');
    }
    case 'similar':
      return `refused: the face resembles ${describePersonLike(result)}\n  what to do: Assign the unknown person to this person, or use --allow-duplicate.`;
    case 'external-id-taken':
      return `refused: ${result.personId} has this external id already`;
  }
}
