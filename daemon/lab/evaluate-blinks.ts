import { join } from 'node:path';
import type { Command } from 'commander';
import { exitCodes, print, runAction } from '../host/output.js';
import { createPrivateFile } from '../host/private-file.js';
import { systemClock as clock } from '../host/system-clock.js';
import { badInput } from '../kernel/errors.js';
import { Lifetime } from '../kernel/lifetime.js';
import { type BlinkTruth, detectionFigures, scoreBlinks } from '../kernel/liveness/blink-score.js';
import type { LivenessVerdict } from '../kernel/liveness/liveness.js';
import { replayClip } from '../vision/replay-clip.js';
import {
  type BlinkReport,
  blinksPage,
  type ChartedClip,
  type ClipResult,
  describeBlinks,
} from './blink-report.js';
import { evaluationNotes } from './evaluation-notes.js';
import { parseFps } from './replay.js';
import { type OpenEngines, openReplaySetup, type ReplaySetup } from './replay-setup.js';
import { TrackRecorder } from './track-record.js';
import { fileExists, readBlinkTruth, type SkippedClip } from './truth-files.js';

/** Largest distance between a found and a true blink, seconds. The truth is annotated by hand. */
const toleranceS = 0.25;

interface EvaluateOptions {
  readonly clips: string;
  readonly truth: string;
  readonly fps?: number;
  readonly config?: string;
  readonly report?: string;
  readonly json?: boolean;
}

export function registerEvaluateBlinks(evaluate: Command, open: OpenEngines): void {
  evaluate
    .command('blinks')
    .description('measure blink detection on clips with known blinks')
    .requiredOption('--clips <dir>', 'folder of the clips')
    .requiredOption('--truth <file>', 'JSON: the times of the blinks, by path of the clip in that folder')
    .option('--fps <rate>', 'frames to analyse per second; default: the rates of the camera', parseFps)
    .option('-c, --config <file>', 'use the settings of this configuration; default: default settings')
    .option('--report <file>', 'also write an HTML page with the curve of the eyes in each clip')
    .option('--json', 'print JSON instead of a table')
    .action((options: EvaluateOptions) =>
      runAction(options.json === true, async () => {
        // Created before the analysis, which takes minutes, so that an unwritable path fails immediately.
        await using page = options.report === undefined ? undefined : await createPrivateFile(options.report);
        const { report, charted } = await evaluateBlinks(options, open);
        await page?.keep(Buffer.from(blinksPage(report, charted)));
        print(options.json === true, report, () => describeBlinks(report));
        return exitCodes.done;
      }),
    );
}

/** Returns the report, and the tracks of each clip for the page. */
async function evaluateBlinks(
  options: EvaluateOptions,
  open: OpenEngines,
): Promise<{ readonly report: BlinkReport; readonly charted: readonly ChartedClip[] }> {
  await using lifetime = new Lifetime(clock);
  const truths = await readBlinkTruth(options.truth);
  const { config: configPath } = options;
  const setup = await openReplaySetup({ configPath, cameraId: undefined, fps: options.fps }, lifetime, open);
  const charted: ChartedClip[] = [];
  const skipped: SkippedClip[] = [];
  const note = evaluationNotes(options);
  for (const [clip, truth] of truths) {
    note(clip);
    if (truth === undefined) skipped.push({ clip, reason: 'no-truth' });
    else {
      const result = await evaluateClip(clip, join(options.clips, clip), truth, setup);
      if (result === undefined) skipped.push({ clip, reason: 'not-found' });
      else charted.push(result);
    }
  }
  const clips = charted.map(({ result }) => result);
  if (clips.length === 0 && skipped.some(({ reason }) => reason === 'not-found')) {
    throw badInput('clip-not-found', `${options.clips} contains none of the clips in ${options.truth}`, {
      remedy: 'Give as --clips the folder that the paths in the truth file are relative to.',
    });
  }
  const sum = (count: (clip: ClipResult) => number): number =>
    clips.reduce((total, clip) => total + count(clip), 0);
  const hits = sum((clip) => clip.hits);
  const missed = sum((clip) => clip.missed.length);
  const mistaken = sum((clip) => clip.mistaken.length);
  const figures = detectionFigures(hits, missed, mistaken);
  const counts = { hits, missed, mistaken, ...figures };
  const { trackingFps: fps, provingFps } = setup.camera.rates;
  return { report: { fps, provingFps, toleranceS, clips, skipped, ...counts }, charted };
}

/** Undefined if the clip does not exist. */
async function evaluateClip(
  clip: string,
  path: string,
  truth: BlinkTruth,
  { camera, analyser, ffmpeg, liveness, match }: ReplaySetup,
): Promise<ChartedClip | undefined> {
  if (!(await fileExists(path))) return undefined;
  const found: number[] = [];
  let longest: { readonly observedS: number; readonly verdict: LivenessVerdict } | undefined;
  const sameFaceThreshold = match.threshold;
  const recorder = new TrackRecorder();
  const { onView } = recorder;
  const options = { path, camera, analyser, ffmpeg, liveness, sameFaceThreshold, clock, onView };
  const steps = replayClip({ ...options, speed: 'max' });
  for await (const { events } of steps) {
    for (const event of events) {
      recorder.addEvent(event);
      if (event.type === 'blink') found.push(Math.round(event.blink.atMs) / 1000);
      if (event.type !== 'sighting' || !event.sighting.isEnded) continue;
      const { verdict, evidence } = event.sighting.liveness;
      const observedS = Math.round(evidence.observedS * 1000) / 1000;
      if (longest === undefined || observedS > longest.observedS) longest = { observedS, verdict };
    }
  }
  const { verdict, observedS = 0 } = longest ?? {};
  const score = scoreBlinks(found, truth, toleranceS);
  const result = { clip, trueBlinks: truth.blinks.length, ...score, verdict, observedS };
  return { result, truth, tracks: recorder.ended };
}
