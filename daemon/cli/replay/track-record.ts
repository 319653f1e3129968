import type { QualityReason } from '../../domain/faces/quality.js';
import type { EyeFault, LivenessAssessment, LivenessReason } from '../../domain/liveness/liveness.js';
import type { StageEvent, TrackedLook } from '../../vision/stage-event.js';
import type { TranscriptLine } from './replay-transcript.js';

/** One analysed frame of a track, as far as its eyes are concerned. */
export interface RecordedLook {
  /** Seconds from the first frame of the clip. */
  readonly atS: number;
  /** As in `EyeSample`. */
  readonly left: number | undefined;
  readonly right: number | undefined;
  readonly fault: EyeFault | undefined;
}

/** What the stages saw and said of one track. */
export interface TrackRecord {
  readonly track: string;
  readonly looks: readonly RecordedLook[];
  readonly blinks: readonly { readonly atS: number; readonly durationS: number }[];
  /** Changes of the verdict. */
  readonly decisions: readonly { readonly atS: number; readonly text: string }[];
  /** How many looks each fault of the view spoilt, the most frequent first. */
  readonly quality: Readonly<Partial<Record<QualityReason, number>>>;
  /** The same for looks that say nothing about the eyes. */
  readonly eyeFaults: Readonly<Partial<Record<EyeFault, number>>>;
  /** Who it was taken for at last: details of the line `identity`. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Kinds of the events that would have been told. */
  readonly events: readonly string[];
  /** Looks at lowered lids: no blink of these would have been seen. */
  readonly lidsLowered: number;
  /** At the end of the track; undefined before. */
  readonly final: LivenessAssessment | undefined;
}

interface OpenRecord {
  looks: RecordedLook[];
  blinks: { readonly atS: number; readonly durationS: number }[];
  decisions: { readonly atS: number; readonly text: string }[];
  quality: QualityReason[];
  identity: Readonly<Record<string, unknown>>;
  events: string[];
  lidsLowered: number;
  final: LivenessAssessment | undefined;
}

/** Takes down what the stages see and say of every track of a clip. */
export class TrackRecorder {
  readonly #tracks = new Map<string, OpenRecord>();

  /** To be given to the stages as `onLook`. */
  readonly onLook = ({ trackId, atMs, eyes, quality }: TrackedLook): void => {
    const record = this.#recordOf(trackId);
    const { left, right, fault } = eyes;
    record.looks.push({ atS: atMs / 1000, left, right, fault });
    record.quality.push(...quality.reasons);
    if (!eyes.areLidsRaised) record.lidsLowered += 1;
  };

  hear(event: StageEvent): void {
    if (event.type === 'blink') {
      const { atMs, durationMs } = event.blink;
      this.#recordOf(event.trackId).blinks.push({ atS: atMs / 1000, durationS: durationMs / 1000 });
    } else if (event.type === 'liveness') {
      const { verdict, reason } = event.assessment;
      const text = `${verdict} (${reason})`;
      this.#recordOf(event.trackId).decisions.push({ atS: event.atMs / 1000, text });
    } else if (event.type === 'sighting' && event.sighting.isEnded) {
      this.#recordOf(event.sighting.trackId).final = event.sighting.liveness;
    }
  }

  /** Takes a line of the transcript: who it is, and which events follow. */
  keep({ type, track, t: _, ...details }: TranscriptLine): void {
    if (type === 'identity') this.#recordOf(track).identity = details;
    else if (!isOfStages(type)) this.#recordOf(track).events.push(type);
  }

  /** What is known of a track. */
  of(track: string): TrackRecord {
    const { quality, looks, ...rest } = this.#recordOf(track);
    const faults = looks.flatMap(({ fault }) => fault ?? []);
    return { track, looks, ...rest, quality: countEach(quality), eyeFaults: countEach(faults) };
  }

  forget(track: string): void {
    this.#tracks.delete(track);
  }

  /** The tracks that came to an end, in the order in which they were first seen. Those that turned out to be no faces are not told. */
  get ended(): readonly TrackRecord[] {
    return [...this.#tracks.keys()].map((track) => this.of(track)).filter(({ final }) => final !== undefined);
  }

  #recordOf(track: string): OpenRecord {
    const known = this.#tracks.get(track);
    if (known !== undefined) return known;
    const fresh: OpenRecord = {
      looks: [],
      blinks: [],
      decisions: [],
      quality: [],
      identity: {},
      events: [],
      lidsLowered: 0,
      final: undefined,
    };
    this.#tracks.set(track, fresh);
    return fresh;
  }
}

/** Whether a line tells what the stages saw; the others tell events. */
function isOfStages(type: TranscriptLine['type']): boolean {
  return type.startsWith('track.') || type === 'blink' || type === 'gesture' || type === 'liveness';
}

/** How often each value stands there, the most frequent first. */
function countEach<T extends string>(values: readonly T[]): Readonly<Partial<Record<T, number>>> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a)) as Partial<Record<T, number>>;
}

/** `dark 12, blurred 3`. */
export function countsText(counts: Readonly<Partial<Record<string, number>>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

/**
 * The last line of a track, also of one that nothing was decided about: the verdict and what it lacked, who it was, what was seen, and
 * what spoilt it.
 */
export function summarise(record: TrackRecord, t: number): TranscriptLine {
  const { track, looks, blinks, quality, eyeFaults, lidsLowered, identity, events, final } = record;
  const { verdict = 'undetermined', reason, evidence } = final ?? {};
  const lacking = reason === undefined ? undefined : missing.get(reason);
  return {
    t,
    type: 'track.summary',
    track,
    verdict,
    ...(reason === undefined ? {} : { reason }),
    ...(lacking === undefined ? {} : { missing: lacking }),
    observedS: Math.round((evidence?.observedS ?? 0) * 1000) / 1000,
    frameCount: evidence?.frameCount ?? 0,
    blinks: blinks.length,
    identity: identity['outcome'] ?? 'inconclusive',
    ...(identity['person'] === undefined ? {} : { person: identity['person'] }),
    events,
    looks: looks.length,
    poorLooks: quality,
    eyesLeftOut: eyeFaults,
    lidsLowered,
  };
}

/** What would have led to a verdict, by the reason why there is none. */
const missing: ReadonlyMap<LivenessReason, string> = new Map([
  ['observed-too-briefly', 'a blink, or a longer look at open eyes'],
  ['eyes-not-seen-well', 'looks at open eyes: raised lids, light on the face, a head turned to the camera'],
  ['too-close', 'a step back: the face is larger than the picture'],
  ['cut-off', 'the whole face in the picture'],
] as const);
