import { type Interval, wilsonInterval } from '../identification/error-rates.js';
import type { LivenessReason, LivenessVerdict } from './liveness.js';

/** What an attack is made with: the species of presentation attack instruments that rates are told apart for. */
export const attackSpecies = ['print', 'screen-still', 'replay', 'mask'] as const;
export type AttackSpecies = (typeof attackSpecies)[number];

/** Nothing moves in these but the hand that holds them. */
const stillSpecies: readonly AttackSpecies[] = ['print', 'screen-still'];

/** Seconds, or the whole of a clip, played again where it was looped. */
export type PassageLength = number | 'whole';

/** What the stages made of one track of a presentation, at its end. */
export interface PresentedTrack {
  readonly track: string;
  readonly verdict: LivenessVerdict;
  readonly reason: LivenessReason;
  /** As in `LivenessEvidence`. */
  readonly observedS: number;
  /** When it was first called an attack. */
  readonly attackCall: AttackCall | undefined;
  /** Whether it was recognised: undefined without a gallery. */
  readonly identity: 'right' | 'wrong' | 'none' | undefined;
}

export interface AttackCall {
  /** Since the track was first seen, seconds. */
  readonly afterS: number;
  /** Of these, seconds in which the eyes were seen well: `LivenessEvidence.observedS`. */
  readonly observedS: number;
}

/** One person, or one thing that shows a face, in front of the camera for a time (ISO/IEC 30107-3). */
export interface Presentation extends Omit<PresentedTrack, 'track' | 'reason'> {
  readonly clip: string;
  /** Undefined: a genuine person. */
  readonly species: AttackSpecies | undefined;
  /** Whom the clip shows. */
  readonly people: readonly string[];
  readonly lengthS: PassageLength;
  readonly startS: number;
  readonly isLooped: boolean;
  readonly reason: LivenessReason | 'no-face';
}

/** A clip with its truth, and one piece of it. */
export interface PresentedPiece
  extends Pick<Presentation, 'clip' | 'species' | 'people' | 'lengthS' | 'startS' | 'isLooped'> {
  readonly tracks: readonly PresentedTrack[];
}

/**
 * The presentations in one piece of a clip: as many as it shows people. Where more tracks were seen, those that are errors count:
 * a genuine person who was called an attack in one of two tracks was called an attack, and a picture that was called live in one was
 * called live; who was taken for somebody else in one was taken for somebody else. Where fewer were seen, the others are presentations without a face.
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

/** A part of presentations. The interval is for as many trials as there are people (genuine) or clips (attacks). */
export interface Share {
  readonly count: number;
  readonly share: number;
  readonly interval: Interval;
}

/** The outcomes of presentations of one kind and length. */
export interface OutcomeRates {
  readonly presentations: number;
  /** Of these, longer than the clip that they are made from. */
  readonly looped: number;
  readonly clips: number;
  readonly people: number;
  /** Of attacks: APCER. */
  readonly live: Share;
  /** Of genuine people: BPCER. */
  readonly attack: Share;
  /** Neither: BPNRR or APNRR, the non-response rates. */
  readonly undetermined: Share;
  /** Why there was no response, the most frequent first. */
  readonly nonResponses: Readonly<Record<string, number>>;
  /** Recognised as one of the people whom the clip shows, and not called an attack; undefined without a gallery. */
  readonly recognised: Share | undefined;
  /** Recognised as somebody else; undefined without a gallery. */
  readonly misrecognised: Share | undefined;
}

/** Outcomes by length of the presentation. Undefined where there is no presentation of that kind. */
export interface LengthRates {
  readonly lengthS: PassageLength;
  readonly genuine: OutcomeRates | undefined;
  /** By species. */
  readonly attacks: Readonly<Partial<Record<AttackSpecies, OutcomeRates>>>;
}

/** The rates of every length, the whole clips last. */
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

/** When the still pictures were called attacks, each in the whole of its clip. */
export interface StillPictureCall {
  readonly clip: string;
  readonly species: AttackSpecies;
  /** Undefined where it never was. */
  readonly call: AttackCall | undefined;
  /** How long it was seen well in all, seconds. */
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
