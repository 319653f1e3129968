import { type Embedding, similarityOf } from './match.js';

/** What a recogniser made of one photograph. */
export interface Sample {
  /** Undefined where no face was found. */
  readonly embedding: Embedding | undefined;
  /** False where enrolment would refuse the photograph. A still of any quality is searched: no better one follows. */
  readonly isEnrollable: boolean;
}

/** A known person and their photographs, in a fixed order. */
export interface LabelledPerson {
  readonly name: string;
  readonly samples: readonly Sample[];
}

/** The search of one probe in the gallery. */
export interface Search {
  /** Similarity to the nearest person; -Infinity where the probe or the gallery is empty. */
  readonly best: number;
  /** How much the second nearest person stands behind. */
  readonly margin: number;
  /** The nearest person; undefined where the probe or the gallery is empty. */
  readonly nearest: string | undefined;
}

/** The search of a probe whose person is not enrolled. */
export interface StrangerSearch extends Search {
  /** Which of the strangers' photographs. */
  readonly stranger: number;
}

/** The search of a probe whose person is enrolled. */
export interface MatedSearch extends Search {
  readonly name: string;
  /** Which of the person's samples. */
  readonly sample: number;
  /** True where the nearest person is the right one. */
  readonly isRankOne: boolean;
}

/** What one way of dividing the photographs into references and probes gave. */
export interface TrialResult {
  readonly mated: readonly MatedSearch[];
  readonly nonMated: readonly StrangerSearch[];
  /** Persons none of whose references could be enrolled. */
  readonly failedToEnrol: number;
}

/** How many of `count` samples may be chosen as `references`: n over k. */
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

/** A person, some of whose photographs are enrolled, while the others are searched. */
export interface DividedPerson extends Enrolled {
  readonly probes: readonly { readonly embedding: Embedding | undefined; readonly index: number }[];
}

/** Divides everybody's photographs in the `split`-th of `splits` ways. */
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
 * One trial of open-set identification: of every person `references` photographs are enrolled and the others
 * searched; the strangers are searched too. `split` of `splits` says which photographs are enrolled; trials
 * with different splits together use every photograph in both parts. A person's score is the similarity of
 * their nearest reference.
 */
export function runTrial(
  people: readonly LabelledPerson[],
  strangers: readonly Sample[],
  options: { readonly references: number; readonly split: number; readonly splits: number },
): TrialResult {
  const parts = dividePhotographs(people, options);
  return {
    mated: parts.flatMap(({ name, probes }) =>
      probes.map(({ embedding, index }) => {
        const search = searchGallery(parts, embedding);
        return { ...search, name, sample: index, isRankOne: search.nearest === name };
      }),
    ),
    nonMated: strangers.flatMap(({ embedding }, stranger) =>
      embedding === undefined ? [] : [{ ...searchGallery(parts, embedding), stranger }],
    ),
    failedToEnrol: parts.filter(({ references }) => references.length === 0).length,
  };
}

/** A person and the references that are enrolled of them; none where enrolment would refuse all. */
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
    let similarity = Number.NEGATIVE_INFINITY;
    for (const reference of references) similarity = Math.max(similarity, similarityOf(reference, probe));
    if (similarity > best) {
      second = best;
      best = similarity;
      nearest = name;
    } else if (similarity > second) second = similarity;
  }
  return { best, margin: best - second, nearest };
}
