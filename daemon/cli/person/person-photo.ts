import type { Command } from 'commander';
import { personForms, remedyBelow } from '../../contract/command-line.js';
import { countOf, type PhotographChange } from '../../contract/photographs.js';
import type { ControlClient } from '../../core/api/client.js';
import type { Language } from '../../words/language.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { describePersonLike, photographLines, warningLines } from '../person-text.js';
import { showAnswer } from '../show-answer.js';
import { type FaceOptions, faceOf, readPhotographs, withFaceOptions } from './photograph-files.js';
import { whichPerson } from './which-person.js';

interface StoreOptions extends CommonOptions, FaceOptions {}

type Wanted = ReturnType<typeof faceOf> & { readonly id: string; readonly photographs: readonly Buffer[] };

/** `add` and `replace`, which read files. */
export function registerPhotoChanges(photo: Command): void {
  withFaceOptions(withCommonOptions(photo.command('add')))
    .argument('<person>', personForms)
    .requiredOption('-i, --image <file...>', 'photos of this person only')
    .description('add photos to a person; exit code 1 if one is refused')
    .action((given: string, options: StoreOptions & { readonly image: readonly string[] }) =>
      store(given, options.image, options, (client, wanted) =>
        client.call('persons.photographs.add', wanted),
      ),
    );
  withFaceOptions(withCommonOptions(photo.command('replace')))
    .argument('<person>', personForms)
    .argument('<photograph>', "id of the photo, from 'rollcall person photo list'")
    .requiredOption('-i, --image <file>', 'the new photo of this person')
    .description('replace a photo; the old one is permanently deleted')
    .action((given: string, photographId: string, options: StoreOptions & { readonly image: string }) =>
      store(given, [options.image], options, (client, wanted) =>
        client.call('persons.photographs.replace', { ...wanted, photographId }),
      ),
    );
}

/** Reads photographs of a person and sends them. */
function store(
  given: string,
  images: readonly string[],
  options: StoreOptions,
  send: (client: ControlClient, wanted: Wanted) => Promise<PhotographChange>,
): Promise<void> {
  return showAnswer(
    options,
    async ({ client, time }) => {
      const photographs = await readPhotographs(images);
      const id = await whichPerson(client, { given, state: 'active', show: time.show });
      return await send(client, { id, photographs, ...faceOf(options) });
    },
    (result, { language }) => describeChange(result, images, language),
    ({ outcome }) => outcome !== 'changed',
  );
}

function describeChange(result: PhotographChange, images: readonly string[], language: Language): string {
  const { say } = language;
  if (result.outcome === 'similar') {
    const { similarity } = result;
    const why = say('terminal/not-stored-similar', { person: describePersonLike(result), similarity });
    return `${why}${remedyBelow(say, say('terminal/remedy-not-stored-similar'))}`;
  }
  const lines = photographLines(result.photographs, images, language);
  if (result.outcome === 'changed')
    return [...lines, countOf(result.person, language), ...warningLines(result, say)].join('\n');
  return [...lines, say('terminal/not-stored')].join('\n');
}
