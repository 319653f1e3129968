import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { badInput, isRollcallError, messageOf } from '../base/errors.js';
import type { EnrolmentResult, PersonSummary } from '../control/box-control.js';
import { largestPhotographMiB } from '../vision/protocol.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openDaemonClient } from './daemon-client.js';
import { exitCodes, print, runAction, table } from './output.js';

interface AddOptions extends CommonOptions {
  readonly image: readonly string[];
  readonly allowDuplicate?: boolean;
}

function personTable(persons: readonly PersonSummary[]): string {
  const rows = persons.map(({ id, name, enrolledAt, templates, photographs }) => [
    id,
    name,
    enrolledAt,
    String(templates),
    String(photographs),
  ]);
  return table(['id', 'name', 'enrolled at', 'templates', 'photographs'], rows);
}

function describeEnrolment(result: EnrolmentResult, images: readonly string[]): string {
  if (result.outcome === 'similar') {
    return [
      `not enrolled: the face resembles ${result.name} (${result.personId}), similarity ${result.similarity.toFixed(3)}`,
      "  what to do: nothing if it is the same person; '--allow-duplicate' if it is somebody else",
    ].join('\n');
  }
  const lines = result.photographs.map((photograph, index) =>
    photograph.outcome === 'enrolled'
      ? `${images[index]}: quality ${photograph.qualityScore.toFixed(2)}`
      : `${images[index]}: refused, ${photograph.message} (${photograph.code})\n  what to do: ${photograph.remedy}`,
  );
  const verdict =
    result.outcome === 'enrolled'
      ? `enrolled ${result.person.name} as ${result.person.id}`
      : 'nothing was stored: every photograph must be usable';
  return [...lines, verdict].join('\n');
}

async function readImage(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > largestPhotographMiB * 1024 * 1024) {
      throw badInput('image-too-large', `${path} is larger than ${largestPhotographMiB} MiB`, {
        remedy: 'give a JPEG photograph; 2000 pixels on its longer side are plenty',
      });
    }
    return await readFile(path);
  } catch (error) {
    if (isRollcallError(error)) throw error;
    throw badInput('unreadable-image', `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
      remedy: 'check the path and its permissions',
    });
  }
}

function registerAdd(person: Command): void {
  withCommonOptions(person.command('add'))
    .argument('<name>', 'name of the person; stored encrypted, never published')
    .requiredOption(
      '-i, --image <file...>',
      'photographs with this one face: sharp, lit, looking into the camera',
    )
    .option('--allow-duplicate', 'enrol although the face resembles somebody already enrolled')
    .description('enrol a person from photographs; exit code 1 when they are refused')
    .action((name: string, options: AddOptions) =>
      runAction(options.json === true, async () => {
        const photographs = await Promise.all(options.image.map(readImage));
        const client = await openDaemonClient(options.config);
        const isDuplicateAllowed = options.allowDuplicate === true;
        const result = await client.addPerson({ name, photographs, isDuplicateAllowed });
        print(options.json === true, result, () => describeEnrolment(result, options.image));
        return result.outcome === 'enrolled' ? exitCodes.done : exitCodes.failed;
      }),
    );
}

export function registerPerson(program: Command): void {
  const person = program.command('person').description('enrol, list and remove persons');
  registerAdd(person);
  withCommonOptions(person.command('list'))
    .description('list the enrolled persons')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const persons = await (await openDaemonClient(options.config)).listPersons();
        print(options.json === true, persons, () => personTable(persons));
        return exitCodes.done;
      }),
    );
  withCommonOptions(person.command('show'))
    .argument('<id>', 'id of the person')
    .description('show one enrolled person')
    .action((id: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const found = await (await openDaemonClient(options.config)).showPerson(id);
        print(options.json === true, found, () => personTable([found]));
        return exitCodes.done;
      }),
    );
  withCommonOptions(person.command('remove'))
    .argument('<id>', 'id of the person')
    .description('remove a person with all templates and photographs; takes effect at once')
    .action((id: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const result = await (await openDaemonClient(options.config)).removePerson(id);
        print(options.json === true, result, () => `removed ${id}`);
        return exitCodes.done;
      }),
    );
}
