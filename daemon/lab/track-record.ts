import type { QualityReason } from '../kernel/faces/quality.js';
import type { EyeFault, LivenessAssessment, LivenessReason } from '../kernel/liveness/liveness.js';
import { present } from '../kernel/present.js';
import type { StageEvent, TrackedView } from '../vision/stage-event.js';
import type { TranscriptLine } from './replay-transcript.js';

/** The eyes in one analysed frame of a track. */
export interface RecordedView {
  /** Seconds from the first frame of the clip. */
  readonly atS: number;
  /** As in `EyeSample`. */
  readonly left: number | undefined;
  readonly right: number | undefined;
  readonly fault: EyeFault | undefined;
}

/** Everything that the stages found in one track. */
export interface TrackRecord {
  readonly track: string;
  /** The views of the face, one for each analysed frame; `looks` is their name in the transcript. */
  readonly looks: readonly RecordedView[];
  readonly blinks: readonly { readonly atS: number; readonly durationS: number }[];
  /** Changes of the verdict. */
  readonly decisions: readonly { readonly atS: number; readonly text: string }[];
  /** Number of views with each fault, the most frequent fault first. */
  readonly quality: Readonly<Partial<Record<QualityReason, number>>>;
  /** Number of views in which an eye was not measured, by the fault. */
  readonly eyeFaults: Readonly<Partial<Record<EyeFault, number>>>;
  /** The last identification: details of the line `identity`. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Kinds of the events that a daemon would have recorded. */
  readonly events: readonly string[];
  /** Number of views with lowered lids, which would hide a blink. */
  readonly lidsLowered: number;
  /** At the end of the track; undefined before. */
  readonly final: LivenessAssessment | undefined;
}

interface OpenRecord {
  looks: RecordedView[];
  blinks: { readonly atS: number; readonly durationS: number }[];
  decisions: { readonly atS: number; readonly text: string }[];
  quality: QualityReason[];
  identity: Readonly<Record<string, unknown>>;
  events: string[];
  lidsLowered: number;
  final: LivenessAssessment | undefined;
}

/** Records what the stages find in every track of a clip. */
export class TrackRecorder {
  readonly #tracks = new Map<string, OpenRecord>();

  /** For the stages, as `onView`. */
  readonly onView = ({ trackId, atMs, eyes, quality }: TrackedView): void => {
    const record = this.#recordOf(trackId);
    const { left, right, fault } = eyes;
    record.looks.push({ atS: atMs / 1000, left, right, fault });
    record.quality.push(...quality.reasons);
    if (!eyes.areLidsRaised) record.lidsLowered += 1;
  };

  addEvent(event: StageEvent): void {
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

  /** Adds the identity and the events of a transcript line. */
  addLine({ type, track, t: _, ...details }: TranscriptLine): void {
    if (type === 'identity') this.#recordOf(track).identity = details;
    else if (!isOfStages(type) && type !== 'passage') this.#recordOf(track).events.push(type);
  }

  /** The record of a track. */
  of(track: string): TrackRecord {
    const { quality, looks, ...rest } = this.#recordOf(track);
    const faults = looks.flatMap(({ fault }) => fault ?? []);
    return { track, looks, ...rest, quality: countEach(quality), eyeFaults: countEach(faults) };
  }

  forget(track: string): void {
    this.#tracks.delete(track);
  }

  /** Tracks that have ended, in order of first view. Tracks that turned out not to be faces are left out. */
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

/** Whether a line comes from the stages; other lines are events. */
function isOfStages(type: TranscriptLine['type']): boolean {
  return type.startsWith('track.') || type === 'blink' || type === 'gesture' || type === 'liveness';
}

/** Counts each value, the most frequent first. */
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

/** The last line of every track: verdict, what was missing for a verdict, identity, and the counts of usable and unusable views. */
export function summarise(record: TrackRecord, t: number): TranscriptLine {
  const { track, looks, blinks, quality, eyeFaults, lidsLowered, identity, events, final } = record;
  const { verdict = 'undetermined', reason, evidence } = final ?? {};
  const lacking = reason === undefined ? undefined : missing.get(reason);
  return {
    t,
    type: 'track.summary',
    track,
    verdict,
    ...present({ reason, missing: lacking }),
    observedS: Math.round((evidence?.observedS ?? 0) * 1000) / 1000,
    frameCount: evidence?.frameCount ?? 0,
    blinks: blinks.length,
    identity: identity['outcome'] ?? 'inconclusive',
    ...present({ person: identity['person'] }),
    events,
    looks: looks.length,
    poorLooks: quality,
    eyesLeftOut: eyeFaults,
    lidsLowered,
  };
}

/** What a verdict would have needed, by the reason why there is none. */
const missing: ReadonlyMap<LivenessReason, string> = new Map([
  ['observed-too-briefly', 'a blink, or a longer view of open eyes'],
  ['only-lids-moved', 'a movement in the face near the blink'],
  [
    'movement-unclear',
    'a clearer view of the face: closer, more light, in focus, turned to the camera, not in quick motion',
  ],
  ['still-face', 'a blink, and a movement in the face'],
  [
    'eyes-not-seen-well',
    'a clear view of open eyes: raised lids, light on the face, head turned to the camera',
  ],
  ['too-close', 'a step back: the face is larger than the picture'],
  ['cut-off', 'the whole face in the picture'],
] as const);
