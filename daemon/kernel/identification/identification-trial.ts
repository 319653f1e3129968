import { type Embedding, similarityToPerson } from './match.js';

/** The result of a recogniser for one photograph. */
export interface Sample {
  /** Undefined if no face was found. */
  readonly embedding: Embedding | undefined;
  /** False if enrolment would refuse the photograph. Searches use photographs of any quality. */
  readonly isEnrollable: boolean;
}

/** A known person and their photographs, in a fixed order. */
export interface LabelledPerson {
  readonly name: string;
  readonly samples: readonly Sample[];
}

/** The search of one probe in the gallery. */
export interface Search {
  /** Similarity to the most similar person; -Infinity without probe or gallery. */
  readonly best: number;
  /** Difference to the second-best person. */
  readonly margin: number;
  /** The most similar person; undefined without probe or gallery. */
  readonly nearest: string | undefined;
}

/** The search of a probe whose person is not enrolled. */
interface StrangerSearch extends Search {
  /** Index of the photograph of the stranger. */
  readonly stranger: number;
}

/** The search of a probe whose person is enrolled. */
export interface MatedSearch extends Search {
  readonly name: string;
  /** Index of the sample of the person. */
  readonly sample: number;
  /** True if the most similar person is the right one. */
  readonly isRankOne: boolean;
}

/** The result for one division of the photographs into references and probes. */
interface TrialResult {
  /** Only of people who are enrolled: a failure to enrol is no mismatch. */
  readonly mated: readonly MatedSearch[];
  readonly nonMated: readonly StrangerSearch[];
  /** Number of persons without any reference that could be enrolled. */
  readonly failedToEnrol: number;
}

/** The number of ways to choose `references` out of `count` samples: n over k. */
export function splitCount(count: number, references: number): number {
  let ways = 1;
  for (let i = 1; i <= references; i++) ways = (ways * (count - references + i)) / i;
  return Math.round(ways);
}

/** The `rank`-th choice of `references` out of `count` samples, in lexicographic order, from 0. */
export function chooseReferences(count: number, references: number, rank: number): readonly number[] {
  const chosen: number[] = [];
  let rest = rank;
  for (let sample = 0; sample < count && chosen.length < references; sample++) {
    const waysWithIt = splitCount(count - sample - 1, references - chosen.length - 1);
    if (rest < waysWithIt) chosen.push(sample);
    else rest -= waysWithIt;
  }
  return chosen;
}

/** A person with enrolled photographs (references) and searched ones (probes). */
interface DividedPerson extends Enrolled {
  readonly probes: readonly { readonly embedding: Embedding | undefined; readonly index: number }[];
}

/** Divides the photographs of all people in the `split`-th of `splits` ways. */
export function dividePhotographs(
  people: readonly LabelledPerson[],
  options: { readonly references: number; readonly split: number; readonly splits: number },
): readonly DividedPerson[] {
  return people.map(({ name, samples }) => {
    const ways = splitCount(samples.length, options.references);
    const rank = Math.floor((options.split * ways) / options.splits);
    const chosen = new Set(chooseReferences(samples.length, options.references, rank));
    return {
      name,
      references: samples.flatMap(({ embedding, isEnrollable }, index) =>
        chosen.has(index) && isEnrollable && embedding ? [embedding] : [],
      ),
      probes: samples.flatMap(({ embedding }, index) => (chosen.has(index) ? [] : [{ embedding, index }])),
    };
  });
}

/**
 * One trial of open-set identification: `references` photographs of each person are enrolled; the other photographs and those of
 * strangers are searched. `split` of `splits` selects the enrolled photographs; different splits together use each photograph both
 * ways. The score of a person is `similarityToPerson`.
 */
export function runTrial(
  people: readonly LabelledPerson[],
  strangers: readonly Sample[],
  options: { readonly references: number; readonly split: number; readonly splits: number },
): TrialResult {
  const parts = dividePhotographs(people, options);
  const enrolled = parts.filter(({ references }) => references.length > 0);
  return {
    mated: enrolled.flatMap(({ name, probes }) =>
      probes.map(({ embedding, index }) => {
        const search = searchGallery(parts, embedding);
        return { ...search, name, sample: index, isRankOne: search.nearest === name };
      }),
    ),
    nonMated: strangers.flatMap(({ embedding }, stranger) =>
      embedding === undefined ? [] : [{ ...searchGallery(parts, embedding), stranger }],
    ),
    failedToEnrol: parts.length - enrolled.length,
  };
}

/** A person with the enrolled references; none if enrolment would refuse all. */
export interface Enrolled {
  readonly name: string;
  readonly references: readonly Embedding[];
}

function searchGallery(gallery: readonly Enrolled[], probe: Embedding | undefined): Search {
  let best = Number.NEGATIVE_INFINITY;
  let second = Number.NEGATIVE_INFINITY;
  let nearest: string | undefined;
  if (probe === undefined) return { best, margin: 0, nearest };
  for (const { name, references } of gallery) {
    if (references.length === 0) continue;
    const similarity = similarityToPerson(probe, references);
    if (similarity > best) {
      second = best;
      best = similarity;
      nearest = name;
    } else if (similarity > second) second = similarity;
  }
  return { best, margin: best - second, nearest };
}
