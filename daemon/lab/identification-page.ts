import type { Interval } from '../kernel/identification/error-rates.js';
import type { IdentifyEvaluation } from './describe-identification.js';
import { type ChartedCurve, detChart } from './det-chart.js';
import {
  percent,
  SITE_ASSUMPTION,
  SITE_HEADING,
  type SiteEvaluation,
  siteRows,
  siteTitle,
} from './evaluate-site.js';
import { escapeMarkup, htmlPage, htmlTable } from './html-page.js';

/** Size of the gallery in which groups are compared. */
const COMPARED_PERSONS = 1000;

/** The evaluation as an HTML page. It contains no photographs and no names except the titles of groups. */
export function identificationPage(evaluation: IdentifyEvaluation): string {
  const allPeople = evaluation.site.filter(({ group }) => group === undefined);
  return htmlPage(`Identification with ${evaluation.recogniser}`, [
    ...introduction(evaluation),
    '<h2>As counted</h2>',
    ...counted(evaluation),
    '<h2>At the size of a site</h2>',
    `<p>${escapeMarkup(SITE_ASSUMPTION.join(' '))}</p>`,
    ...allPeople.flatMap((site) => siteSection(site)),
    ...groupSections(evaluation),
  ]);
}

function introduction(e: IdentifyEvaluation): readonly string[] {
  return [
    `<p>${e.people} people, ${e.strangers} photos of unknown people, ${e.photographs} photos in all.`,
    `Of each person ${e.references} are enrolled and the others are searched, in ${e.splits} ways. Intervals are 95 % (Wilson);`,
    'a trial is one unknown person or one person.</p>',
    '<p>This page contains no photos and no names of people. Titles of groups are unchanged. A circle in a chart is the',
    `operating point: threshold ${e.operating.threshold}, margin ${e.operating.margin}.</p>`,
  ];
}

function counted({
  operating: o,
  points,
  comparisons,
  rankOne,
  people,
  strangers,
}: IdentifyEvaluation): readonly string[] {
  const interval = ([low, high]: Interval): string => `${percent(low)} to ${percent(high)}`;
  return [
    htmlTable(
      ['at the operating point', 'rate', '95 % interval', 'of'],
      [
        ['FPIR', percent(o.fpir), interval(o.fpirInterval), `${strangers} unknown people`],
        ['FNIR', percent(o.fnir), interval(o.fnirInterval), `${people} people`],
        ['rank 1', percent(rankOne), '', ''],
      ],
    ),
    htmlTable(
      ['gallery searched: FPIR', 'FNIR', '95 % interval', 'threshold'],
      points.map((point) => [
        percent(point.fpir),
        percent(point.fnir),
        interval(point.fnirInterval),
        point.threshold.toFixed(4),
      ]),
    ),
    htmlTable(
      ['two photos compared: FMR', 'FNMR', 'threshold'],
      comparisons.points.map((point) => [
        percent(point.fmr),
        percent(point.fnmr),
        point.threshold.toFixed(4),
      ]),
    ),
  ];
}

function siteSection(site: SiteEvaluation): readonly string[] {
  const title = `Error curves, ${viewsOf(site)}`;
  const curves = site.sizes.map(
    (size, index): ChartedCurve => ({
      title: `${size.persons} persons`,
      points: site.curves[index] ?? [],
      operating: size,
    }),
  );
  return [
    `<h3>${escapeMarkup(title)}</h3>`,
    `<p>${escapeMarkup(siteTitle(site))}</p>`,
    detChart(title, curves),
    htmlTable(SITE_HEADING, siteRows(site)),
  ];
}

function groupSections({ site, groups }: IdentifyEvaluation): readonly string[] {
  if (groups.length === 0) return [];
  const views = [...new Set(site.map((one) => one.views))];
  return [
    '<h2>By group</h2>',
    '<p>Gallery and unknown people are all of the same group. FMR compares photos of different people of the group.</p>',
    htmlTable(
      ['group', 'people', 'unknown people', 'FMR', 'times that of all', 'FPIR', '95 % interval of FPIR'],
      groups.map(({ title, people, strangers, fmr, timesAll, fpir, fpirInterval: [low, high] }) => [
        title,
        `${people}`,
        `${strangers}`,
        percent(fmr),
        timesAll?.toFixed(1) ?? '-',
        percent(fpir),
        `${percent(low)} to ${percent(high)}`,
      ]),
    ),
    ...views.flatMap((count) => groupChart(site.filter((one) => one.views === count))),
    ...site
      .filter(({ group }) => group !== undefined)
      .flatMap((one) => [`<p>${escapeMarkup(siteTitle(one))}</p>`, htmlTable(SITE_HEADING, siteRows(one))]),
  ];
}

function groupChart(sites: readonly SiteEvaluation[]): readonly string[] {
  const [first] = sites;
  if (first === undefined) return [];
  const title = `Error curves by group, ${COMPARED_PERSONS} persons, ${viewsOf(first)}`;
  const curves = sites.flatMap((site): readonly ChartedCurve[] => {
    // The last match: the first size, that of the collection, can be the same number.
    const index = site.sizes.findLastIndex(({ persons }) => persons === COMPARED_PERSONS);
    return [
      { title: site.group ?? 'all people', points: site.curves[index] ?? [], operating: site.sizes[index] },
    ];
  });
  return [`<h3>${title}</h3>`, detChart(title, curves)];
}

function viewsOf({ views }: SiteEvaluation): string {
  return views === 1 ? 'single photos' : `tracks of ${views} views`;
}
