import { defect } from '../../../kernel/errors.js';
import type { Embedding } from '../../../kernel/identification/match.js';
import type { PersonId } from '../../../kernel/ids.js';
import type { PersonProfile } from '../../../kernel/persons/person-profile.js';
import { refusal } from '../../../words/errors.js';

/** Photographs one person may be enrolled with at once. */
export const MOST_PHOTOGRAPHS = 20;

/** Largest photograph in bytes: sealing it blocks the event loop for about 15 ms. */
export const LARGEST_PHOTOGRAPH_BYTES = 4 * 1024 * 1024;

/**
 * Largest total size of the photographs of one enrolment, in bytes. One transaction writes them and at this size blocks the
 * event loop for about 40 ms (docs/explanation/gallery.md). Stored photographs are crops of the face and far smaller.
 */
export const LARGEST_ENROLMENT_BYTES = 8 * 1024 * 1024;

/** How far the length of an embedding may be from 1: float32 rounding, with room. */
const UNIT_TOLERANCE = 1e-3;

/** A photograph that passed the quality gate, with its embedding. */
export interface EnrolmentPhotograph {
  /** The JPEG to store, at most `LARGEST_PHOTOGRAPH_BYTES`. */
  readonly jpeg: Uint8Array;
  readonly embedding: Embedding;
  /** Quality score of the face, 0..1. */
  readonly quality: number;
}

export interface Enrolment {
  /** The id that the caller chose with `newPersonId`. Absent: the gallery chooses one. */
  readonly id?: PersonId;
  /** The caller has validated it. */
  readonly profile: PersonProfile;
  readonly photographs: readonly EnrolmentPhotograph[];
}

/** Whether `embedding` has `dimensions` values and unit length. False if a value is NaN. */
export function isUnitEmbedding(embedding: Float32Array, dimensions: number): boolean {
  if (embedding.length !== dimensions) return false;
  const squared = embedding.reduce((sum, value) => sum + value * value, 0);
  return Math.abs(Math.sqrt(squared) - 1) <= UNIT_TOLERANCE;
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

function photographProblems(photograph: EnrolmentPhotograph, index: number): string[] {
  const problems: string[] = [];
  if (!isJpeg(photograph.jpeg)) problems.push(`photo ${index + 1} is not a JPEG`);
  if (photograph.jpeg.length > LARGEST_PHOTOGRAPH_BYTES) {
    problems.push(`photo ${index + 1} is larger than ${LARGEST_PHOTOGRAPH_BYTES} bytes`);
  }
  return problems;
}

/**
 * Checks the photographs of an enrolment.
 * @throws `enrolment-refused` with every problem; `embedding-unusable` (a defect) if an embedding does not have `dimensions`
 * values
 */
export function checkEnrolment({ photographs }: Enrolment, dimensions: number): void {
  for (const { embedding, quality } of photographs) {
    if (!isUnitEmbedding(embedding, dimensions) || !(quality >= 0 && quality <= 1)) {
      throw defect(
        'embedding-unusable',
        `an enrolment needs unit embeddings of ${dimensions} values and qualities from 0 to 1`,
      );
    }
  }
  const problems = photographs.flatMap(photographProblems);
  if (photographs.length === 0) problems.unshift('there is no photo');
  if (photographs.length > MOST_PHOTOGRAPHS) {
    problems.unshift(`there are more than ${MOST_PHOTOGRAPHS} photos`);
  }
  const bytes = photographs.reduce((sum, { jpeg }) => sum + jpeg.length, 0);
  if (bytes > LARGEST_ENROLMENT_BYTES) {
    problems.push(`the photos together are larger than ${LARGEST_ENROLMENT_BYTES} bytes`);
  }
  if (problems.length === 0) return;
  throw refusal('enrolment-refused', { problems: problems.join('; ') }, { details: { problems } });
}
