import { type Command, InvalidArgumentError } from 'commander';
import { maximumEnrolmentBytes, maximumPhotographs } from '../../contract/enrolment.js';
import { badInput } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { readPhotograph } from '../import/import-folder.js';

export interface FaceOptions {
  readonly face?: number;
  readonly allowDuplicate?: boolean;
}

/** Adds the options of commands that store a face. */
export function withFaceOptions(command: Command): Command {
  return command
    .option(
      '--face <number>',
      'which of several faces in the photo to use, counted from the left, from 1; only with a single photo',
      faceNumber,
    )
    .option('--allow-duplicate', 'store the face even if it resembles another person who is enrolled');
}

export function faceOf({ face, allowDuplicate }: FaceOptions) {
  return { ...present({ faceNumber: face }), isDuplicateAllowed: allowDuplicate === true };
}

/** @throws `too-many-photographs`, `request-too-large`, and what reading a file throws */
export async function readPhotographs(paths: readonly string[]): Promise<readonly Buffer[]> {
  refuseTooMany(paths.length);
  const photographs = await Promise.all(paths.map(readPhotograph));
  refuseTooLarge(photographs);
  return photographs;
}

function refuseTooMany(count: number): void {
  if (count <= maximumPhotographs) return;
  throw refusal('too-many-photographs:given', { count, most: maximumPhotographs });
}

function refuseTooLarge(photographs: readonly Buffer[]): void {
  const bytes = photographs.reduce((sum, { length }) => sum + length, 0);
  if (bytes <= maximumEnrolmentBytes) return;
  const mebibytes = maximumEnrolmentBytes / 1024 / 1024;
  throw badInput('request-too-large', `the photos together are larger than ${mebibytes} MiB`, {
    remedy: 'Send fewer or smaller photos; 2000 pixels on the longer side are enough.',
  });
}

function faceNumber(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a whole number from 1 to 999');
}
