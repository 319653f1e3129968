import { type Interval, shareReaching, wilsonInterval } from './error-rates.js';
import { type LabelledPerson, runTrial, type Sample } from './identification-trial.js';
import { type MatchPolicy, similarityOf } from './match.js';

/** People who are compared with each other: names of known persons, and which of the strangers' photographs. */
export interface PeopleGroup {
  readonly title: string;
  readonly names: ReadonlySet<string>;
  readonly strangers: ReadonlySet<number>;
}

/** Error rates inside one group, at the operating point. A rate over all people hides that of a group. */
export interface GroupRates {
  readonly title: string;
  readonly people: number;
  readonly strangers: number;
  /** Comparisons of two photographs of different people of the group, and the share that reaches the threshold. */
  readonly nonMatedComparisons: number;
  readonly fmr: number;
  /** How many times the FMR of all people that is; undefined where no pair of all people reaches the threshold. */
  readonly timesAll: number | undefined;
  /** The share of searches of the group's strangers that is accepted; all known persons are enrolled. */
  readonly fpir: number;
  /** 95 % interval of FPIR for as many photographs of strangers. */
  readonly fpirInterval: Interval;
}

/** Measures each group on its own. */
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

/** Similarities of all pairs of photographs of different people; each stranger's photograph is a person of its own. */
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
