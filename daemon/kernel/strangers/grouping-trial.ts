import { cameraId, passageId, recogniserId, strangerId } from '../ids.js';
import { OpenAppearances } from './open-appearances.js';
import type { WeighedView } from './stranger.js';
import { StrangerIndex } from './stranger-index.js';

/** A track of a labelled collection. */
export interface LabelledTrack {
  readonly person: string;
  readonly views: readonly WeighedView[];
}

/** Precision that a threshold must reach to be chosen. */
export const aimedPrecision = 0.98;

interface GroupingTrial {
  /** Random orders in which the tracks come. */
  readonly sequences: number;
  readonly thresholds: readonly number[];
  /** The same numbers for the same seed, in [0, 1). */
  readonly random: (seed: number) => { unit(): number };
}

/** The rates with one threshold. */
export interface RatesAtThreshold {
  readonly threshold: number;
  readonly rates: GroupingRates;
}

/** Groups the tracks as a box does, in the given order: incrementally, and with the same code. */
export function groupTracks(tracks: readonly LabelledTrack[], threshold: number): readonly GroupedTrack[] {
  using index = new StrangerIndex();
  const open = new OpenAppearances(index, () => strangerId(`s-${index.size + 1}`));
  return tracks.map(({ person, views }, number) => {
    const passage = passageId(`p-${number}`);
    const { stranger } = open.sighted({
      ...{ passageId: passage, cameraId: camera, recogniser, views, threshold },
      firstSeenMs: number,
      lastSeenMs: number,
    });
    index.put(stranger);
    return { person, group: stranger.id };
  });
}

const camera = cameraId('trial');
const recogniser = recogniserId('trial');

/** The rates with each threshold, averaged over random orders of the tracks. The orders are the same in each run. */
export function ratesByThreshold(
  tracks: readonly LabelledTrack[],
  { sequences, thresholds, random }: GroupingTrial,
): readonly RatesAtThreshold[] {
  const orders = Array.from({ length: sequences }, (_, index) => shuffled(tracks, random(index + 1)));
  return thresholds.map((threshold) => ({
    threshold,
    rates: meanRates(orders.map((order) => groupingRates(groupTracks(order, threshold)))),
  }));
}

/** A threshold that was chosen on one half of the people, with the rates of the other half. */
export interface ValidatedGrouping extends RatesAtThreshold {
  readonly people: number;
  readonly tracks: number;
}

/**
 * Divides the people into two halves, in several random ways. On each half it chooses the threshold with the best recall of those
 * that reach `aimedPrecision`, and judges it on the other half.
 */
export function validateGrouping(
  tracks: readonly LabelledTrack[],
  trial: GroupingTrial,
  divisions: number,
): readonly ValidatedGrouping[] {
  const people = [...new Set(tracks.map(({ person }) => person))].sort();
  const results: ValidatedGrouping[] = [];
  for (let division = 1; division <= divisions; division += 1) {
    const first = new Set(shuffled(people, trial.random(division)).slice(0, Math.ceil(people.length / 2)));
    const halves = [true, false].map((isFirst) =>
      tracks.filter(({ person }) => first.has(person) === isFirst),
    );
    for (const [chosenOn = [], judgedOn = []] of [halves, halves.toReversed()]) {
      const { threshold } = bestOf(ratesByThreshold(chosenOn, trial));
      const [judged] = ratesByThreshold(judgedOn, { ...trial, thresholds: [threshold] });
      if (judged === undefined) continue;
      const count = new Set(judgedOn.map(({ person }) => person)).size;
      results.push({ ...judged, people: count, tracks: judgedOn.length });
    }
  }
  return results;
}

/** The best recall at the aimed precision; the best precision where none reaches that. */
function bestOf(all: readonly RatesAtThreshold[]): RatesAtThreshold {
  const precise = all.filter(({ rates }) => rates.precision >= aimedPrecision);
  const [best] =
    precise.length > 0
      ? precise.toSorted((a, b) => b.rates.recall - a.rates.recall)
      : all.toSorted((a, b) => b.rates.precision - a.rates.precision);
  return best ?? { threshold: 1, rates: meanRates([]) };
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: { unit(): number }): readonly T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(Math.floor(random.unit() * left.length), 1));
  return order;
}

/** A track of a labelled collection, with the group that it was put into. */
interface GroupedTrack {
  readonly person: string;
  readonly group: string;
}

/** How well groups agree with persons, 0..1. */
interface GroupingRates {
  /** Of two tracks in one group: the share that shows one person. 1 without such a pair. */
  readonly precision: number;
  /** Of two tracks of one person: the share that is in one group. 1 without such a pair. */
  readonly recall: number;
  /** B-cubed (Bagga and Baldwin, 1998): the same, averaged over tracks, so that people with many tracks do not decide alone. */
  readonly trackPrecision: number;
  readonly trackRecall: number;
  readonly groups: number;
  /** Pairs of tracks of one person. */
  readonly matedPairs: number;
  /** Pairs of tracks of two people in one group. */
  readonly falsePairs: number;
}

export function groupingRates(tracks: readonly GroupedTrack[]): GroupingRates {
  const persons = countBy(tracks, ({ person }) => person);
  const groups = countBy(tracks, ({ group }) => group);
  const both = countBy(tracks, bothOf);
  const matedPairs = pairsIn(persons);
  const groupedPairs = pairsIn(groups);
  const truePairs = pairsIn(both);
  const mean = (ratio: (track: GroupedTrack) => number): number =>
    tracks.reduce((sum, track) => sum + ratio(track), 0) / Math.max(1, tracks.length);
  const together = (track: GroupedTrack): number => both.get(bothOf(track)) ?? 0;
  return {
    precision: groupedPairs === 0 ? 1 : truePairs / groupedPairs,
    recall: matedPairs === 0 ? 1 : truePairs / matedPairs,
    trackPrecision: mean((track) => together(track) / (groups.get(track.group) ?? 1)),
    trackRecall: mean((track) => together(track) / (persons.get(track.person) ?? 1)),
    groups: groups.size,
    matedPairs,
    falsePairs: groupedPairs - truePairs,
  };
}

/** The mean of several results; counts are means, too. */
function meanRates(all: readonly GroupingRates[]): GroupingRates {
  const mean = (key: keyof GroupingRates): number =>
    all.reduce((sum, rates) => sum + rates[key], 0) / Math.max(1, all.length);
  return {
    precision: mean('precision'),
    recall: mean('recall'),
    trackPrecision: mean('trackPrecision'),
    trackRecall: mean('trackRecall'),
    groups: mean('groups'),
    matedPairs: mean('matedPairs'),
    falsePairs: mean('falsePairs'),
  };
}

const bothOf = ({ person, group }: GroupedTrack): string => JSON.stringify([person, group]);

function countBy(tracks: readonly GroupedTrack[], keyOf: (track: GroupedTrack) => string) {
  const counts = new Map<string, number>();
  for (const track of tracks) counts.set(keyOf(track), (counts.get(keyOf(track)) ?? 0) + 1);
  return counts;
}

function pairsIn(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
}
