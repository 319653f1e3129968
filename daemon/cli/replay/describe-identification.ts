import { counted } from '../../base/counted.js';
import type { IdentificationReport } from '../../domain/identification/identification-report.js';
import { table } from '../output.js';

/** A photograph that enrolment would refuse. */
export interface RefusedPhotograph {
  readonly photograph: string;
  readonly reason: string;
  /** True where there is no face to search with either. */
  readonly isFailureToAcquire: boolean;
}

/** What `rollcall evaluate identify --json` prints. Rates are 0..1, similarities cosines. */
export interface IdentifyEvaluation extends Omit<IdentificationReport, 'missed'> {
  readonly recogniser: string;
  readonly people: number;
  readonly strangers: number;
  readonly photographs: number;
  readonly references: number;
  readonly splits: number;
  readonly refused: readonly RefusedPhotograph[];
  readonly missed: readonly {
    readonly photograph: string;
    readonly missed: number;
    readonly searches: number;
  }[];
}

/** The evaluation as tables for a person to read. */
export function describeIdentification(evaluation: IdentifyEvaluation): string {
  return [
    protocol(evaluation),
    refusals(evaluation),
    comparisons(evaluation),
    identification(evaluation),
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
    `recogniser ${e.recogniser}: ${e.people} people, ${counted(e.strangers, 'stranger')}, ${counted(e.photographs, 'photograph')}`,
    `${counted(e.references, 'photograph of each person is', 'photographs of each person are')} enrolled, the others and the strangers are searched;`,
    `rates are pooled over ${counted(e.splits, 'way')} of choosing which are enrolled. A person's score is the similarity`,
    'of their nearest reference (cosine). What enrolment would refuse is not enrolled, but is searched; a photograph',
    'without a face counts as missed.',
  ].join('\n');
}

function refusals(e: IdentifyEvaluation): string {
  const lost = e.refused.filter(({ isFailureToAcquire }) => isFailureToAcquire).length;
  const head = [
    `failures to acquire: ${lost} of ${counted(e.photographs, 'photograph')}; to enrol: ${percent(e.failureToEnrol)} of persons`,
    `enrolment would refuse ${counted(e.refused.length, 'photograph')}`,
  ].join('; ');
  const { sets, refused, mixedSets, mixedAccepted } = e.agreement;
  const agreement = [
    `of ${sets} sets of ${e.references} photographs of one person, enrolment would refuse ${percent(refused)} because they disagree;`,
    `of ${mixedSets} such sets with one photograph of another person, it would accept ${percent(mixedAccepted)}`,
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
    `two photographs compared (${c.mated} mated, ${c.nonMated} non-mated comparisons)`,
    table(['FMR', 'FNMR', 'threshold'], rows),
  ].join('\n');
}

function identification(e: IdentifyEvaluation): string {
  const { operating } = e;
  const rows = e.points.map((p) => [percent(p.fpir), percent(p.fnir), p.threshold.toFixed(4), '']);
  rows.push([
    percent(operating.fpir),
    percent(operating.fnir),
    operating.threshold.toFixed(4),
    `operating point, margin ${operating.margin}`,
  ]);
  return [
    `gallery searched (${e.matedSearches} mated, ${e.nonMatedSearches} non-mated searches); rank 1: ${percent(e.rankOne)}`,
    table(['FPIR', 'FNIR', 'threshold', ''], rows),
  ].join('\n');
}

function missed(e: IdentifyEvaluation): string {
  if (e.missed.length === 0) return '';
  const rows = e.missed
    .slice(0, 15)
    .map(({ photograph, missed: count, searches }) => [photograph, `${count} of ${searches}`]);
  return ['missed most often at the operating point', table(['photograph', 'searches'], rows)].join('\n');
}
