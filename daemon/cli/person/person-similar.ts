import type { Command } from 'commander';
import { personForms } from '../../contract/command-line.js';
import type { SimilarFaces, SimilarToPicture } from '../../contract/recognition.js';
import { badInput } from '../../kernel/errors.js';
import { table } from '../../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import type { Box } from '../daemon-client.js';
import { showAnswer } from '../show-answer.js';
import { readPhotographs } from './photograph-files.js';
import { whichPerson } from './which-person.js';

interface SimilarOptions extends CommonOptions {
  readonly image?: string;
}

export function registerSimilar(person: Command): void {
  withCommonOptions(person.command('similar'))
    .argument('[person]', personForms)
    .option(
      '-i, --image <file>',
      'compare the main face of this picture instead of a person; nothing is stored',
    )
    .description(
      'list the persons and unknown people who resemble a person or a picture most, and whether the box tells them apart',
    )
    .action((given: string | undefined, options: SimilarOptions) =>
      showAnswer(
        options,
        (box) => compare(box, given, options.image),
        describeSimilar,
        (found) => 'outcome' in found && found.outcome === 'refused',
      ),
    );
}

type Found = SimilarFaces | SimilarToPicture;

async function compare(
  { client, time }: Box,
  given: string | undefined,
  image: string | undefined,
): Promise<Found> {
  if ((given === undefined) === (image === undefined)) {
    throw badInput('person-or-image', 'similar needs a person or a picture, and not both', {
      remedy: 'Give a person, or --image with a file.',
    });
  }
  if (image !== undefined) {
    return await client.call('recognition.similar', { picture: await readPhotographs([image]) });
  }
  const id = await whichPerson(client, { given: given ?? '', state: 'active', show: time.show });
  return await client.call('recognition.similar-persons', { id });
}

function describeSimilar(found: Found): string {
  if ('outcome' in found && found.outcome === 'refused')
    return `not compared: ${found.message}\n  what to do: ${found.remedy}`;
  const { persons, strangers } = found;
  const rows = [
    ...persons.map(({ personId, name = '', ...likeness }) => [personId, name, ...likenessCells(likeness)]),
    ...strangers.map(({ strangerId, ...likeness }) => [strangerId, 'stranger', ...likenessCells(likeness)]),
  ];
  if (rows.length === 0) return 'The box knows no other face.';
  return table(['id', 'name', 'similarity', 'threshold', 'told apart'], rows);
}

function likenessCells({
  similarity,
  threshold,
  isToldApart,
}: Pick<SimilarFaces['persons'][number], 'similarity' | 'threshold' | 'isToldApart'>): readonly string[] {
  return [similarity.toFixed(3), threshold.toFixed(3), isToldApart ? 'yes' : 'no'];
}
