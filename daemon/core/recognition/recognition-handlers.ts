import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import {
  type DetectedFace,
  type FaceCandidate,
  type RecognisedFace,
  type recognitionOperations,
  refusedPictures,
  type SimilarFaces,
  type Verification,
} from '../../contract/recognition.js';
import type { FacesOutcome } from '../../contract/vision/vision-answers.js';
import { decodeEmbedding } from '../../contract/vision/vision-sighting.js';
import { badInput, defect } from '../../kernel/errors.js';
import {
  identifyTrack,
  noProbes,
  type SearchedProbe,
  withProbes,
} from '../../kernel/identification/identify-track.js';
import {
  type Candidate,
  type Embedding,
  type Identification,
  type MatchPolicy,
  type Probe,
  similarityToPerson,
  thresholdFor,
} from '../../kernel/identification/match.js';
import { type PersonId, personId, type StrangerId } from '../../kernel/ids.js';
import { damagedName } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { failure } from '../../words/errors.js';
import { forbidden } from '../api/forbidden.js';
import { notFound } from '../api/not-found.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { analysedClip, clipVerdictOf } from '../cameras/clip-handlers.js';
import type { PhotoProcess } from '../cameras/photo-process.js';
import type { Gallery } from '../gallery/gallery.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { FullPersonEntry } from '../gallery/persons/person-entry.js';
import { PersonReferences } from '../gallery/search/person-references.js';
import { similarTo, similarToPerson } from '../persons/similar-faces.js';

/** Pictures that may wait. Enrolments use the same process, and a program must not block them. */
const mostWaiting = 8;
/** Persons that a face is compared with in detail. */
const mostCandidates = 5;

export interface RecognitionOptions {
  readonly vault: Pick<GalleryVault, 'gallery'>;
  readonly photos: Pick<PhotoProcess, 'analyse' | 'findFaces' | 'waitingCount'>;
  readonly clips: Pick<PhotoProcess, 'judgeClip' | 'waitingCount'>;
  /** The rules by which cameras recognise persons. */
  readonly policy: () => MatchPolicy;
  readonly readings: Pick<ReadingTrail, 'note'>;
}

/** The operations that compare faces and store nothing. */
export function recognitionHandlers(options: RecognitionOptions): Handlers<typeof recognitionOperations> {
  return { ...comparisonHandlers(options), ...similarHandlers(options) };
}

type SimilarOperation = 'recognition.similar' | 'recognition.similar-persons';

function comparisonHandlers(
  options: RecognitionOptions,
): Handlers<Omit<typeof recognitionOperations, SimilarOperation>> {
  const { vault, photos, clips, readings } = options;
  return {
    'recognition.detect': async ({ picture }) => {
      const { faceCount, faces } = await facesOf(photos, picture, false);
      return { faceCount, faces: faces.map(described) };
    },
    'recognition.recognise': async ({ picture }, { caller }) => {
      // A sealed gallery refuses the request before the picture costs anything.
      vault.gallery();
      const { faceCount, faces, recogniser } = await facesOf(photos, picture, true);
      const recognised: RecognisedFace[] = [];
      for (const face of faces) {
        const embedding = embeddingOf(face.embeddingBase64, recogniser, vault.gallery());
        const views = [{ embedding, quality: 1, capturedAtMs: 0 }];
        const policy = { ...options.policy(), minimumProbes: 1 };
        recognised.push({ ...described(face), ...(await recognise(views, policy, options, caller)) });
      }
      const matches = recognised.filter(({ outcome }) => outcome === 'match').length;
      const details = { faces: recognised.length, matches };
      readings.note({ by: caller, action: 'person.recognised', details });
      return { faceCount, faces: recognised };
    },
    'recognition.recognise-clip': async ({ clip, fps, challenge }, { caller }) => {
      vault.gallery();
      refuseIfBusy(clips);
      const analysed = await analysedClip(clips, clip, { fps, isEmbedded: true });
      const views = analysed.probes.map(({ embeddingBase64, quality, capturedAtMs }) => ({
        embedding: embeddingOf(embeddingBase64, analysed.recogniser, vault.gallery()),
        ...{ quality, capturedAtMs },
      }));
      const found = await recognise(views, options.policy(), options, caller);
      const details = { faces: 1, matches: found.outcome === 'match' ? 1 : 0 };
      readings.note({ by: caller, action: 'person.recognised', details });
      return { ...clipVerdictOf(analysed, challenge), ...found };
    },
    'recognition.verify': async ({ personId: id, picture }, { caller }) => {
      requireActive(vault.gallery(), id);
      refuseIfBusy(photos);
      const photo = await photos.analyse(only(picture), { photograph: 'new' });
      const gallery = vault.gallery();
      const person = requireActive(gallery, id);
      if (photo.outcome === 'refused') {
        const { outcome, code, message, remedy } = photo;
        return { outcome, code, message, remedy };
      }
      const embedding = embeddingOf(photo.embeddingBase64, photo.recogniser, gallery);
      const result = verify(embedding, person.id, gallery, options.policy());
      const details = { isMatch: result.outcome === 'match' };
      readings.note({ by: caller, action: 'person.verified', subject: person.id, details });
      return result;
    },
  };
}

function similarHandlers({
  vault,
  photos,
  readings,
  ...options
}: RecognitionOptions): Handlers<Pick<typeof recognitionOperations, SimilarOperation>> {
  const context = ({ scopes, cameras }: Caller) => {
    const gallery = vault.gallery();
    return {
      ...{ gallery, policy: options.policy() },
      isNamed: scopes.has('names:read'),
      isShown: (id: StrangerId) =>
        scopes.has('strangers:read') &&
        (cameras === undefined ||
          gallery.strangers.show(id)?.appearances.some(({ cameraId }) => cameras.has(cameraId)) === true),
    };
  };
  const note = (by: Caller, found: SimilarFaces, subject?: PersonId): void => {
    const matches = found.persons.filter(({ isToldApart }) => !isToldApart).length;
    const details = { faces: 1, matches };
    readings.note({ by, action: 'person.recognised', ...present({ subject }), details });
  };
  return {
    'recognition.similar-persons': async ({ id, limit }, { caller }) => {
      const person = requireActive(vault.gallery(), id);
      const found = await similarToPerson(person.id, limit, context(caller));
      note(caller, found, person.id);
      return found;
    },
    'recognition.similar': async ({ picture, limit }, { caller }) => {
      if (!caller.scopes.has('recognition:use')) throw forbidden('recognition:use');
      vault.gallery();
      refuseIfBusy(photos);
      const photo = await photos.analyse(only(picture), { photograph: 'new' });
      if (photo.outcome === 'refused') {
        const { outcome, code, message, remedy } = photo;
        return { outcome, code, message, remedy };
      }
      const embedding = embeddingOf(photo.embeddingBase64, photo.recogniser, vault.gallery());
      const found = await similarTo([embedding], { limit }, context(caller));
      note(caller, found);
      return { outcome: 'compared', ...found };
    },
  };
}

function only(picture: readonly Buffer[]): Buffer {
  const [first] = picture;
  if (first === undefined) throw defect('picture-missing', 'a request without a picture was let through');
  return first;
}

function refuseIfBusy({ waitingCount }: Pick<PhotoProcess, 'waitingCount'>): void {
  if (waitingCount < mostWaiting) return;
  throw failure('busy:photos', { waitingCount }, { details: { retryAfterS: 5 }, retryable: true });
}

type FoundFaces = Extract<FacesOutcome, { readonly outcome: 'ok' }>;

async function facesOf(
  photos: RecognitionOptions['photos'],
  picture: readonly Buffer[],
  isEmbedded: boolean,
): Promise<FoundFaces> {
  refuseIfBusy(photos);
  const outcome = await photos.findFaces(only(picture), { isEmbedded });
  if (outcome.outcome === 'ok') return outcome;
  const { code, message, remedy, says } = outcome;
  // The code comes from the process that parsed the picture, which a picture may have taken over.
  throw badInput(refusedPictures.find((known) => known === code) ?? 'not-a-picture', message, {
    remedy,
    ...present({ says }),
  });
}

function described({ face, quality }: FoundFaces['faces'][number]): DetectedFace {
  const { score, reasons, warnings } = quality;
  return { ...face, qualityScore: score, qualityReasons: reasons, ...present({ qualityWarnings: warnings }) };
}

function embeddingOf(base64: string | undefined, recogniser: string, gallery: Gallery): Embedding {
  if (base64 !== undefined && recogniser === gallery.recogniser) return decodeEmbedding(base64);
  throw defect('recogniser-mismatch', 'vision and gallery use different recognisers');
}

/** Identifies one face by its views, as a camera does. */
async function recognise(
  views: readonly Probe[],
  policy: MatchPolicy,
  { vault }: Pick<RecognitionOptions, 'vault'>,
  caller: Caller,
): Promise<Pick<RecognisedFace, 'outcome' | 'candidates'>> {
  const gallery = vault.gallery();
  const probes: SearchedProbe[] = [];
  for (const { embedding, ...view } of views) {
    probes.push({ ...view, candidates: await gallery.nearest(embedding, { count: mostCandidates }) });
  }
  const identified = identifyTrack(withProbes(noProbes, probes), policy);
  // Each person with the best view. A camera averages; the outcome follows the camera.
  const candidates = bestOfEach(probes);
  const isNear = ({ personId: id, similarity }: Candidate): boolean =>
    similarity >= thresholdFor(policy, id) - policy.margin;
  return {
    outcome: outcomeOf(identified),
    candidates: candidates.filter(isNear).map((candidate) => named(candidate, { gallery, policy, caller })),
  };
}

function bestOfEach(probes: readonly SearchedProbe[]): readonly Candidate[] {
  const best = new Map<PersonId, Candidate>();
  for (const candidate of probes.flatMap(({ candidates }) => candidates)) {
    const before = best.get(candidate.personId);
    if (before === undefined || candidate.similarity > before.similarity)
      best.set(candidate.personId, candidate);
  }
  return [...best.values()].sort((a, b) => b.similarity - a.similarity).slice(0, mostCandidates);
}

function outcomeOf({ outcome }: Identification): RecognisedFace['outcome'] {
  return outcome === 'no match' ? 'no-match' : outcome;
}

function named(
  { personId: id, similarity }: Candidate,
  context: { readonly gallery: Gallery; readonly policy: MatchPolicy; readonly caller: Caller },
): FaceCandidate {
  const { gallery, policy, caller } = context;
  const name = caller.scopes.has('names:read')
    ? (gallery.showPerson(id)?.profile?.name ?? damagedName)
    : undefined;
  return { personId: id, ...present({ name }), similarity, threshold: thresholdFor(policy, id) };
}

/** @throws `no-such-person`, also for a removed person, who is not recognised any more */
function requireActive(gallery: Gallery, id: string): FullPersonEntry {
  const found = gallery.showPerson(personId(id));
  if (found?.state === 'active') return found;
  throw notFound('person', id, 'rollcall person list');
}

function verify(embedding: Embedding, id: PersonId, gallery: Gallery, policy: MatchPolicy): Verification {
  using references = new PersonReferences(gallery, id);
  const { embeddings } = references;
  if (embeddings.length === 0) return { outcome: 'no-template' };
  const best = similarityToPerson(embedding, embeddings);
  const threshold = thresholdFor(policy, id);
  if (best >= threshold) return { outcome: 'match', similarity: best, threshold };
  // Without the similarity: step by step, it would show the way to a picture that matches.
  return { outcome: 'no-match', threshold };
}
