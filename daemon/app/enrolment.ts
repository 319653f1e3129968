import { defect } from '../base/errors.js';
import type {
  EnrolmentRequest,
  EnrolmentResult,
  PersonSummary,
  PhotographResult,
} from '../control/box-control.js';
import type { PersonId } from '../domain/ids.js';
import type { EnrolmentPhotograph } from '../gallery/enrolment.js';
import type { Gallery, PersonEntry } from '../gallery/gallery.js';
import { largestPhotographMiB, type PhotoOutcome } from '../vision/protocol.js';
import { decodeEmbedding } from '../vision/sighting-codec.js';

/** What an enrolment needs of the rest of the box. */
export interface EnrolmentParts {
  readonly gallery: Gallery;
  /** Similarity from which two faces count as the same person. */
  readonly threshold: number;
  analysePhoto(image: Buffer): Promise<PhotoOutcome>;
}

/** What the API shows of a person. A name that does not open is shown as such, never hidden. */
export function summarisePerson(entry: PersonEntry): PersonSummary {
  return {
    id: entry.id,
    name: entry.name ?? '(damaged)',
    enrolledAt: new Date(entry.enrolledAtMs).toISOString(),
    templates: entry.templateCount,
    photographs: entry.photographCount,
  };
}

/**
 * Enrols a person: every photograph is analysed by a vision process and must be usable; a face that is already in the
 * gallery is a warning that stops, unless duplicates are allowed. Nothing is stored otherwise.
 */
export async function enrol(request: EnrolmentRequest, parts: EnrolmentParts): Promise<EnrolmentResult> {
  const results: PhotographResult[] = [];
  const photographs: EnrolmentPhotograph[] = [];
  for (const image of request.photographs) {
    const outcome = isTooLarge(image) ? tooLarge : await parts.analysePhoto(image);
    if (outcome.outcome === 'refused') {
      results.push(outcome);
      continue;
    }
    if (outcome.recogniser !== parts.gallery.recogniser) {
      throw defect('recogniser-mismatch', 'vision and gallery use different recognisers');
    }
    results.push({ outcome: 'enrolled', qualityScore: outcome.quality.score });
    photographs.push({
      jpeg: Buffer.from(outcome.jpegBase64, 'base64'),
      embedding: decodeEmbedding(outcome.embeddingBase64),
      quality: outcome.quality.score,
    });
  }
  if (photographs.length < request.photographs.length) return { outcome: 'refused', photographs: results };
  if (!request.isDuplicateAllowed) {
    const similar = await findDuplicate(photographs, parts);
    if (similar !== undefined) return similar;
  }
  const id = await parts.gallery.addPerson({ name: request.name, photographs });
  return { outcome: 'enrolled', person: personAfterAdding(parts.gallery, id), photographs: results };
}

function isTooLarge(image: Buffer): boolean {
  return image.length > largestPhotographMiB * 1024 * 1024;
}

const tooLarge: PhotoOutcome = {
  outcome: 'refused',
  code: 'too-large',
  message: `the file is larger than ${largestPhotographMiB} MiB`,
  remedy: 'send a JPEG photograph; 2000 pixels on its longer side are plenty',
};

async function findDuplicate(
  photographs: readonly EnrolmentPhotograph[],
  { gallery, threshold }: EnrolmentParts,
): Promise<EnrolmentResult | undefined> {
  const embeddings = photographs.map(({ embedding }) => embedding);
  const [closest] = await gallery.findSimilar(embeddings, threshold);
  if (closest === undefined) return undefined;
  const name = gallery.showPerson(closest.personId)?.name ?? '(damaged)';
  return { outcome: 'similar', personId: closest.personId, name, similarity: closest.similarity };
}

function personAfterAdding(gallery: Gallery, id: PersonId): PersonSummary {
  const entry = gallery.showPerson(id);
  if (entry === undefined) throw defect('enrolment-lost', 'a person just added is not in the gallery');
  return summarisePerson(entry);
}
