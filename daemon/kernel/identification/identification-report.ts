import { type Interval, shareReaching, thresholdAtRate, wilsonInterval } from './error-rates.js';
import {
  chooseReferences,
  type LabelledPerson,
  type MatedSearch,
  runTrial,
  type Sample,
  type Search,
  splitCount,
} from './identification-trial.js';
import { type Embedding, type MatchPolicy, similarityOf } from './match.js';
import { findDisagreement } from './photograph-agreement.js';

/** Error rates of comparing two photographs with each other, at one threshold. */
interface ComparisonPoint {
  readonly threshold: number;
  readonly fmr: number;
  readonly fnmr: number;
}

/** Error rates of searching a gallery, at one threshold. */
interface IdentificationPoint {
  readonly threshold: number;
  readonly fpir: number;
  readonly fnir: number;
}

/** A photograph that was missed at the operating point in some of its searches. */
interface MissedPhotograph {
  readonly name: string;
  readonly sample: number;
  readonly missed: number;
  readonly searches: number;
}

/** A photograph of a stranger that was accepted as a known person at the operating point. */
interface AcceptedStranger {
  /** Index of the photograph. */
  readonly stranger: number;
  readonly takenFor: string;
  readonly accepted: number;
  readonly searches: number;
}

/** A known person's photograph that was accepted as another person at the operating point. */
interface ConfusedPhotograph {
  readonly name: string;
  readonly sample: number;
  readonly takenFor: string;
  readonly accepted: number;
  readonly searches: number;
}

/** How often `findDisagreement` rejects the photographs of an enrolment at the threshold of the policy. */
interface AgreementRates {
  /** Number of sets of photographs of one person, and the share that was wrongly refused. */
  readonly sets: number;
  readonly refused: number;
  /** Number of sets with one photograph of another person, and the share that was accepted. */
  readonly mixedSets: number;
  readonly mixedAccepted: number;
}

export interface IdentificationReport {
  readonly comparisons: {
    readonly mated: number;
    readonly nonMated: number;
    readonly points: readonly ComparisonPoint[];
  };
  readonly matedSearches: number;
  readonly nonMatedSearches: number;
  /** Share of mated searches in which the most similar person is the right one. */
  readonly rankOne: number;
  /** Share of persons without any reference that could be enrolled, over all galleries. */
  readonly failureToEnrol: number;
  readonly agreement: AgreementRates;
  /** Without a margin. 95 % intervals of FNIR; the number of trials is the number of persons. */
  readonly points: readonly (IdentificationPoint & { readonly fnirInterval: Interval })[];
  /** With the given policy, including the margin. */
  readonly operating: IdentificationPoint & {
    readonly margin: number;
    /**
     * 95 % intervals. Searches of one photograph in several galleries are not independent, so the number of trials is the number
     * of photographs of strangers (FPIR) or of persons (FNIR).
     */
    readonly fpirInterval: Interval;
    readonly fnirInterval: Interval;
  };
  readonly accepted: readonly AcceptedStranger[];
  readonly confused: readonly ConfusedPhotograph[];
  readonly missed: readonly MissedPhotograph[];
}

const FMR_TARGETS = [1e-2, 1e-3, 1e-4] as const;
const FPIR_TARGETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05] as const;

/**
 * Measures a recogniser with labelled photographs. Rates of searches are pooled over all splits. A probe without a face counts as
 * missed in FNIR and rank one, and is omitted from comparisons.
 */
export function reportIdentification(
  people: readonly LabelledPerson[],
  strangers: readonly Sample[],
  options: { readonly references: number; readonly splits: number; readonly policy: MatchPolicy },
): IdentificationReport {
  const { references, splits, policy } = options;
  const trials = Array.from({ length: splits }, (_, split) =>
    runTrial(people, strangers, { references, splits, split }),
  );
  const mated = trials.flatMap((trial) => trial.mated);
  const nonMated = trials.flatMap((trial) => trial.nonMated);
  const best = nonMated.map((search) => search.best);
  const isHit = (search: MatedSearch, threshold: number): boolean =>
    search.isRankOne && search.best >= threshold;
  const points = FPIR_TARGETS.map((target) => {
    const threshold = thresholdAtRate(best, target);
    const fnir = shareOf(mated, (search) => !isHit(search, threshold));
    const fnirInterval = wilsonInterval(fnir, people.length);
    return { threshold, fpir: shareReaching(best, threshold), fnir, fnirInterval };
  });
  const isAccepted = (search: Search): boolean =>
    search.best >= policy.threshold && search.margin >= policy.margin;
  const isRecognised = (search: MatedSearch): boolean => search.isRankOne && isAccepted(search);
  const fpir = shareOf(nonMated, isAccepted);
  const fnir = shareOf(mated, (search) => !isRecognised(search));
  return {
    comparisons: compareAll(people, strangers),
    matedSearches: mated.length,
    nonMatedSearches: nonMated.length,
    rankOne: shareOf(mated, (search) => search.isRankOne),
    failureToEnrol:
      trials.reduce((sum, trial) => sum + trial.failedToEnrol, 0) / (people.length * trials.length),
    agreement: agreementRates(people, options),
    points,
    operating: {
      threshold: policy.threshold,
      margin: policy.margin,
      fpir,
      fnir,
      fpirInterval: wilsonInterval(fpir, new Set(nonMated.map(({ stranger }) => stranger)).size),
      fnirInterval: wilsonInterval(fnir, people.length),
    },
    accepted: mistaken(nonMated, ({ stranger }) => `${stranger}`, isAccepted).map(
      ({ search: { stranger }, ...counts }) => ({ stranger, ...counts }),
    ),
    confused: mistaken(mated, photographKey, (search) => !search.isRankOne && isAccepted(search)).map(
      ({ search: { name, sample }, ...counts }) => ({ name, sample, ...counts }),
    ),
    missed: missedPhotographs(mated, isRecognised),
  };
}

function shareOf<T>(items: readonly T[], isCounted: (item: T) => boolean): number {
  return items.length === 0 ? 0 : items.filter(isCounted).length / items.length;
}

function compareAll(
  people: readonly LabelledPerson[],
  strangers: readonly Sample[],
): IdentificationReport['comparisons'] {
  const all = [
    ...people.flatMap(({ name, samples }) => samples.map(({ embedding }) => ({ name, embedding }))),
    ...strangers.map(({ embedding }) => ({ name: undefined, embedding })),
  ];
  const mated: number[] = [];
  const nonMated: number[] = [];
  for (const [index, a] of all.entries()) {
    for (const b of all.slice(index + 1)) {
      if (!a.embedding || !b.embedding) continue;
      const isSamePerson = a.name !== undefined && a.name === b.name;
      (isSamePerson ? mated : nonMated).push(similarityOf(a.embedding, b.embedding));
    }
  }
  const points = FMR_TARGETS.map((target): ComparisonPoint => {
    const threshold = thresholdAtRate(nonMated, target);
    const fnmr = 1 - shareReaching(mated, threshold);
    return { threshold, fmr: shareReaching(nonMated, threshold), fnmr };
  });
  return { mated: mated.length, nonMated: nonMated.length, points };
}

/** A set has as many photographs of one person as a trial enrols. Enrolment would accept each of them alone. */
function agreementRates(
  people: readonly LabelledPerson[],
  options: { readonly references: number; readonly splits: number; readonly policy: MatchPolicy },
): AgreementRates {
  const { references, splits, policy } = options;
  const usable = people.map(({ samples }) =>
    samples.flatMap(({ embedding, isEnrollable }) => (isEnrollable && embedding ? [embedding] : [])),
  );
  const doAgree = (set: readonly Embedding[]): boolean =>
    findDisagreement(set, policy.threshold) === undefined;
  const genuine: boolean[] = [];
  const mixed: boolean[] = [];
  for (const own of usable) {
    const strangers = usable.flatMap((theirs) => (theirs === own ? [] : theirs.slice(0, 1)));
    const ways = own.length < references ? 0 : splitCount(own.length, references);
    const tried = Math.min(ways, splits);
    for (let split = 0; split < tried; split++) {
      const chosen = new Set(chooseReferences(own.length, references, Math.floor((split * ways) / tried)));
      const set = own.filter((_, index) => chosen.has(index));
      genuine.push(doAgree(set));
      if (references > 1) mixed.push(...strangers.map((stranger) => doAgree([...set.slice(1), stranger])));
    }
  }
  return {
    sets: genuine.length,
    refused: shareOf(genuine, (isAccepted) => !isAccepted),
    mixedSets: mixed.length,
    mixedAccepted: shareOf(mixed, (isAccepted) => isAccepted),
  };
}

function photographKey({ name, sample }: MatedSearch): string {
  return `${name}/${sample}`;
}

/** Photographs that were accepted as a wrong person, for each such person, the most frequent first. */
function mistaken<S extends Search>(
  searches: readonly S[],
  keyOf: (search: S) => string,
  isMistaken: (search: S) => boolean,
) {
  const totals = new Map<string, number>();
  const counts = new Map<string, { readonly search: S; readonly takenFor: string; accepted: number }>();
  for (const search of searches) {
    const photograph = keyOf(search);
    totals.set(photograph, (totals.get(photograph) ?? 0) + 1);
    if (!isMistaken(search) || search.nearest === undefined) continue;
    const key = `${photograph} ${search.nearest}`;
    const found = counts.get(key) ?? { search, takenFor: search.nearest, accepted: 0 };
    found.accepted += 1;
    counts.set(key, found);
  }
  return [...counts.values()]
    .map((found) => ({ ...found, searches: totals.get(keyOf(found.search)) ?? 0 }))
    .sort((a, b) => b.accepted - a.accepted);
}

function missedPhotographs(
  mated: readonly MatedSearch[],
  isRecognised: (search: MatedSearch) => boolean,
): readonly MissedPhotograph[] {
  const counts = new Map<string, MissedPhotograph>();
  for (const search of mated) {
    const { name, sample } = search;
    const key = photographKey(search);
    const before = counts.get(key) ?? { name, sample, missed: 0, searches: 0 };
    const missed = before.missed + (isRecognised(search) ? 0 : 1);
    counts.set(key, { ...before, missed, searches: before.searches + 1 });
  }
  return [...counts.values()].filter(({ missed }) => missed > 0).sort((a, b) => b.missed - a.missed);
}
