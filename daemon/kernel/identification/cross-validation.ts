import { type Interval, shareReaching, thresholdAtRate, wilsonInterval } from './error-rates.js';
import { type LabelledPerson, runTrial, type Sample, type Search } from './identification-trial.js';

/** A photograph of a stranger; all photographs of one stranger have the same name. */
interface NamedStranger extends Sample {
  readonly name: string;
}

/** One fold. Its threshold was chosen without its people and strangers. */
interface ValidatedFold {
  readonly threshold: number;
  readonly people: number;
  readonly strangers: number;
  readonly fpir: number;
  readonly fnir: number;
}

export interface CrossValidation {
  readonly folds: readonly ValidatedFold[];
  /** The target rate of all thresholds. */
  readonly targetFpir: number;
  readonly margin: number;
  readonly people: number;
  readonly strangers: number;
  /** Pooled over the searches of all folds, 0..1. */
  readonly fpir: number;
  readonly fnir: number;
  /** 95 % intervals; the number of independent trials is the number of strangers, or of people. */
  readonly fpirInterval: Interval;
  readonly fnirInterval: Interval;
}

interface ValidationOptions {
  /** At least 2, at most the number of people and the number of strangers. */
  readonly folds: number;
  readonly references: number;
  readonly splits: number;
  readonly targetFpir: number;
  readonly margin: number;
}

/**
 * Tests thresholds with people who were not used to choose them (k-fold cross-validation; M. Stone, "Cross-validatory choice and
 * assessment of statistical predictions", J. R. Stat. Soc. B 36, 1974). People and strangers are assigned to the folds in turn, with
 * all their photographs. For each fold the threshold is chosen for `targetFpir` with the others only, in a gallery of the others.
 * Then the people and strangers of the fold are searched in the gallery of all people, which has a realistic size.
 */
export function crossValidate(
  people: readonly LabelledPerson[],
  strangers: readonly NamedStranger[],
  options: ValidationOptions,
): CrossValidation {
  const { folds, targetFpir, margin } = options;
  const foldOfPerson = deal(people, folds);
  const foldOfStranger = deal(strangers, folds);
  const all = searches(people, strangers, options);
  const tested = Array.from({ length: folds }, (_, fold) => {
    const othersOf = <T extends { readonly name: string }>(items: readonly T[], dealt: Dealt): T[] =>
      items.filter(({ name }) => dealt.get(name) !== fold);
    const others = searches(othersOf(people, foldOfPerson), othersOf(strangers, foldOfStranger), options);
    const threshold = thresholdAtRate(others.nonMated.map(scoreWith(margin)), targetFpir);
    const mated = all.mated.filter(({ name }) => foldOfPerson.get(name) === fold);
    const nonMated = all.nonMated.filter(({ stranger }) => {
      return foldOfStranger.get(strangers[stranger]?.name ?? '') === fold;
    });
    const accepted = nonMated.map((search) => Number(scoreWith(margin)(search) >= threshold));
    const missed = mated.map((search) => Number(!search.isRankOne || scoreWith(margin)(search) < threshold));
    return { threshold, accepted, missed };
  });
  const count = (dealt: Dealt, fold: number): number =>
    [...dealt.values()].filter((own) => own === fold).length;
  const fpir = mean(tested.flatMap(({ accepted }) => accepted));
  const fnir = mean(tested.flatMap(({ missed }) => missed));
  return {
    folds: tested.map(({ threshold, accepted, missed }, fold) => ({
      threshold,
      people: count(foldOfPerson, fold),
      strangers: count(foldOfStranger, fold),
      fpir: mean(accepted),
      fnir: mean(missed),
    })),
    ...{ targetFpir, margin, fpir, fnir, people: people.length, strangers: foldOfStranger.size },
    fpirInterval: wilsonInterval(fpir, foldOfStranger.size),
    fnirInterval: wilsonInterval(fnir, people.length),
  };
}

type Dealt = ReadonlyMap<string, number>;

/** Assigns each name to a fold, in turn. */
function deal(items: readonly { readonly name: string }[], folds: number): Dealt {
  const names = [...new Set(items.map(({ name }) => name))];
  return new Map(names.map((name, index) => [name, index % folds]));
}

function searches(
  people: readonly LabelledPerson[],
  strangers: readonly Sample[],
  { references, splits }: ValidationOptions,
) {
  const trials = Array.from({ length: splits }, (_, split) =>
    runTrial(people, strangers, { references, splits, split }),
  );
  return {
    mated: trials.flatMap(({ mated }) => mated),
    nonMated: trials.flatMap(({ nonMated }) => nonMated),
  };
}

/** The score that is compared with a threshold; -Infinity for a search below the margin. */
const scoreWith =
  (margin: number) =>
  (search: Search): number =>
    search.margin >= margin ? search.best : Number.NEGATIVE_INFINITY;

const mean = (zerosAndOnes: readonly number[]): number => shareReaching(zerosAndOnes, 1);
