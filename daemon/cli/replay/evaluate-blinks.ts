import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { badInput } from '../../base/errors.js';
import { Lifetime } from '../../base/lifetime.js';
import {
  type BlinkScore,
  type BlinkTruth,
  detectionFigures,
  scoreBlinks,
} from '../../domain/liveness/blink-score.js';
import type { LivenessVerdict } from '../../domain/liveness/liveness.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { replayClip } from '../../vision/replay-clip.js';
import { exitCodes, print, runAction, table } from '../output.js';
import { type SkippedClip, skipWords } from './describe-liveness.js';
import { parseFps } from './replay.js';
import { openReplaySetup, type ReplaySetup } from './replay-setup.js';
import { readBlinkTruth } from './truth-files.js';

/** How far apart a found and a true blink may be, seconds: the truth is read from frames by eye. */
const toleranceS = 0.25;

interface EvaluateOptions {
  readonly clips: string;
  readonly truth: string;
  readonly fps?: number;
  readonly config?: string;
  readonly json?: boolean;
}

interface ClipResult extends BlinkScore {
  readonly clip: string;
  readonly trueBlinks: number;
  /** Of the track that was seen longest, at the end of the clip; undefined where there was no track. */
  readonly verdict: LivenessVerdict | undefined;
  readonly observedS: number;
}

export function registerEvaluateBlinks(evaluate: Command): void {
  evaluate
    .command('blinks')
    .description('measure blink detection on clips with known blinks')
    .requiredOption('--clips <dir>', 'folder of the clips')
    .requiredOption('--truth <file>', 'JSON: by path of a clip in that folder, the times of its blinks')
    .option('--fps <rate>', 'frames analysed per second; default: as configured for a camera', parseFps)
    .option('-c, --config <file>', "take settings from this configuration; default: every setting's default")
    .option('--json', 'print JSON instead of a table')
    .action((options: EvaluateOptions) =>
      runAction(options.json === true, async () => {
        const report = await evaluateBlinks(options);
        print(options.json === true, report, () => describe(report));
        return exitCodes.done;
      }),
    );
}

interface BlinkReport {
  /** Frames analysed per second while a face is tracked. */
  readonly fps: number;
  readonly toleranceS: number;
  readonly clips: readonly ClipResult[];
  readonly skipped: readonly SkippedClip[];
  readonly hits: number;
  readonly missed: number;
  readonly mistaken: number;
  readonly precision: number | undefined;
  readonly recall: number | undefined;
  readonly f1: number | undefined;
}

async function evaluateBlinks(options: EvaluateOptions): Promise<BlinkReport> {
  await using lifetime = new Lifetime(clock);
  const truths = await readBlinkTruth(options.truth);
  const { config: configPath, fps } = options;
  const setup = await openReplaySetup({ configPath, cameraId: undefined, fps }, lifetime);
  const clips: ClipResult[] = [];
  const skipped: SkippedClip[] = [];
  for (const [clip, truth] of truths) {
    if (options.json !== true) process.stderr.write(`${clip}\n`);
    if (truth === undefined) skipped.push({ clip, reason: 'no-truth' });
    else {
      const result = await evaluateClip(clip, join(options.clips, clip), truth, setup);
      if (result === undefined) skipped.push({ clip, reason: 'not-found' });
      else clips.push(result);
    }
  }
  if (clips.length === 0 && skipped.some(({ reason }) => reason === 'not-found')) {
    throw badInput('clip-not-found', `none of the clips that ${options.truth} names is in ${options.clips}`, {
      remedy: 'give the folder that the paths in the truth file start from',
    });
  }
  const sum = (count: (clip: ClipResult) => number): number =>
    clips.reduce((total, clip) => total + count(clip), 0);
  const hits = sum((clip) => clip.hits);
  const missed = sum((clip) => clip.missed.length);
  const mistaken = sum((clip) => clip.mistaken.length);
  const figures = detectionFigures(hits, missed, mistaken);
  return {
    fps: setup.camera.rates.trackingFps,
    toleranceS,
    clips,
    skipped,
    hits,
    missed,
    mistaken,
    ...figures,
  };
}

/** Undefined where the clip is not there. */
async function evaluateClip(
  clip: string,
  path: string,
  truth: BlinkTruth,
  { camera, analyser, ffmpeg, liveness, match }: ReplaySetup,
): Promise<ClipResult | undefined> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const found: number[] = [];
  let longest: { readonly observedS: number; readonly verdict: LivenessVerdict } | undefined;
  const sameFaceThreshold = match.threshold;
  const speed = 'max';
  const steps = replayClip({ path, camera, analyser, ffmpeg, liveness, sameFaceThreshold, clock, speed });
  for await (const { events } of steps) {
    for (const event of events) {
      if (event.type === 'blink') found.push(Math.round(event.blink.atMs) / 1000);
      if (event.type !== 'sighting' || !event.sighting.isEnded) continue;
      const { verdict, evidence } = event.sighting.liveness;
      const observedS = Math.round(evidence.observedS * 1000) / 1000;
      if (longest === undefined || observedS > longest.observedS) longest = { observedS, verdict };
    }
  }
  return {
    clip,
    trueBlinks: truth.blinks.length,
    ...scoreBlinks(found, truth, toleranceS),
    verdict: longest?.verdict,
    observedS: longest?.observedS ?? 0,
  };
}

function describe(report: BlinkReport): string {
  const times = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(' ');
  const rows = report.clips.map((clip) => [
    clip.clip,
    String(clip.trueBlinks),
    String(clip.hits),
    times(clip.missed),
    times(clip.mistaken),
    clip.verdict ?? 'no face',
    clip.observedS.toFixed(1),
  ]);
  const heading = ['clip', 'blinks', 'found', 'missed at', 'mistaken at', 'verdict', 'observed s'];
  const figure = (value: number | undefined): string => value?.toFixed(3) ?? 'undefined';
  return [
    table(heading, rows),
    '',
    `${report.fps} frames a second, tolerance ${report.toleranceS} s:`,
    `precision ${figure(report.precision)}, recall ${figure(report.recall)}, F1 ${figure(report.f1)}`,
    ...report.skipped.map(({ clip, reason }) => `left out: ${clip} (${skipWords[reason]})`),
  ].join('\n');
}
