import { type Interval, shareReaching, wilsonInterval } from './error-rates.js';
import { type LabelledPerson, runTrial, type Sample } from './identification-trial.js';
import { type MatchPolicy, similarityOf } from './match.js';

/** A group of people who are compared with each other: names of known persons, and indices of photographs of strangers. */
export interface PeopleGroup {
  readonly title: string;
  readonly names: ReadonlySet<string>;
  readonly strangers: ReadonlySet<number>;
}

/** Error rates within one group at the operating point, because a rate over all people can hide the rate of a group. */
export interface GroupRates {
  readonly title: string;
  readonly people: number;
  readonly strangers: number;
  /** Number of comparisons between different people of the group, and the share that reaches the threshold. */
  readonly nonMatedComparisons: number;
  readonly fmr: number;
  /** Ratio to the FMR of all people; undefined if no pair of all people reaches the threshold. */
  readonly timesAll: number | undefined;
  /** The share of accepted searches of strangers of the group, with all known persons enrolled. */
  readonly fpir: number;
  /** 95 % interval of FPIR; the number of trials is the number of photographs of strangers. */
  readonly fpirInterval: Interval;
}

/** Measures each group separately. */
export function groupRates(
  people: readonly LabelledPerson[],
  strangers: readonly Sample[],
  groups: readonly PeopleGroup[],
  options: { readonly references: number; readonly splits: number; readonly policy: MatchPolicy },
): readonly GroupRates[] {
  const { references, splits, policy } = options;
  const searches = Array.from(
    { length: splits },
    (_, split) => runTrial(people, strangers, { references, splits, split }).nonMated,
  ).flat();
  const fmrOf = (similarities: readonly number[]): number => shareReaching(similarities, policy.threshold);
  const ofAll = groups.length === 0 ? 0 : fmrOf(differentPeople(people, strangers));
  return groups.map(({ title, names, strangers: own }) => {
    const members = people.filter(({ name }) => names.has(name));
    const outsiders = strangers.filter((_, index) => own.has(index));
    const similarities = differentPeople(members, outsiders);
    const searched = searches.filter(({ stranger }) => own.has(stranger));
    const accepted = searched.filter(
      ({ best, margin }) => best >= policy.threshold && margin >= policy.margin,
    );
    const fpir = searched.length === 0 ? 0 : accepted.length / searched.length;
    const fmr = fmrOf(similarities);
    return {
      title,
      people: members.length,
      strangers: own.size,
      nonMatedComparisons: similarities.length,
      fmr,
      timesAll: ofAll === 0 ? undefined : fmr / ofAll,
      fpir,
      fpirInterval: wilsonInterval(fpir, new Set(searched.map(({ stranger }) => stranger)).size),
    };
  });
}

/** Similarities of all pairs of photographs of different people; each photograph of a stranger counts as a separate person. */
function differentPeople(people: readonly LabelledPerson[], strangers: readonly Sample[]): readonly number[] {
  const embeddings = [...people.map(({ samples }) => samples), ...strangers.map((sample) => [sample])].map(
    (samples) => samples.flatMap(({ embedding }) => (embedding ? [embedding] : [])),
  );
  return embeddings.flatMap((own, index) =>
    embeddings
      .slice(index + 1)
      .flatMap((others) => own.flatMap((a) => others.map((b) => similarityOf(a, b)))),
  );
}
