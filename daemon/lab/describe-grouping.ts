import { counted } from '../kernel/counted.js';
import {
  aimedPrecision,
  type RatesAtThreshold,
  type ValidatedGrouping,
} from '../kernel/strangers/grouping-trial.js';
import { table } from '../kernel/text-table.js';

/** What `rollcall evaluate grouping --json` prints. Rates are 0..1, thresholds cosines. */
export interface GroupingEvaluation {
  readonly recogniser: string;
  /** The threshold in force. */
  readonly threshold: number;
  readonly people: number;
  readonly tracks: number;
  /** Photographs without a face, or that a camera would not use. */
  readonly unusable: readonly { readonly photograph: string; readonly reason: string }[];
  readonly sequences: number;
  readonly rates: readonly RatesAtThreshold[];
  /** Empty if there are too few people. */
  readonly validated: readonly ValidatedGrouping[];
}

const percent = (rate: number): string => `${(rate * 100).toFixed(1)} %`;

const columns = ['threshold', 'precision', 'recall', 'B³ precision', 'B³ recall', 'groups', 'false pairs'];

function rowOf({ threshold, rates }: RatesAtThreshold): readonly string[] {
  const { precision, recall, trackPrecision, trackRecall, groups, falsePairs } = rates;
  return [
    threshold.toFixed(3),
    ...[precision, recall, trackPrecision, trackRecall].map(percent),
    groups.toFixed(1),
    falsePairs.toFixed(1),
  ];
}

/** The evaluation as text. */
export function describeGrouping(evaluation: GroupingEvaluation): string {
  const { recogniser, people, tracks, unusable, sequences, rates, validated, threshold } = evaluation;
  const pairs = rates[0]?.rates.matedPairs ?? 0;
  const lines = [
    `${recogniser}: ${counted(tracks, 'track')} of ${counted(people, 'person', 'people')}, ${counted(pairs, 'pair')} of tracks of one person; ${counted(unusable.length, 'photograph')} left out as unusable`,
    `Means of ${counted(sequences, 'random order')}. Precision and recall count pairs of tracks; B³ (B-cubed) averages over tracks. The threshold in force is ${threshold}.`,
    '',
    table(columns, rates.map(rowOf)),
  ];
  if (validated.length === 0) return [...lines, '', 'Too few people to cross-validate.'].join('\n');
  return [
    ...lines,
    '',
    `Cross-validated: the threshold with the best recall at precision ${percent(aimedPrecision)}, chosen on one half of the people and judged on the other`,
    table(
      ['people', 'tracks', ...columns],
      validated.map((each) => [String(each.people), String(each.tracks), ...rowOf(each)]),
    ),
    meanLine(validated),
  ].join('\n');
}

function meanLine(validated: GroupingEvaluation['validated']): string {
  const mean = (of: (each: RatesAtThreshold) => number): string =>
    percent(validated.reduce((sum, each) => sum + of(each), 0) / validated.length);
  const least = (of: (each: RatesAtThreshold) => number): string => percent(Math.min(...validated.map(of)));
  const precision = ({ rates }: RatesAtThreshold): number => rates.precision;
  const recall = ({ rates }: RatesAtThreshold): number => rates.recall;
  return `mean precision ${mean(precision)} (least ${least(precision)}), mean recall ${mean(recall)} (least ${least(recall)})`;
}
