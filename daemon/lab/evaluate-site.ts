import type { PeopleGroup } from '../kernel/identification/group-rates.js';
import type { LabelledPerson, Sample } from '../kernel/identification/identification-trial.js';
import type { MatchPolicy } from '../kernel/identification/match.js';
import {
  type DetPoint,
  detCurve,
  estimateSite,
  SITE_SIZES,
  type SiteEstimate,
  type SiteScores,
  siteScores,
} from '../kernel/identification/site-size.js';
import { table } from '../kernel/text-table.js';

/** An estimate for larger galleries. Rates are 0..1. */
export interface SiteEvaluation {
  /** Undefined: all people. Otherwise the title of a group: gallery and strangers are all of that group. */
  readonly group: string | undefined;
  /** Photographs of one person that are searched together, like the views of one track. */
  readonly views: number;
  readonly people: number;
  readonly strangers: number;
  /** Pairs of different people that were compared, and the number of comparisons. */
  readonly pairs: number;
  readonly comparisons: number;
  /** The first size is that of the collection, for comparison with the counted rates. */
  readonly sizes: readonly SiteEstimate[];
  /** The curve of errors at each of `sizes`, with the margin of the operating point. */
  readonly curves: readonly (readonly DetPoint[])[];
}

interface Trial {
  readonly references: number;
  readonly splits: number;
  readonly policy: MatchPolicy;
}

/** All people, then each group; with one view, then with `views` if there are enough photographs. */
export function evaluateSite(
  people: readonly LabelledPerson[],
  strangers: readonly Sample[],
  groups: readonly PeopleGroup[],
  { views, ...trial }: Trial & { readonly views: number },
): readonly SiteEvaluation[] {
  const sets = [
    { title: undefined, members: people, outsiders: strangers },
    ...groups.map(({ title, names, strangers: own }) => ({
      title,
      members: people.filter(({ name }) => names.has(name)),
      outsiders: strangers.filter((_, index) => own.has(index)),
    })),
  ];
  return sets.flatMap(({ title, members, outsiders }) =>
    [...new Set([1, views])].flatMap((count) => {
      const scores = siteScores(members, outsiders, { ...trial, views: count });
      return scores.nonMatedCount === 0 || scores.mated.length === 0
        ? []
        : [evaluationOf(title, scores, trial.policy)];
    }),
  );
}

function evaluationOf(group: string | undefined, scores: SiteScores, policy: MatchPolicy): SiteEvaluation {
  const { views, people, strangers, pairs, nonMatedCount } = scores;
  const sizes = [people, ...SITE_SIZES];
  return {
    group,
    views,
    people,
    strangers,
    pairs,
    comparisons: nonMatedCount,
    sizes: sizes.map((persons) => estimateSite(scores, policy, persons)),
    curves: sizes.map((persons) => detCurve(scores, policy.margin, persons)),
  };
}

export const SITE_ASSUMPTION = [
  'Assumption: the scores of different people are independent and distributed as in this collection. Then',
  'FPIR = 1 - (1 - FMR)^N (ISO/IEC 19795-1). Scores above those of the collection come from a generalised Pareto',
  'distribution fitted to the highest 5 % (ISO/IEC 5152). The margin applies. "FPIR at most" uses the counts only: the',
  'upper end of the 95 % interval (Wilson), with pairs of people as trials and without margin. A group of',
  'people who look alike breaks the assumption: use --groups. A view is one photo; the views of one passage differ less,',
  'so they improve the rates less than different photos. Threshold "any": the margin alone gives this FPIR.',
];

export const SITE_HEADING = [
  'views',
  'persons',
  'FPIR',
  'FPIR at most',
  'FNIR',
  '95 % interval',
  'threshold for FPIR 1 %',
  'FNIR there',
];

export function siteRows({ views, sizes }: SiteEvaluation): readonly (readonly string[])[] {
  return sizes.map(({ persons, fpir, fpirAtMost, fnir, fnirInterval: [low, high], advised }) => [
    `${views}`,
    `${persons}`,
    percent(fpir),
    percent(fpirAtMost),
    percent(fnir),
    `${percent(low)} to ${percent(high)}`,
    thresholdText(advised?.threshold),
    advised === undefined ? '' : percent(advised.fnir),
  ]);
}

/** -1 is the lowest cosine, so the margin alone gives this FPIR. */
function thresholdText(threshold: number | undefined): string {
  if (threshold === undefined) return 'none';
  return threshold > -1 ? threshold.toFixed(3) : 'any';
}

/** The people of an evaluation. */
export function siteTitle({ group, people, strangers, pairs, comparisons }: SiteEvaluation): string {
  const who = group === undefined ? 'all people' : `only group "${group}"`;
  return `${who}: ${people} people, ${strangers} photos of unknown people, ${pairs} pairs of people, ${comparisons} comparisons`;
}

export function describeSite(evaluations: readonly SiteEvaluation[]): string {
  if (evaluations.length === 0) return '';
  return [
    'at the size of a site, at the operating point (estimated)',
    ...SITE_ASSUMPTION,
    ...evaluations.flatMap((evaluation) => [
      '',
      siteTitle(evaluation),
      table(SITE_HEADING, siteRows(evaluation)),
    ]),
  ].join('\n');
}

/** Small rates get more digits, because they are multiplied by the number of passages. */
export function percent(rate: number): string {
  if (rate > 0 && rate < 1e-6) return '< 0.0001 %';
  return `${rate < 0.001 ? (100 * rate).toFixed(4) : (100 * rate).toFixed(2)} %`;
}
