import type { BlinkTruth } from '../../domain/liveness/blink-score.js';
import { type BlinkReport, type ClipResult, rateText } from './describe-blinks.js';
import { escapeMarkup, htmlPage, htmlTable } from './html-page.js';
import { opennessChart } from './openness-chart.js';
import { countsText, type TrackRecord } from './track-record.js';
import { skipWords } from './truth-files.js';

/** A clip of the report with what the stages saw in it. */
export interface ChartedClip {
  readonly result: ClipResult;
  readonly truth: BlinkTruth;
  readonly tracks: readonly TrackRecord[];
}

/** The evaluation as a page: each clip with the curve of its eyes, its truth and what was decided. No picture of anybody. */
export function blinksPage(report: BlinkReport, clips: readonly ChartedClip[]): string {
  const figure = (value: number | undefined): string => value?.toFixed(3) ?? 'undefined';
  return htmlPage('Blinks', [
    `<p>${rateText(report)}, tolerance ${report.toleranceS} s. ${report.hits} found, ${report.missed} missed, ${report.mistaken} mistaken:`,
    `precision ${figure(report.precision)}, recall ${figure(report.recall)}, F1 ${figure(report.f1)}.</p>`,
    '<p>Each chart shows how far the eyes of one track are open, height over width: a line for the left eye of the person, a dashed line for',
    'the right. Triangles are the blinks of the truth, hollow ones are ambiguous, bands are the blinks that were found. Vertical lines are changes of the',
    'verdict. Red ticks are looks that say nothing about the eyes, with the reason. This page holds no picture; it names the clips.</p>',
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
