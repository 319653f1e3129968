import type { PersonId } from '../ids.js';
import { personId } from '../ids.js';
import { type EnrolledPerson, likenesses } from './calibration.js';
import { type Interval, wilsonInterval } from './error-rates.js';
import { policyOver } from './gallery-policy.js';
import type { PeopleGroup } from './group-rates.js';
import { dividePhotographs, type LabelledPerson, type Sample } from './identification-trial.js';
import { identifyTrack, noProbes, withProbes } from './identify-track.js';
import { lookAlikes } from './look-alikes.js';
import { type Embedding, type Identification, type MatchPolicy, similarityToPerson } from './match.js';
import type { TrialIdentity } from './trial-identity.js';

/** Error rates of one way of deciding; shares 0..1 with 95 % intervals for the number of people. */
export interface DecidedRates {
  /** Share of searches of strangers that match a person. */
  readonly fpir: number;
  readonly fpirInterval: Interval;
  /** Share of searches of enrolled people that do not match them. */
  readonly fnir: number;
  readonly fnirInterval: Interval;
  /** Share of searches of enrolled people that match another person. */
  readonly mistaken: number;
}

/** A group of people, searched in the gallery of all people. */
export interface CalibratedRates {
  readonly title: string;
  /** Known people of the group. Each also plays a stranger once, in a gallery without them. */
  readonly people: number;
  /** Photographs of other strangers of the group. */
  readonly strangers: number;
  readonly matedSearches: number;
  readonly nonMatedSearches: number;
  /** With the threshold and the margin of the operating point for all. */
  readonly fixed: DecidedRates;
  /** With a threshold for each person and the margins between look-alikes, computed from each gallery. */
  readonly calibrated: DecidedRates;
}

interface TrialOptions {
  readonly references: number;
  readonly splits: number;
  readonly policy: MatchPolicy;
  readonly targetFpir: number;
}

/** The outcome of one photograph by both ways of deciding. */
interface Decision {
  /** Name of a known person, or index of the photograph of another stranger. */
  readonly who: string | number;
  readonly isStranger: boolean;
  readonly fixed: TrialIdentity;
  readonly calibrated: TrialIdentity;
}

/** In how many galleries each known person plays a stranger: the calibration of each takes time. */
const mostLeftOutSplits = 5;

/**
 * Decides single photographs as the box decides tracks, in galleries that it calibrated. Cross-validated by person: every person is
 * also left out of the gallery, with all photographs, and searched as a stranger; neither thresholds nor margins saw them. A group
 * "look-alikes" is added: the people who look like another person of the collection, who are the hardest strangers.
 */
export function calibratedRates(
  people: readonly LabelledPerson[],
  strangers: readonly Sample[],
  groups: readonly PeopleGroup[],
  options: TrialOptions,
): readonly CalibratedRates[] {
  const decisions: Decision[] = [];
  for (let split = 0; split < options.splits; split += 1) {
    const parts = dividePhotographs(people, { ...options, split });
    const gallery = parts
      .filter(({ references }) => references.length > 0)
      .map(({ name, references }) => ({ personId: personId(name), references }));
    const decide = decider(gallery, options);
    for (const { name, references, probes } of parts) {
      if (references.length === 0) continue;
      for (const { embedding } of probes)
        decisions.push({ who: name, isStranger: false, ...decide(embedding, personId(name)) });
    }
    for (const [index, { embedding }] of strangers.entries())
      if (embedding) decisions.push({ who: index, isStranger: true, ...decide(embedding) });
    if (split % Math.ceil(options.splits / mostLeftOutSplits) !== 0) continue;
    for (const { name, samples } of people) {
      const decideWithout = decider(
        gallery.filter((person) => person.personId !== name),
        options,
      );
      for (const { embedding } of samples)
        if (embedding) decisions.push({ who: name, isStranger: true, ...decideWithout(embedding) });
    }
  }
  const all: PeopleGroup = {
    title: 'all',
    names: new Set(people.map(({ name }) => name)),
    strangers: new Set(strangers.keys()),
  };
  return [all, lookAlikeGroup(people, options.policy), ...groups].map((group) => ratesOf(group, decisions));
}

/** Decides about a photograph; `truth` is the person it shows, if enrolled. */
function decider(gallery: readonly EnrolledPerson[], { policy, targetFpir }: TrialOptions) {
  const single = { ...policy, minimumProbes: 1 };
  const calibrated = policyOver(gallery, single, targetFpir);
  return (embedding: Embedding | undefined, truth?: PersonId): Pick<Decision, 'fixed' | 'calibrated'> => {
    if (embedding === undefined) return { fixed: 'none', calibrated: 'none' };
    const candidates = gallery.map(({ personId: id, references }) => ({
      personId: id,
      similarity: similarityToPerson(embedding, references),
    }));
    const probes = withProbes(noProbes, [{ capturedAtMs: 0, quality: 1, candidates }]);
    const outcomeOf = (found: Identification): TrialIdentity => {
      if (found.outcome !== 'match') return 'none';
      return found.personId === truth ? 'right' : 'wrong';
    };
    return {
      fixed: outcomeOf(identifyTrack(probes, single)),
      calibrated: outcomeOf(identifyTrack(probes, calibrated)),
    };
  };
}

/** The people who look like another one, by all photographs that can be enrolled. */
function lookAlikeGroup(people: readonly LabelledPerson[], policy: MatchPolicy): PeopleGroup {
  const enrolled = people.map(({ name, samples }) => ({
    personId: personId(name),
    references: samples.flatMap(({ embedding, isEnrollable }) =>
      embedding && isEnrollable ? [embedding] : [],
    ),
  }));
  const pairs = [...lookAlikes(likenesses(enrolled), policy).values()];
  return {
    title: 'look-alikes',
    names: new Set<string>(pairs.flatMap(({ a, b }) => [a, b])),
    strangers: new Set(),
  };
}

function ratesOf({ title, names, strangers }: PeopleGroup, decisions: readonly Decision[]): CalibratedRates {
  const own = decisions.filter(({ who }) => (typeof who === 'string' ? names.has(who) : strangers.has(who)));
  const nonMated = own.filter(({ isStranger }) => isStranger);
  const mated = own.filter(({ isStranger }) => !isStranger);
  const peopleIn = (list: readonly Decision[]): number => new Set(list.map(({ who }) => who)).size;
  const rates = (way: 'fixed' | 'calibrated'): DecidedRates => {
    const fpir = shareOf(nonMated, (decision) => decision[way] === 'wrong');
    const fnir = shareOf(mated, (decision) => decision[way] !== 'right');
    return {
      ...{ fpir, fpirInterval: wilsonInterval(fpir, peopleIn(nonMated)) },
      ...{ fnir, fnirInterval: wilsonInterval(fnir, peopleIn(mated)) },
      mistaken: shareOf(mated, (decision) => decision[way] === 'wrong'),
    };
  };
  return {
    ...{ title, people: names.size, strangers: strangers.size },
    ...{ matedSearches: mated.length, nonMatedSearches: nonMated.length },
    ...{ fixed: rates('fixed'), calibrated: rates('calibrated') },
  };
}

function shareOf(decisions: readonly Decision[], isCounted: (decision: Decision) => boolean): number {
  return decisions.length === 0 ? 0 : decisions.filter(isCounted).length / decisions.length;
}
