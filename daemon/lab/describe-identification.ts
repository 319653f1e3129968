import { counted } from '../kernel/counted.js';
import type { CalibratedRates, DecidedRates } from '../kernel/identification/calibrated-trial.js';
import type { CrossValidation } from '../kernel/identification/cross-validation.js';
import type { Interval } from '../kernel/identification/error-rates.js';
import type { GroupRates } from '../kernel/identification/group-rates.js';
import type { IdentificationReport } from '../kernel/identification/identification-report.js';
import { table } from '../kernel/text-table.js';
import { describeSite, type SiteEvaluation } from './evaluate-site.js';

/** A photograph that enrolment would refuse. */
export interface RefusedPhotograph {
  readonly photograph: string;
  readonly reason: string;
  /** True if it cannot be searched with either: no face was found. */
  readonly isFailureToAcquire: boolean;
}

/** What `rollcall evaluate identify --json` prints. Rates are 0..1, similarities cosines. */
export interface IdentifyEvaluation extends Omit<IdentificationReport, 'missed' | 'accepted' | 'confused'> {
  readonly recogniser: string;
  readonly people: number;
  readonly strangers: number;
  readonly photographs: number;
  readonly references: number;
  readonly splits: number;
  readonly refused: readonly RefusedPhotograph[];
  /** Photographs that enrolment accepts with a warning. */
  readonly warned: number;
  readonly missed: readonly {
    readonly photograph: string;
    readonly missed: number;
    readonly searches: number;
  }[];
  /** Photographs of strangers that were accepted at the operating point. */
  readonly accepted: readonly Mistake[];
  /** Photographs of known people that were accepted as another person. */
  readonly confused: readonly Mistake[];
  /** Empty without `--groups`. */
  readonly groups: readonly GroupRates[];
  /** As the box decides in a gallery that it calibrated. Absent if calibration is switched off. */
  readonly calibrated?: { readonly targetFpir: number; readonly rates: readonly CalibratedRates[] };
  /** Absent without `--cross-validate`. */
  readonly crossValidation?: CrossValidation;
  /** Larger galleries, by extrapolation. */
  readonly site: readonly SiteEvaluation[];
}

interface Mistake {
  readonly photograph: string;
  readonly takenFor: string;
  readonly accepted: number;
  readonly searches: number;
}

/** The evaluation as tables. */
export function describeIdentification(evaluation: IdentifyEvaluation): string {
  return [
    protocol(evaluation),
    refusals(evaluation),
    comparisons(evaluation),
    identification(evaluation),
    validation(evaluation),
    groups(evaluation),
    calibrated(evaluation),
    describeSite(evaluation.site),
    mistakes('unknown people accepted at the operating point', evaluation.accepted),
    mistakes('known people accepted as another person at the operating point', evaluation.confused),
    missed(evaluation),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function protocol(e: IdentifyEvaluation): string {
  return [
    `recogniser ${e.recogniser}: ${e.people} people, ${counted(e.strangers, 'unknown person', 'unknown people')}, ${counted(e.photographs, 'photo')}`,
    `${counted(e.references, 'photo of each person is', 'photos of each person are')} enrolled; the others and the unknown people are searched.`,
    `Rates are pooled over ${counted(e.splits, 'choice')} of enrolled photos. The score of a person is the similarity`,
    '(cosine) to the nearest reference or their mean. Photos that enrolment would refuse are searched, but not enrolled. A photo',
    'without a face counts as missed. People who could not be enrolled are counted as failures to enrol, not as missed.',
  ].join('\n');
}

function refusals(e: IdentifyEvaluation): string {
  const lost = e.refused.filter(({ isFailureToAcquire }) => isFailureToAcquire).length;
  const head = [
    `failure to enrol (FTE): ${percent(e.failureToEnrol)} of persons in all galleries: enrolment would refuse all their photos;`,
    `of ${counted(e.photographs, 'photo')} it would refuse ${e.refused.length}, ${lost} of them without a face, and accept ${e.warned} with a warning`,
  ].join('\n');
  const { sets, refused, mixedSets, mixedAccepted } = e.agreement;
  const agreement = [
    `of ${sets} sets of ${e.references} photos of one person, enrolment would refuse ${percent(refused)} because they disagree;`,
    `of ${mixedSets} sets with one photo of another person, enrolment would accept ${percent(mixedAccepted)}`,
  ];
  return [
    head,
    ...e.refused.map(({ photograph, reason }) => `  ${photograph}: ${reason}`),
    ...(mixedSets === 0 ? [] : agreement),
  ].join('\n');
}

function comparisons({ comparisons: c }: IdentifyEvaluation): string {
  const rows = c.points.map((p) => [percent(p.fmr), percent(p.fnmr), p.threshold.toFixed(4)]);
  return [
    `two photos compared (${c.mated} mated, ${c.nonMated} non-mated comparisons)`,
    table(['FMR', 'FNMR', 'threshold'], rows),
  ].join('\n');
}

function identification(e: IdentifyEvaluation): string {
  const { operating } = e;
  const rows = e.points.map((p) => [
    percent(p.fpir),
    percent(p.fnir),
    between(p.fnirInterval),
    p.threshold.toFixed(4),
  ]);
  rows.push([
    percent(operating.fpir),
    percent(operating.fnir),
    between(operating.fnirInterval),
    operating.threshold.toFixed(4),
    `operating point, margin ${operating.margin}`,
  ]);
  return [
    `gallery searched (${e.matedSearches} mated, ${e.nonMatedSearches} non-mated searches); rank 1: ${percent(e.rankOne)}`,
    table(['FPIR', 'FNIR', '95 % interval', 'threshold'], rows),
    `95 % intervals (Wilson): FNIR for ${e.people} people;`,
    `FPIR at the operating point ${between(operating.fpirInterval)} for ${counted(e.strangers, 'unknown person', 'unknown people')}`,
  ].join('\n');
}

function between([low, high]: Interval): string {
  return `${percent(low)} to ${percent(high)}`;
}

function validation({ crossValidation: v }: IdentifyEvaluation): string {
  if (v === undefined) return '';
  const rows = v.folds.map((fold, index) => [
    `${index + 1}`,
    fold.threshold.toFixed(4),
    `${fold.people}`,
    `${fold.strangers}`,
    percent(fold.fpir),
    percent(fold.fnir),
  ]);
  return [
    `cross-validation: the threshold is chosen for FPIR ${percent(v.targetFpir)} on all other parts (margin ${v.margin}), and measured on each part,`,
    'searched in the gallery of all people; unknown people are counted by the names of their files without the number at the end',
    table(['part', 'threshold', 'people', 'unknown people', 'FPIR', 'FNIR'], rows),
    `all parts, 95 % intervals (Wilson): FPIR ${percent(v.fpir)} (${between(v.fpirInterval)}) for ${counted(v.strangers, 'unknown person', 'unknown people')},`,
    `FNIR ${percent(v.fnir)} (${between(v.fnirInterval)}) for ${v.people} people`,
  ].join('\n');
}

function groups({ groups: all }: IdentifyEvaluation): string {
  if (all.length === 0) return '';
  const rows = all.map((group) => [
    group.title,
    `${group.people}`,
    `${group.strangers}`,
    percent(group.fmr),
    group.timesAll?.toFixed(1) ?? '-',
    `${group.nonMatedComparisons}`,
    percent(group.fpir),
    between(group.fpirInterval),
  ]);
  const head = [
    'group',
    'people',
    'unknown people',
    'FMR',
    'times all',
    'comparisons',
    'FPIR',
    '95 % interval',
  ];
  return [
    'inside each group, at the operating point: different people of the group compared, and unknown people of the group searched',
    '"times all": FMR of the group divided by the FMR of all people',
    table(head, rows),
  ].join('\n');
}

function calibrated({ calibrated: found }: IdentifyEvaluation): string {
  if (found === undefined) return '';
  const rows = found.rates
    .filter(({ people, strangers }) => people + strangers > 0)
    .flatMap((group) => {
      const row = (way: string, rates: DecidedRates) => [
        ...[group.title, way, `${group.people}, ${group.strangers}`, `${group.nonMatedSearches}`],
        ...[`${percent(rates.fpir)} (${between(rates.fpirInterval)})`, `${group.matedSearches}`],
        ...[`${percent(rates.fnir)} (${between(rates.fnirInterval)})`, percent(rates.mistaken)],
      ];
      return [row('threshold for all', group.fixed), row('calibrated', group.calibrated)];
    });
  return [
    `as the box decides one photo, with one threshold for all and calibrated for FPIR ${percent(found.targetFpir)} with margins between look-alikes.`,
    'The photos of unknown people, and every person once left out of the gallery with all photos, count as unknown (cross-validation by',
    'person). 95 % intervals (Wilson) for the number of people. "look-alikes": people who look like another one to the box',
    table(
      [
        ...[
          'group',
          'decided by',
          'people, unknown people',
          'searches',
          'FPIR of unknown people',
          'searches',
          'FNIR of people',
        ],
        'mistaken for another',
      ],
      rows,
    ),
  ].join('\n');
}

function mistakes(title: string, list: readonly Mistake[]): string {
  if (list.length === 0) return '';
  const rows = list
    .slice(0, 15)
    .map(({ photograph, takenFor, accepted, searches }) => [
      photograph,
      takenFor,
      `${accepted} of ${searches}`,
    ]);
  const more = list.length > rows.length ? [`and ${list.length - rows.length} more; --json lists all`] : [];
  return [title, table(['photo', 'mistaken for', 'searches'], rows), ...more].join('\n');
}

function missed(e: IdentifyEvaluation): string {
  if (e.missed.length === 0) return '';
  const rows = e.missed
    .slice(0, 15)
    .map(({ photograph, missed: count, searches }) => [photograph, `${count} of ${searches}`]);
  return ['missed most often at the operating point', table(['photo', 'searches'], rows)].join('\n');
}
