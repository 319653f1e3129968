import {
  calibrate,
  type EnrolledPerson,
  likenesses,
} from '../../daemon/domain/identification/calibration.js';
import {
  dividePhotographs,
  type LabelledPerson,
  type Sample,
} from '../../daemon/domain/identification/identification-trial.js';
import {
  identifyTrack,
  type SearchedProbe,
  type TrackProbes,
} from '../../daemon/domain/identification/identify-track.js';
import { type Embedding, type MatchPolicy, similarityOf } from '../../daemon/domain/identification/match.js';
import { personId } from '../../daemon/domain/ids.js';

/** A photograph of a stranger, and whom it shows. */
export interface NamedSample extends Sample {
  readonly name: string;
}

/** The people who are enrolled in one way of dividing the photographs. */
export interface TrialGallery {
  readonly enrolled: readonly EnrolledPerson[];
  /** Of the stand-ins, how near four others come to four fifths of them at most: what is usual in this gallery. */
  readonly usualCrowd: number;
}

/** A track that was searched. */
export interface SearchedTrack {
  readonly name: string;
  /** False where this person is not in the gallery that was searched. */
  readonly isEnrolled: boolean;
  readonly gallery: TrialGallery;
  readonly probes: TrackProbes;
}

/** Candidates of a probe: as many as the daemon asks for. */
const nearestPersons = 5;

interface Options {
  readonly references: number;
  readonly splits: number;
  /** Photographs of one person that stand for the views of one track. */
  readonly views: number;
}

/**
 * Tracks of everybody. The photographs of a known person that are not enrolled are searched twice: in the gallery of all, and in
 * the same without this person, who stands in for a stranger there. So there are as many strangers more as people are known.
 */
export function standInTracks(
  people: readonly LabelledPerson[],
  strangers: readonly NamedSample[],
  { references, splits, views }: Options,
): readonly SearchedTrack[] {
  const outside = new Map<string, NamedSample[]>();
  for (const sample of strangers) outside.set(sample.name, [...(outside.get(sample.name) ?? []), sample]);
  return Array.from({ length: splits }, (_, split) => {
    const parts = dividePhotographs(people, { references, splits, split });
    const enrolled = parts
      .filter((part) => part.references.length > 0)
      .map((part) => ({ personId: personId(part.name), references: part.references }));
    const without = (name: string) => enrolled.filter((one) => one.personId !== name);
    const mated = parts.flatMap(({ name, probes }) =>
      tracksOf(probes, views).map((track) => ({ name, isEnrolled: true, probes: search(track, enrolled) })),
    );
    const standIns = parts.flatMap(({ name, probes }) =>
      tracksOf(probes, views).map((track) => {
        return { name, isEnrolled: false, probes: search(track, without(name)) };
      }),
    );
    const others = [...outside].flatMap(([name, samples]) =>
      tracksOf(samples, views).map((track) => ({ name, isEnrolled: false, probes: search(track, enrolled) })),
    );
    const crowds = standIns.map(({ probes }) => crowdOf(probes)).sort((a, b) => a - b);
    const usualCrowd = crowds[Math.floor(0.8 * (crowds.length - 1))] ?? 1;
    const gallery = { enrolled, usualCrowd };
    return [...mated, ...standIns, ...others].map((track) => ({ ...track, gallery }));
  }).flat();
}

/** `views` photographs at a time; a photograph without a face is no view, and what is left over makes no track. */
function tracksOf(
  samples: readonly { readonly embedding: Embedding | undefined }[],
  views: number,
): readonly (readonly Embedding[])[] {
  const seen = samples.flatMap(({ embedding }) => (embedding === undefined ? [] : [embedding]));
  return Array.from({ length: Math.floor(seen.length / views) }, (_, track) =>
    seen.slice(track * views, (track + 1) * views),
  );
}

function search(track: readonly Embedding[], gallery: readonly EnrolledPerson[]): TrackProbes {
  return track.map((view, index): SearchedProbe => {
    const candidates = gallery.map(({ personId: id, references }) => ({
      personId: id,
      similarity: Math.max(...references.map((reference) => similarityOf(reference, view))),
    }));
    candidates.sort((a, b) => b.similarity - a.similarity);
    return { capturedAtMs: index, quality: 1, candidates: candidates.slice(0, nearestPersons) };
  });
}

/** How near the persons behind the nearest one come to a track, on average; a person who does not exist counts as 0. */
export function crowdOf(probes: TrackProbes): number {
  const behind = probes.map(({ candidates }) =>
    candidates.slice(1).reduce((sum, { similarity }) => sum + Math.max(0, similarity), 0),
  );
  return behind.reduce((sum, each) => sum + each, 0) / (probes.length * (nearestPersons - 1));
}

/** What decides a track. */
export type Rule = (track: SearchedTrack) => MatchPolicy;

/** One threshold for everybody. */
export const oneThreshold =
  (policy: MatchPolicy): Rule =>
  () =>
    policy;

/** A threshold that is higher for a track to whom others, too, come nearer than is usual in the gallery. */
export const crowdThreshold =
  (policy: MatchPolicy, weight: number): Rule =>
  ({ probes, gallery }) => ({
    ...policy,
    threshold: policy.threshold + weight * Math.max(0, crowdOf(probes) - gallery.usualCrowd),
  });

/** A threshold for each person from the persons who are enrolled in the gallery that is searched. */
export function calibratedThresholds(policy: MatchPolicy, targetFpir: number): Rule {
  const found = new WeakMap<TrialGallery, Map<string, ReadonlyMap<string, number>>>();
  return ({ name, isEnrolled, gallery }) => {
    const enrolled = gallery.enrolled.filter((one) => isEnrolled || one.personId !== name);
    const known = found.get(gallery) ?? new Map<string, ReadonlyMap<string, number>>();
    found.set(gallery, known);
    const key = enrolled.length === gallery.enrolled.length ? '' : name;
    let thresholds = known.get(key);
    if (thresholds === undefined) {
      const calibrated = calibrate(likenesses(enrolled), { floor: policy.threshold, targetFpir });
      thresholds = new Map(calibrated.map((one) => [one.personId, one.threshold]));
      known.set(key, thresholds);
    }
    return { ...policy, thresholdOf: (id) => thresholds.get(id) };
  };
}

/** What a rule makes of the tracks; shares 0..1, in which every person counts once. */
export interface RuleCounts {
  /** Of each person who is a stranger to the gallery, the share of tracks that is taken for somebody. */
  readonly acceptedOf: ReadonlyMap<string, number>;
  /** Of each enrolled person, the share of tracks in which they are not recognised. */
  readonly missedOf: ReadonlyMap<string, number>;
  /** Who is taken for whom, and in which share of that stranger's tracks. */
  readonly takenFor: ReadonlyMap<string, number>;
}

export function countRule(tracks: readonly SearchedTrack[], rule: Rule): RuleCounts {
  const strangers = new Map<string, number[]>();
  const known = new Map<string, number[]>();
  const taken = new Map<string, number>();
  for (const track of tracks) {
    const { name, isEnrolled, probes } = track;
    const found = identifyTrack(probes, { ...rule(track), minimumProbes: 1 });
    const matched = found.outcome === 'match' ? found.personId : undefined;
    const counts = isEnrolled ? known : strangers;
    const isCounted = isEnrolled ? matched !== name : matched !== undefined;
    counts.set(name, [...(counts.get(name) ?? []), isCounted ? 1 : 0]);
    if (isEnrolled || matched === undefined) continue;
    const pair = `${name} for ${matched}`;
    taken.set(pair, (taken.get(pair) ?? 0) + 1);
  }
  const shares = (counts: ReadonlyMap<string, readonly number[]>) =>
    new Map([...counts].map(([name, each]) => [name, meanOf(each)]));
  const takenFor = [...taken].map(([pair, count]) => {
    const searches = strangers.get(pair.split(' for ')[0] ?? '')?.length ?? 1;
    return [pair, count / searches] as const;
  });
  return { acceptedOf: shares(strangers), missedOf: shares(known), takenFor: new Map(takenFor) };
}

/** The mean over the people, or over those of one group; undefined where there are none. */
export function meanOver(
  shares: ReadonlyMap<string, number>,
  group?: ReadonlySet<string>,
): { readonly share: number; readonly people: number } | undefined {
  const chosen = [...shares].filter(([name]) => group?.has(name) ?? true).map(([, share]) => share);
  return chosen.length === 0 ? undefined : { share: meanOf(chosen), people: chosen.length };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
