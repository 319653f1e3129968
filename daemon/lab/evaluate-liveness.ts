import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { wantedFpir } from '../contract/settings/core-schema.js';
import type { Decider } from '../core/sightings/decider.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { systemClock as clock } from '../host/system-clock.js';
import { badInput } from '../kernel/errors.js';
import type { EnrolledPerson } from '../kernel/identification/calibration.js';
import { policyOver } from '../kernel/identification/gallery-policy.js';
import type { Identification } from '../kernel/identification/match.js';
import { Lifetime } from '../kernel/lifetime.js';
import {
  type AttackCall,
  attackSpecies,
  type Presentation,
  type PresentedTrack,
  presentationsOf,
  ratesByLength,
  stillPictureCalls,
} from '../kernel/liveness/presentation-rates.js';
import { present } from '../kernel/present.js';
import type { Sighting } from '../kernel/tracks/sighting.js';
import { VirtualClock } from '../kernel/virtual-clock.js';
import { type ClipPiece, cutClip } from '../vision/cut-clip.js';
import type { StageEvent } from '../vision/stage-event.js';
import { describeLiveness, type LivenessEvaluation } from './describe-liveness.js';
import { evaluationNotes } from './evaluation-notes.js';
import { enrolAll, readClips, searchIn } from './labelled-collection.js';
import { parseFps } from './replay.js';
import { memoryDecider, type OpenEngines, openReplaySetup, type ReplaySetup } from './replay-setup.js';
import {
  fileExists,
  type PresentationTruth,
  presentationByFolder,
  readPresentationTruth,
  type SkippedClip,
} from './truth-files.js';

/** Typical times in sight at a door, a turnstile or a terminal, seconds. */
const PASSAGE_LENGTHS_S = [1, 2, 3, 5, 8, 10, 15] as const;

interface EvaluateOptions {
  readonly clips: string;
  readonly truth?: string;
  readonly known?: string;
  readonly loop?: number;
  readonly anew?: boolean;
  readonly fps?: number;
  readonly config?: string;
  readonly json?: boolean;
}

export function registerEvaluateLiveness(evaluate: Command, open: OpenEngines): void {
  evaluate
    .command('liveness')
    .description('measure the liveness verdicts on passages of different lengths')
    .requiredOption('--clips <dir>', 'folder of the clips')
    .option(
      '--truth <file>',
      'JSON: what each clip shows, by path of the clip in that folder; default: the name of its first folder, genuine or a kind of attack',
    )
    .option('--known <dir>', 'folder with one folder of photos per person: also measure recognition')
    .option('--loop <seconds>', 'repeat shorter clips up to this length', parseSeconds)
    .option('--anew', 'run the networks for every view of every passage; slow')
    .option('--fps <rate>', 'frames to analyse per second; default: the rates of the camera', parseFps)
    .option('-c, --config <file>', 'use the settings of this configuration; default: default settings')
    .option('--json', 'print JSON instead of tables')
    .action((options: EvaluateOptions) =>
      runAction(options.json === true, async () => {
        const evaluation = await evaluateLiveness(options, open);
        print(options.json === true, evaluation, () => describeLiveness(evaluation));
        return exitCodes.done;
      }),
    );
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= 600) return seconds;
  throw new InvalidArgumentError('must be a whole number of seconds from 1 to 600');
}

async function evaluateLiveness(options: EvaluateOptions, open: OpenEngines): Promise<LivenessEvaluation> {
  const truths = await truthsOf(options);
  await using lifetime = new Lifetime(clock);
  const { config: configPath, fps, known } = options;
  const setup = await openReplaySetup({ configPath, cameraId: undefined, fps }, lifetime, open);
  const note = evaluationNotes(options);
  const gallery = known === undefined ? undefined : await enrolAll(known, setup, note);
  const presentations: Presentation[] = [];
  const skipped: SkippedClip[] = [];
  for (const [clip, truth] of truths) {
    const path = join(options.clips, clip);
    const reason = truth === undefined ? 'no-truth' : (await fileExists(path)) ? undefined : 'not-found';
    if (truth === undefined || reason !== undefined) {
      skipped.push({ clip, reason: reason ?? 'no-truth' });
      continue;
    }
    note(clip);
    presentations.push(...(await presentClip({ clip, path, truth }, { setup, gallery, options })));
  }
  if (presentations.length === 0) {
    throw badInput('clip-not-found', `${options.clips} contains no clip with a known truth`, {
      remedy: `Describe the clips in the truth file, or put them into folders named genuine, ${attackSpecies.join(', ')}.`,
    });
  }
  return {
    fps: setup.camera.rates.trackingFps,
    provingFps: setup.camera.rates.provingFps,
    loopS: options.loop ?? null,
    memory: options.anew === true ? 'none' : 'near',
    enrolled: gallery?.length ?? null,
    rates: ratesByLength(presentations),
    stillPictures: stillPictureCalls(presentations),
    skipped,
    presentations,
  };
}

async function truthsOf({
  clips,
  truth,
}: EvaluateOptions): Promise<ReadonlyMap<string, PresentationTruth | undefined>> {
  if (truth !== undefined) return readPresentationTruth(truth);
  const found = await readClips(clips);
  return new Map(found.map(({ name }) => [name, presentationByFolder(name)]));
}

interface Material {
  readonly setup: ReplaySetup;
  readonly gallery: readonly EnrolledPerson[] | undefined;
  readonly options: EvaluateOptions;
}

async function presentClip(
  { clip, path, truth }: { readonly clip: string; readonly path: string; readonly truth: PresentationTruth },
  material: Material,
): Promise<readonly Presentation[]> {
  const { camera, analyser, ffmpeg, liveness, match } = material.setup;
  const { species, people, fromS, untilS } = truth;
  const { loop, anew } = material.options;
  const pieces = cutClip(
    { path, camera, analyser, ffmpeg, liveness, sameFaceThreshold: match.threshold, clock },
    {
      lengthsMs: PASSAGE_LENGTHS_S.map((lengthS) => lengthS * 1000),
      memory: anew === true ? 'none' : 'near',
      ...present({ fromMs: inMs(fromS), untilMs: inMs(untilS), loopMs: inMs(loop) }),
    },
  );
  const presentations: Presentation[] = [];
  for await (const piece of pieces) {
    const { lengthMs, startMs, isLooped } = piece;
    const lengthS = lengthMs === undefined ? 'whole' : lengthMs / 1000;
    const tracks = await tracksOf(piece, truth, material);
    const startS = Math.round(startMs) / 1000;
    presentations.push(...presentationsOf({ clip, species, people, lengthS, startS, isLooped, tracks }));
  }
  return presentations;
}

const inMs = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1000;

/** The result for every track of a piece. */
async function tracksOf(
  { events }: ClipPiece,
  { people }: PresentationTruth,
  { setup, gallery }: Material,
): Promise<readonly PresentedTrack[]> {
  using decider =
    gallery === undefined
      ? undefined
      : memoryDecider(setup, {
          search: searchIn(gallery),
          policy: policyOver(gallery, setup.match, wantedFpir(setup.config.identification)),
          // No time passes: only the end of a cooldown would need it, and cooldowns do not change who is recognised.
          clock: new VirtualClock(),
        });
  const identified = new Map<string, Identification>();
  for (const event of events) {
    if (event.type !== 'sighting' || decider === undefined) continue;
    const answer = await identify(event.sighting, decider);
    if (answer !== undefined) identified.set(event.sighting.trackId, answer);
  }
  const identityOf = (track: string): PresentedTrack['identity'] => {
    if (gallery === undefined) return undefined;
    const answer = identified.get(track);
    if (answer?.outcome !== 'match') return 'none';
    return people.includes(answer.personId) ? 'right' : 'wrong';
  };
  return events.flatMap((event): PresentedTrack[] => {
    if (event.type !== 'sighting' || !event.sighting.isEnded) return [];
    const { trackId: track, liveness } = event.sighting;
    const { verdict, reason, evidence } = liveness;
    const { observedS } = evidence;
    const identity = identityOf(track);
    return [
      { track, verdict, reason, observedS, attackCall: attackCallOf(event.sighting, events), identity },
    ];
  });
}

async function identify(sighting: Sighting, decider: Decider): Promise<Identification | undefined> {
  return (await decider.onSighting(sighting, (capturedAtMs) => capturedAtMs)).identification;
}

function attackCallOf(
  { trackId, firstSeenMs }: Sighting,
  events: readonly StageEvent[],
): AttackCall | undefined {
  for (const event of events) {
    if (event.type !== 'liveness' || event.trackId !== trackId) continue;
    const { verdict, evidence } = event.assessment;
    if (verdict === 'attack') {
      return { afterS: (event.atMs - firstSeenMs) / 1000, observedS: evidence.observedS };
    }
  }
  return undefined;
}
