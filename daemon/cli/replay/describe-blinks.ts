import type { BlinkScore } from '../../domain/liveness/blink-score.js';
import type { LivenessVerdict } from '../../domain/liveness/liveness.js';
import { table } from '../output.js';
import { type SkippedClip, skipWords } from './truth-files.js';

export interface ClipResult extends BlinkScore {
  readonly clip: string;
  readonly trueBlinks: number;
  /** Of the track that was seen longest, at the end of the clip; undefined where there was no track. */
  readonly verdict: LivenessVerdict | undefined;
  readonly observedS: number;
}

/** What `rollcall evaluate blinks --json` prints. */
export interface BlinkReport {
  /** Frames analysed per second while a face is tracked. */
  readonly fps: number;
  /** The same while the eyes of a face are seen that has not yet proven to be live. */
  readonly provingFps: number;
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

/** How often frames are analysed, for a person. */
export function rateText({ fps, provingFps }: { readonly fps: number; readonly provingFps: number }): string {
  return provingFps > fps
    ? `${fps} frames a second, up to ${provingFps} while a face has yet to prove that it lives`
    : `${fps} frames a second`;
}

/** The evaluation for a person to read. */
export function describeBlinks(report: BlinkReport): string {
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
    `${rateText(report)}, tolerance ${report.toleranceS} s:`,
    `precision ${figure(report.precision)}, recall ${figure(report.recall)}, F1 ${figure(report.f1)}`,
    ...report.skipped.map(({ clip, reason }) => `left out: ${clip} (${skipWords[reason]})`),
  ].join('\n');
}
