import type { SimilarFaces } from '../../contract/recognition.js';
import {
  type Candidate,
  type Embedding,
  type MatchPolicy,
  thresholdFor,
} from '../../kernel/identification/match.js';
import type { PersonId, StrangerId } from '../../kernel/ids.js';
import { damagedName } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import type { Gallery } from '../gallery/gallery.js';
import { PersonReferences } from '../gallery/search/person-references.js';

export interface SimilarityContext {
  readonly gallery: Pick<Gallery, 'nearest' | 'readTemplates' | 'showPerson' | 'recogniser' | 'strangers'>;
  readonly policy: MatchPolicy;
  /** Whether the answer may have names. */
  readonly isNamed: boolean;
  /** Whether the answer may have this stranger. */
  readonly isShown: (id: StrangerId) => boolean;
}

/** Who resembles an enrolled person, by all templates of the person. */
export async function similarToPerson(
  id: PersonId,
  limit: number,
  context: SimilarityContext,
): Promise<SimilarFaces> {
  const { gallery } = context;
  using references = new PersonReferences(gallery, id);
  return await similarTo(references.embeddings, { limit, self: id }, context);
}

/** Who resembles these views of one face. `self`: the enrolled person whose face it is. */
export async function similarTo(
  embeddings: readonly Embedding[],
  { limit, self }: { readonly limit: number; readonly self?: PersonId },
  context: SimilarityContext,
): Promise<SimilarFaces> {
  const { gallery, policy, isNamed, isShown } = context;
  const best = new Map<PersonId, number>();
  for (const embedding of embeddings) {
    for (const { personId, similarity } of await gallery.nearest(embedding, { count: limit + 1 })) {
      if (personId !== self) best.set(personId, Math.max(best.get(personId) ?? -1, similarity));
    }
  }
  const near = [...best].map(([personId, similarity]) => ({ personId, similarity })).sort(bySimilarity);
  const { recogniser } = gallery;
  const found = gallery.strangers
    .nearest(embeddings, { count: gallery.strangers.count, recogniser })
    .filter(({ strangerId }) => isShown(strangerId))
    .slice(0, limit);
  return {
    persons: near.slice(0, limit).map(({ personId, similarity }) => {
      const name = isNamed ? (gallery.showPerson(personId)?.profile?.name ?? damagedName) : undefined;
      const threshold = sharedThreshold(policy, personId, self);
      const isInseparable = self !== undefined && policy.isInseparable?.(self, personId) === true;
      const isToldApart = similarity < threshold && !isInseparable;
      return { personId, ...present({ name }), similarity, threshold, isToldApart };
    }),
    strangers: found.map(({ strangerId, similarity }) => {
      const threshold = self === undefined ? policy.threshold : thresholdFor(policy, self);
      return { strangerId, similarity, threshold, isToldApart: similarity < threshold };
    }),
  };
}

/** The lower threshold of two persons: from there, the box takes one of them for the other. */
function sharedThreshold(policy: MatchPolicy, id: PersonId, self: PersonId | undefined): number {
  const own = thresholdFor(policy, id);
  return self === undefined ? own : Math.min(own, thresholdFor(policy, self));
}

const bySimilarity = (a: Candidate, b: Candidate): number => b.similarity - a.similarity;
