import { type Interval, wilsonInterval } from '../identification/error-rates.js';
import type { TrialIdentity } from '../identification/trial-identity.js';
import type { LivenessReason, LivenessVerdict } from './liveness.js';

/** The species of presentation attack instruments with separate rates. */
export const attackSpecies = ['print', 'screen-still', 'replay', 'mask'] as const;
export type AttackSpecies = (typeof attackSpecies)[number];

/** Species that show a still picture: only the hand that holds them moves. */
const stillSpecies: readonly AttackSpecies[] = ['print', 'screen-still'];

/** Seconds (a clip may be looped), or the whole clip. */
export type PassageLength = number | 'whole';

/** The result of one track of a presentation, at its end. */
export interface PresentedTrack {
  readonly track: string;
  readonly verdict: LivenessVerdict;
  readonly reason: LivenessReason;
  /** As in `LivenessEvidence`. */
  readonly observedS: number;
  /** The first verdict `attack`. */
  readonly attackCall: AttackCall | undefined;
  /** Result of the recognition: undefined without a gallery. */
  readonly identity: TrialIdentity | undefined;
}

export interface AttackCall {
  /** Seconds since the track was first seen. */
  readonly afterS: number;
  /** Seconds of these in which the eyes were well visible: `LivenessEvidence.observedS`. */
  readonly observedS: number;
}

/** A presentation of a person or of an attack instrument to the camera (ISO/IEC 30107-3). */
export interface Presentation extends Omit<PresentedTrack, 'track' | 'reason'> {
  readonly clip: string;
  /** Undefined: a genuine person. */
  readonly species: AttackSpecies | undefined;
  /** The people in the clip. */
  readonly people: readonly string[];
  readonly lengthS: PassageLength;
  readonly startS: number;
  readonly isLooped: boolean;
  readonly reason: LivenessReason | 'no-face';
}

/** One piece of a clip, with its truth. */
interface PresentedPiece
  extends Pick<Presentation, 'clip' | 'species' | 'people' | 'lengthS' | 'startS' | 'isLooped'> {
  readonly tracks: readonly PresentedTrack[];
}

/**
 * The presentations in one piece of a clip, one for each person in it. With more tracks than people, errors count first: a genuine
 * person with the verdict `attack` in one track, a picture with the verdict `live` in one track, a wrong recognition in one track.
 * With fewer tracks, the remaining presentations have no face.
 */
export function presentationsOf({ tracks, ...piece }: PresentedPiece): readonly Presentation[] {
  const worst: LivenessVerdict = piece.species === undefined ? 'attack' : 'live';
  const rank = ({ verdict }: PresentedTrack): number =>
    verdict === worst ? 0 : verdict === 'undetermined' ? 2 : 1;
  const sorted = [...tracks].sort((a, b) => rank(a) - rank(b) || b.observedS - a.observedS);
  const isOtherTaken = sorted.slice(piece.people.length).some(({ identity }) => identity === 'wrong');
  return piece.people.map((_, index): Presentation => {
    const seen = sorted[index];
    if (seen !== undefined) {
      const { track, ...rest } = seen;
      const identity = index === 0 && isOtherTaken ? 'wrong' : rest.identity;
      return { ...piece, ...rest, identity };
    }
    const nothing = { verdict: 'undetermined', reason: 'no-face', observedS: 0 } as const;
    return { ...piece, ...nothing, attackCall: undefined, identity: undefined };
  });
}

/** A share of presentations. The number of trials for the interval is the number of people (genuine) or clips (attacks). */
export interface Share {
  readonly count: number;
  readonly share: number;
  readonly interval: Interval;
}

/** The outcomes of presentations of one kind and length. */
export interface OutcomeRates {
  readonly presentations: number;
  /** Number of presentations that are longer than their clip. */
  readonly looped: number;
  readonly clips: number;
  readonly people: number;
  /** For attacks: APCER. */
  readonly live: Share;
  /** For genuine people: BPCER. */
  readonly attack: Share;
  /** BPNRR or APNRR, the non-response rates. */
  readonly undetermined: Share;
  /** Reasons of non-responses, the most frequent first. */
  readonly nonResponses: Readonly<Record<string, number>>;
  /** Recognised as one of the people in the clip, without the verdict `attack`; undefined without a gallery. */
  readonly recognised: Share | undefined;
  /** Recognised as another person; undefined without a gallery. */
  readonly misrecognised: Share | undefined;
}

/** Outcomes for one length of presentations. Undefined without presentations of that kind. */
export interface LengthRates {
  readonly lengthS: PassageLength;
  readonly genuine: OutcomeRates | undefined;
  /** By species. */
  readonly attacks: Readonly<Partial<Record<AttackSpecies, OutcomeRates>>>;
}

/** The rates for each length; whole clips come last. */
export function ratesByLength(presentations: readonly Presentation[]): readonly LengthRates[] {
  const lengths = [...new Set(presentations.map(({ lengthS }) => lengthS))];
  return lengths
    .sort((a, b) => (a === 'whole' ? 1 : b === 'whole' ? -1 : a - b))
    .map((lengthS) => {
      const ofLength = presentations.filter((each) => each.lengthS === lengthS);
      const attacks: Partial<Record<AttackSpecies, OutcomeRates>> = {};
      for (const species of attackSpecies) {
        const rates = outcomeRates(ofLength.filter((each) => each.species === species));
        if (rates !== undefined) attacks[species] = rates;
      }
      return { lengthS, genuine: outcomeRates(ofLength.filter(isGenuine)), attacks };
    });
}

/** When a still picture got the verdict `attack` in its whole clip. */
export interface StillPictureCall {
  readonly clip: string;
  readonly species: AttackSpecies;
  /** Undefined: never. */
  readonly call: AttackCall | undefined;
  /** Total time in which the eyes were well visible, seconds. */
  readonly observedS: number;
}

export function stillPictureCalls(presentations: readonly Presentation[]): readonly StillPictureCall[] {
  return presentations.flatMap(({ clip, species, lengthS, attackCall: call, observedS }) =>
    species !== undefined && stillSpecies.includes(species) && lengthS === 'whole'
      ? [{ clip, species, call, observedS }]
      : [],
  );
}

function isGenuine({ species }: Presentation): boolean {
  return species === undefined;
}

function outcomeRates(presentations: readonly Presentation[]): OutcomeRates | undefined {
  if (presentations.length === 0) return undefined;
  const clips = new Set(presentations.map(({ clip }) => clip)).size;
  const people = new Set(presentations.flatMap((each) => each.people)).size;
  const trials = presentations.every(isGenuine) ? people : clips;
  const shareOf = (isCounted: (each: Presentation) => boolean): Share => {
    const count = presentations.filter(isCounted).length;
    const share = count / presentations.length;
    return { count, share, interval: wilsonInterval(share, trials) };
  };
  const hasGallery = presentations.some(({ identity }) => identity !== undefined);
  return {
    presentations: presentations.length,
    looped: presentations.filter(({ isLooped }) => isLooped).length,
    clips,
    people,
    live: shareOf(({ verdict }) => verdict === 'live'),
    attack: shareOf(({ verdict }) => verdict === 'attack'),
    undetermined: shareOf(({ verdict }) => verdict === 'undetermined'),
    nonResponses: countReasons(presentations),
    recognised: hasGallery
      ? shareOf(({ identity, verdict }) => identity === 'right' && verdict !== 'attack')
      : undefined,
    misrecognised: hasGallery ? shareOf(({ identity }) => identity === 'wrong') : undefined,
  };
}

function countReasons(presentations: readonly Presentation[]): Readonly<Record<string, number>> {
  const reasons = presentations.flatMap(({ verdict, reason }) =>
    verdict === 'undetermined' ? [reason] : [],
  );
  const counts = [...new Set(reasons)].map(
    (reason) => [reason, reasons.filter((each) => each === reason).length] as const,
  );
  return Object.fromEntries(counts.sort(([, a], [, b]) => b - a));
}
