import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { wilsonInterval } from '../../daemon/kernel/identification/error-rates.js';
import type { SeenStep } from '../../daemon/kernel/liveness/inner-motion.js';
import type { LivenessVerdict } from '../../daemon/kernel/liveness/liveness.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { present } from '../../daemon/kernel/present.js';
import { type ReplaySetup, ratesAt } from '../../daemon/lab/replay-setup.js';
import { CachingFaceAnalyser } from '../../daemon/vision/caching-face-analyser.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import { openClipPipeline } from '../../daemon/vision/replay-clip.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import { InputRecorder, type RecordedTrack } from './presentation-recording.js';

/** The networks that judge, by a name for the tables. */
export interface Judge {
  readonly networks: string;
  readonly setup: ReplaySetup;
  /** Whether outcomes carry what liveness was told. */
  readonly isRecording: boolean;
}

/** What was presented. */
export interface Presented {
  readonly path: string;
  readonly name: string;
  /** The species of an attack, or the group of living people. */
  readonly group: string;
  readonly isGenuine: boolean;
}

/** How one presentation was judged, by one set of networks at one rate. */
export interface Outcome extends Pick<Presented, 'name' | 'group' | 'isGenuine'> {
  readonly networks: string;
  readonly fps: number;
  readonly verdict: LivenessVerdict;
  readonly reason: string;
  /** When a face first had that verdict, seconds of the presentation; undefined for `undetermined`. */
  readonly afterS: number | undefined;
  /** Whether a camera that requires `not-attack` would take the face for a person who is there. */
  readonly isCounted: boolean;
  readonly blinks: number;
  /** What each comparison of a face with itself showed. */
  readonly steps: readonly SeenStep[];
  /** What liveness was told of each track; only where the judge records. */
  readonly tracks?: readonly RecordedTrack[];
}

/** A presentation in frames of the clip, repeated until it has lasted this long. */
export interface Passage {
  readonly lengthS: number;
  /** Longer clips are cut into as many passages as fit. */
  readonly isCut: boolean;
}

/** Judges a presentation at each rate. The networks answer nearly equal questions about one frame once. */
export async function* judged(
  presented: Presented,
  { networks, setup, isRecording }: Judge,
  rates: readonly number[],
  passage: Passage | undefined,
): AsyncGenerator<Outcome> {
  const analyser = new CachingFaceAnalyser(setup.analyser, 'near');
  for (const fps of rates) {
    const camera = { ...setup.camera, rates: ratesAt(fps, setup.camera) };
    const pieces = passagesOf(presented.path, { ...setup, camera, analyser, isRecording }, passage);
    for await (const { startS, events, steps, blinks, tracks } of pieces) {
      const name = startS === 0 ? presented.name : `${presented.name} from ${startS} s`;
      const { group, isGenuine } = presented;
      const seen = { ...outcomeOf(events, isGenuine, startS), steps, blinks, ...present({ tracks }) };
      yield { name, group, isGenuine, networks, fps, ...seen };
    }
  }
}

interface SeenPassage {
  readonly startS: number;
  readonly events: readonly StageEvent[];
  readonly steps: readonly SeenStep[];
  readonly blinks: number;
  readonly tracks: readonly RecordedTrack[] | undefined;
}

type CachingSetup = Omit<ReplaySetup, 'analyser'> &
  Pick<Judge, 'isRecording'> & { readonly analyser: CachingFaceAnalyser };

async function* passagesOf(
  path: string,
  { camera, ffmpeg, analyser, liveness, match, isRecording }: CachingSetup,
  passage: Passage | undefined,
): AsyncGenerator<SeenPassage> {
  const begin = (startS: number) => {
    const events: StageEvent[] = [];
    const steps: SeenStep[] = [];
    const recorder = isRecording ? new InputRecorder(analyser) : undefined;
    const pipeline = openClipPipeline(
      {
        ...{ camera, analyser, liveness, sameFaceThreshold: match.threshold },
        onView: (view) => {
          if (view.motion !== undefined) steps.push(view.motion);
          recorder?.see(view);
        },
      },
      (event) => {
        events.push(event);
        recorder?.hear(event);
      },
    );
    return { startS, events, steps, recorder, pipeline };
  };
  const end = ({ pipeline, recorder, ...seen }: ReturnType<typeof begin>): SeenPassage => {
    pipeline.end();
    const blinks = seen.events.filter(({ type }) => type === 'blink').length;
    return { ...seen, blinks, tracks: recorder?.tracks };
  };
  const { lengthS = Number.POSITIVE_INFINITY, isCut = false } = passage ?? {};
  let open = begin(0);
  let playedS = 0;
  do {
    await using clip = await openClip({
      ...{ path, cameraId: camera.id, ffmpeg, clock },
      maxAnalysisWidthPx: camera.maxAnalysisWidthPx,
    });
    let [lastS, frameS] = [0, 0.04];
    for await (const frame of clip) {
      try {
        const atS = frame.capturedAtMs / 1000;
        if (atS > lastS) [lastS, frameS] = [atS, atS - lastS];
        if (playedS + atS - open.startS >= lengthS - 0.001) {
          yield end(open);
          if (!isCut || playedS > 0) return;
          open = begin(playedS + atS);
        }
        analyser.show(frame.sequence);
        await open.pipeline.analyse({ ...frame, capturedAtMs: 1000 * playedS + frame.capturedAtMs });
      } finally {
        frame.release();
      }
    }
    playedS += lastS + frameS;
    // The rest of a clip that was cut is too short.
    if (open.startS > 0) return;
  } while (playedS < lengthS && lengthS !== Number.POSITIVE_INFINITY);
  yield end(open);
}

/** The worst verdict that any track had at any time: an attendance needs only one moment. */
function outcomeOf(
  events: readonly StageEvent[],
  isGenuine: boolean,
  startS: number,
): Pick<Outcome, 'verdict' | 'reason' | 'afterS' | 'isCounted'> {
  const assessed = events.flatMap((event) =>
    event.type === 'liveness'
      ? [{ atMs: event.atMs, ...event.assessment }]
      : event.type === 'sighting' && event.sighting.isEnded
        ? [{ atMs: event.atMs, ...event.sighting.liveness }]
        : [],
  );
  // As `isDueWithoutProof` of the track's decision.
  const isCounted = assessed.some(
    ({ verdict, reason, evidence }) =>
      verdict === 'live' ||
      (reason === 'observed-too-briefly' && evidence.observedS >= defaultLivenessPolicy.attackAfterS),
  );
  const order: readonly LivenessVerdict[] = isGenuine
    ? ['attack', 'live', 'undetermined']
    : ['live', 'attack', 'undetermined'];
  for (const verdict of order) {
    const found = assessed.filter((each) => each.verdict === verdict);
    const [first, last] = [found[0], found.at(-1)];
    if (first === undefined || last === undefined) continue;
    const afterS = verdict === 'undetermined' ? undefined : first.atMs / 1000 - startS;
    return { verdict, reason: last.reason, afterS, isCounted };
  }
  return { verdict: 'undetermined', reason: 'no-face', afterS: undefined, isCounted };
}

/** The step at which the comparisons came nearest to showing that the face moved in itself. */
const nearestStep = ({ steps }: Outcome): SeenStep | undefined =>
  steps.toSorted((a, b) => (b.skin?.nearness ?? 0) - (a.skin?.nearness ?? 0))[0];

export const outcomeHeading = [
  ...['networks', 'fps', 'group', 'clip', 'verdict', 'reason', 'after s', 'blinks'],
  ...['moved/still/unclear', 'skin %', 'noise %', 'agrees'],
];

/** One row for a presentation. */
export function outcomeCells(outcome: Outcome): string[] {
  const { networks, fps, group, name, verdict, reason, afterS, blinks, steps } = outcome;
  const count = (of: SeenStep['seen']): number => steps.filter(({ seen }) => seen === of).length;
  const skin = nearestStep(outcome)?.skin;
  return [
    ...[networks, String(fps), group, name, verdict, reason, afterS?.toFixed(1) ?? '', String(blinks)],
    `${count('moved')}/${count('still')}/${count('unclear')}`,
    ...(skin === undefined
      ? ['', '', '']
      : [(100 * skin.shift).toFixed(2), (100 * skin.noise).toFixed(2), skin.agreement.toFixed(2)]),
  ];
}

export const groupHeading = [
  ...['networks', 'fps', 'group', 'clips', 'live', 'undetermined', 'attack', 'not-attack'],
  ...['rate', '', '95 %', 'live after s'],
];

/** One row for each group, each set of networks, and each rate. */
export function groupRows(outcomes: readonly Outcome[]): string[][] {
  const keyOf = ({ networks, fps, group }: Outcome): string => `${networks} ${fps} ${group}`;
  const firsts = outcomes.filter(
    (each, at) => outcomes.findIndex((other) => keyOf(other) === keyOf(each)) === at,
  );
  return firsts.map((first) => {
    const { networks, fps, group, isGenuine } = first;
    const all = outcomes.filter((each) => keyOf(each) === keyOf(first));
    const count = (verdict: LivenessVerdict): number => all.filter((each) => each.verdict === verdict).length;
    const wrong = count(isGenuine ? 'attack' : 'live');
    const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
    const [low, high] = wilsonInterval(wrong / all.length, all.length);
    const waitedS = all
      .flatMap(({ verdict, afterS = 0 }) => (verdict === 'live' ? [afterS] : []))
      .sort((a, b) => a - b);
    return [
      ...[networks, String(fps), group, String(all.length)],
      ...[String(count('live')), String(count('undetermined')), String(count('attack'))],
      String(all.filter(({ isCounted }) => isCounted).length),
      ...[isGenuine ? 'BPCER' : 'APCER', percent(wrong / all.length), `${percent(low)} to ${percent(high)}`],
      waitedS[waitedS.length >> 1]?.toFixed(1) ?? '',
    ];
  });
}
