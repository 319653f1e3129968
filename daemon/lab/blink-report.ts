import type { BlinkScore, BlinkTruth } from '../kernel/liveness/blink-score.js';
import type { LivenessVerdict } from '../kernel/liveness/liveness.js';
import { table } from '../kernel/text-table.js';
import { escapeMarkup, htmlPage, htmlTable } from './html-page.js';
import { opennessChart } from './openness-chart.js';
import { countsText, type TrackRecord } from './track-record.js';
import { type SkippedClip, skipWords } from './truth-files.js';

export interface ClipResult extends BlinkScore {
  readonly clip: string;
  readonly trueBlinks: number;
  /** The final verdict on the longest track; undefined if there was no track. */
  readonly verdict: LivenessVerdict | undefined;
  readonly observedS: number;
}

/** What `rollcall evaluate blinks --json` prints. */
export interface BlinkReport {
  /** Frames analysed per second while a face is tracked. */
  readonly fps: number;
  /** The same until a face has proven to be live. */
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

/** The rates of analysis as text. */
export function rateText({ fps, provingFps }: { readonly fps: number; readonly provingFps: number }): string {
  return provingFps > fps
    ? `${fps} frames per second, up to ${provingFps} until a face has proven to be live`
    : `${fps} frames per second`;
}

/** The evaluation as text. */
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

/** A clip of the report with its tracks. */
export interface ChartedClip {
  readonly result: ClipResult;
  readonly truth: BlinkTruth;
  readonly tracks: readonly TrackRecord[];
}

/** The evaluation as a page: each clip with the curve of the eyes, the truth and the decisions. It contains no pictures of people. */
export function blinksPage(report: BlinkReport, clips: readonly ChartedClip[]): string {
  const figure = (value: number | undefined): string => value?.toFixed(3) ?? 'undefined';
  return htmlPage('Blinks', [
    `<p>${rateText(report)}, tolerance ${report.toleranceS} s. ${report.hits} found, ${report.missed} missed, ${report.mistaken} mistaken:`,
    `precision ${figure(report.precision)}, recall ${figure(report.recall)}, F1 ${figure(report.f1)}.</p>`,
    '<p>Each chart shows how far the eyes of one track are open (height divided by width): a solid line for the left eye of the person, a dashed line for',
    'the right eye. Triangles are true blinks (hollow: ambiguous), bands are detected blinks. Vertical lines are changes of the',
    'verdict. Red ticks are views in which the eyes are unusable, with the reason. This page contains no pictures; it names the clips.</p>',
    ...clips.flatMap(clipSection),
    ...(report.skipped.length === 0
      ? []
      : [
          '<h2>Left out</h2>',
          htmlTable(
            ['clip', 'reason'],
            report.skipped.map(({ clip, reason }) => [clip, skipWords[reason]]),
          ),
        ]),
  ]);
}

function clipSection({ result, truth, tracks }: ChartedClip): readonly string[] {
  const times = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(' ');
  return [
    `<h2>${escapeMarkup(result.clip)}</h2>`,
    htmlTable(
      ['blinks', 'found', 'missed at', 'mistaken at', 'verdict', 'observed s'],
      [
        [
          `${result.trueBlinks}`,
          `${result.hits}`,
          times(result.missed),
          times(result.mistaken),
          result.verdict ?? 'no face',
          result.observedS.toFixed(1),
        ],
      ],
    ),
    ...tracks.flatMap((record) => trackSection(record, truth)),
  ];
}

function trackSection(
  { track, looks, blinks, decisions, eyeFaults, final }: TrackRecord,
  truth: BlinkTruth,
): readonly string[] {
  const title = `track ${track}`;
  const marks = { found: blinks, truth: truth.blinks, ambiguous: truth.ambiguous, decisions };
  const out = countsText(eyeFaults);
  const ended = final === undefined ? '' : `, ended ${final.verdict} (${final.reason})`;
  return [
    `<p>${escapeMarkup(`${title}: ${looks.length} looks${ended}${out === '' ? '' : `; left out: ${out}`}`)}</p>`,
    opennessChart(title, looks, marks),
  ];
}
