import type { Command } from 'commander';
import type { KeptPhotograph, PhotographChange } from '../../contract/photographs.js';
import { type ExitCode, exitCodes, print, runAction } from '../../host/output.js';
import { present } from '../../kernel/present.js';
import { table } from '../../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { describePersonLike, photographLines, warningLines } from '../person-text.js';
import type { ShowTime } from '../site-time.js';
import { type FaceOptions, readPhotographs, withFaceOptions } from './photograph-files.js';
import { personForms, whichPerson } from './which-person.js';

interface AddOptions extends CommonOptions, FaceOptions {
  readonly image: readonly string[];
}

interface RemoveOptions extends CommonOptions {
  readonly yes?: boolean;
}

const photoForms = "id of the photo, from 'rollcall person photo list'";

export function registerPhoto(person: Command): void {
  const photo = person.command('photo').description('list, add, replace and remove photos of a person');
  withCommonOptions(photo.command('list'))
    .argument('<person>', personForms)
    .description('list what a person is recognised by')
    .action((given: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const id = await whichPerson(client, { given, show: time.show });
        const kept = await client.call('persons.photographs.list', { id });
        print(options.json === true, kept, () => describeKept(kept, time.show));
        return exitCodes.done;
      }),
    );
  registerAdd(photo);
  registerReplace(photo);
  registerRemove(photo);
}

function registerAdd(photo: Command): void {
  withFaceOptions(withCommonOptions(photo.command('add')))
    .argument('<person>', personForms)
    .requiredOption('-i, --image <file...>', 'photos of this person only')
    .description('add photos to a person; exit code 1 if one is refused')
    .action((given: string, options: AddOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const photographs = await readPhotographs(options.image);
        const id = await whichPerson(client, { given, state: 'active', show: time.show });
        const face = faceOf(options);
        const result = await client.call('persons.photographs.add', { id, photographs, ...face });
        return report(result, options, options.image);
      }),
    );
}

function registerReplace(photo: Command): void {
  withFaceOptions(withCommonOptions(photo.command('replace')))
    .argument('<person>', personForms)
    .argument('<photograph>', photoForms)
    .requiredOption('-i, --image <file>', 'the new photo of this person')
    .description('put another photo in the place of one, which is deleted for good')
    .action(
      (
        given: string,
        photographId: string,
        { image, ...options }: CommonOptions & FaceOptions & { readonly image: string },
      ) =>
        runAction(options.json === true, async () => {
          const { client, time } = await openBox(options.config);
          const photographs = await readPhotographs([image]);
          const id = await whichPerson(client, { given, state: 'active', show: time.show });
          const wanted = { id, photographId, photographs, ...faceOf(options) };
          return report(await client.call('persons.photographs.replace', wanted), options, [image]);
        }),
    );
}

function registerRemove(photo: Command): void {
  withCommonOptions(photo.command('remove'))
    .argument('<person>', personForms)
    .argument('<photograph>', photoForms)
    .option('-y, --yes', 'do not ask for confirmation')
    .description('delete a photo of a person and its template for good; the last one stays')
    .action((given: string, photographId: string, options: RemoveOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const id = await whichPerson(client, { given, state: 'active', show: time.show });
        const question = `This deletes the photo ${photographId} of ${id} for good.`;
        await confirm(question, options.yes);
        const person = await client.call('persons.photographs.remove', { id, photographId });
        print(options.json === true, person, () => countOf(person));
        return exitCodes.done;
      }),
    );
}

function faceOf({ face, allowDuplicate }: FaceOptions) {
  return { ...present({ faceNumber: face }), isDuplicateAllowed: allowDuplicate === true };
}

function report(result: PhotographChange, { json }: CommonOptions, images: readonly string[]): ExitCode {
  print(json === true, result, () => describeChange(result, images));
  return result.outcome === 'changed' ? exitCodes.done : exitCodes.failed;
}

function describeChange(result: PhotographChange, images: readonly string[]): string {
  if (result.outcome === 'similar') {
    return [
      `not stored: the face resembles ${describePersonLike(result)}, similarity ${result.similarity.toFixed(3)}`,
      "  what to do: Check that it is the right photo; if it is, store it with '--allow-duplicate'.",
    ].join('\n');
  }
  const lines = photographLines(result.photographs, images);
  if (result.outcome === 'changed')
    return [...lines, countOf(result.person), ...warningLines(result)].join('\n');
  const verdict = 'not stored: every photo must be usable, and must show the person as the others do';
  return [...lines, verdict].join('\n');
}

const countOf = ({ id, templates }: { readonly id: string; readonly templates: number }): string =>
  `${id} is recognised by ${templates === 1 ? 'one template' : `${templates} templates`}`;

function originText(from: KeptPhotograph['fromPassage'], show: ShowTime): string {
  if (from === undefined) return 'enrolment';
  const { passage, camera, seenAt } = from;
  return passage === undefined || seenAt === undefined
    ? 'a passage'
    : `passage ${passage} at ${camera}, ${show(seenAt)}`;
}

function describeKept(kept: readonly KeptPhotograph[], show: ShowTime): string {
  if (kept.length === 0) return 'The box keeps no photos and no templates of this person.';
  const rows = kept.map(({ id, hasPicture, storedAt, qualityScore, agreement, fromPassage }) => [
    id,
    storedAt === undefined ? '-' : show(storedAt),
    hasPicture ? 'yes' : 'deleted by retention',
    qualityScore === undefined ? 'no template' : qualityScore.toFixed(2),
    agreement === undefined
      ? '-'
      : `${agreement.similarity.toFixed(3)}${agreement.isAgreeing ? '' : ' (differs)'}`,
    originText(fromPassage, show),
  ]);
  return table(['photo', 'stored at', 'picture', 'quality', 'agreement', 'from'], rows);
}
