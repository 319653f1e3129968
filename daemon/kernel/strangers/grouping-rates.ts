/** A track of a labelled collection, with the group that it was put into. */
export interface GroupedTrack {
  readonly person: string;
  readonly group: string;
}

/** How well groups agree with persons, 0..1. */
export interface GroupingRates {
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
export function meanRates(all: readonly GroupingRates[]): GroupingRates {
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
