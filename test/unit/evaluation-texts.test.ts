import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import type { OutcomeRates, Presentation, Share } from '../../daemon/kernel/liveness/presentation-rates.js';
import { type BlinkReport, blinksPage, describeBlinks, rateText } from '../../daemon/lab/blink-report.js';
import {
  comparisonCsv,
  comparisonSvg,
  describeComparison,
  type PolicyComparison,
} from '../../daemon/lab/describe-comparison.js';
import { describeIdentification, type IdentifyEvaluation } from '../../daemon/lab/describe-identification.js';
import { describeLiveness, type LivenessEvaluation } from '../../daemon/lab/describe-liveness.js';
import { detChart } from '../../daemon/lab/det-chart.js';
import { describeGrouping, type GroupingEvaluation } from '../../daemon/lab/evaluate-grouping.js';
import { strangerOf } from '../../daemon/lab/evaluate-identify.js';
import { evaluateSite, percent, type SiteEvaluation } from '../../daemon/lab/evaluate-site.js';
import { evaluationNotes } from '../../daemon/lab/evaluation-notes.js';
import { escapeMarkup, htmlPage, htmlTable } from '../../daemon/lab/html-page.js';
import { identificationPage } from '../../daemon/lab/identification-page.js';
import { chartHeight, faultsOf, opennessChart } from '../../daemon/lab/openness-chart.js';
import type { RecordedView } from '../../daemon/lab/track-record.js';
import { expectedTexts } from '../support/expected-text.js';

const expected = expectedTexts('evaluations.txt');

const look = (atS: number, left?: number, right?: number, fault?: RecordedView['fault']): RecordedView => ({
  ...{ atS, left, right, fault },
});

const noMarks = { found: [], truth: undefined, ambiguous: [], decisions: [] };

describe('the curve of the eyes', () => {
  test('is drawn as ever', () => {
    const looks = [
      look(3.2, 0.31, 0.29),
      look(3.45, 0.1, 0.2),
      look(3.7, 0.5, -0.1),
      look(4, 0.3, undefined),
      look(4.1, undefined, undefined, 'turned-away'),
      look(4.2, undefined, 0.3, 'too-dark' as RecordedView['fault']),
      look(4.9, undefined, undefined, 'turned-away'),
    ];
    const chart = opennessChart('track <1>', looks, {
      found: [
        { atS: 3.45, durationS: 0.2 },
        { atS: 4.5, durationS: 0.001 },
      ],
      truth: [3.4],
      ambiguous: [4.4],
      decisions: [
        { atS: 3.5, text: 'live (blinked) & so on' },
        { atS: 3.95, text: 'left of the middle' },
        { atS: 4.8, text: 'attack' },
      ],
    });
    expected('a chart of a track with every kind of mark', chart);
  });

  test('has an axis of one second if nothing was seen', () => {
    expected('a chart of a track without a look', opennessChart('eyes', [], noMarks));
  });

  test('has about twenty labels however long the track is', () => {
    const labels = (fromS: number, untilS: number) =>
      [
        ...opennessChart('eyes', [look(fromS, 0.3, 0.3), look(untilS, 0.3, 0.3)], noMarks).matchAll(
          />(\d+) s</g,
        ),
      ].map(([, second]) => Number(second));
    const steps = [20, 21, 40, 41, 100, 101, 200, 201, 600, 601, 1200, 1201, 6000, 6001].map((lastS) => {
      const [first = 0, second = 0] = labels(0, lastS);
      return second - first;
    });
    assert.deepEqual(steps, [1, 2, 2, 5, 5, 10, 10, 30, 30, 60, 60, 300, 300, 600]);
    assert.deepEqual(labels(7, 28), [8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28]);
    assert.deepEqual(labels(7.9, 8.1), [7, 8, 9]);
    assert.deepEqual(labels(100, 103), [100, 101, 102, 103]);
    assert.deepEqual(labels(8, 8), [8, 9]);
  });

  test('breaks where the next look is more than a quarter of a second later', () => {
    const path = (...at: readonly number[]) => {
      const chart = opennessChart(
        'eyes',
        at.map((atS) => look(atS, 0.2, 0.2)),
        noMarks,
      );
      const [, drawn = ''] = /<path d="(M[^"]*)" fill="none" stroke="#1b3a6b"/.exec(chart) ?? [];
      return drawn.replaceAll(/[^ML]/g, '');
    };
    assert.equal(path(0, 0.25, 0.5), 'MLL');
    assert.equal(path(0, 0.26, 0.5), 'MML');
  });

  test('has a row for each fault, in alphabetical order, and the height for it', () => {
    const looks = [
      look(0, 1, 1),
      look(1, 1, 1, 'turned-away'),
      look(2, 1, 1, 'covered' as RecordedView['fault']),
    ];
    assert.deepEqual(faultsOf([...looks, ...looks]), ['covered', 'turned-away']);
    assert.deepEqual([0, 1, 2].map(chartHeight), [216, 228, 240]);
  });
});

test('a chart of errors is drawn as ever', () => {
  const points = [
    { fpir: 0.0001, fnir: 0.7 },
    { fpir: 0.01, fnir: 0.05 },
    { fpir: 0.3, fnir: 0.002 },
  ];
  const curves = ['one', 'two', 'three', 'four', 'five', 'six', 'sev<en>'].map((title, index) => ({
    title,
    points: index === 0 ? points : [],
    operating: index === 1 ? { fpir: 0.02, fnir: 0.04 } : undefined,
  }));
  expected('a chart of errors with seven curves', detChart('errors & more', curves));
});

test('a page is the same for every evaluation', () => {
  expected(
    'a page',
    htmlPage('A & B', [
      '<p>body</p>',
      htmlTable(
        ['a<b', "c'd"],
        [
          ['"1"', '2 > 1'],
          ['&', ''],
        ],
      ),
    ]),
  );
  assert.equal(escapeMarkup(`<a href="b">'&'</a>`), '&lt;a href=&quot;b&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;');
});

describe('the report about blinks', () => {
  const report: BlinkReport = {
    ...{ fps: 10, provingFps: 15, toleranceS: 0.25, hits: 3, missed: 1, mistaken: 2 },
    ...{ precision: 0.6, recall: 0.75, f1: undefined },
    clips: [
      {
        ...{ clip: 'day/one.mp4', trueBlinks: 4, hits: 3, missed: [1.256], mistaken: [2, 3.5] },
        ...{ verdict: 'live', observedS: 5.26, ambiguous: 0 },
      },
      { clip: 'two.mp4', trueBlinks: 0, hits: 0, missed: [], mistaken: [], verdict: undefined, observedS: 0 },
    ],
    skipped: [
      { clip: 'three.mp4', reason: 'no-truth' },
      { clip: 'four.mp4', reason: 'not-found' },
    ],
  } as BlinkReport;

  test('has a line for each clip, the figures, and what was left out', () => {
    expected('blinks', describeBlinks(report));
    expected(
      'blinks without clips',
      describeBlinks({ ...report, clips: [], skipped: [], precision: undefined }),
    );
  });

  test('names the rate of proving only if it is higher', () => {
    assert.equal(rateText({ fps: 10, provingFps: 10 }), '10 frames per second');
    assert.equal(
      rateText({ fps: 10, provingFps: 11 }),
      '10 frames per second, up to 11 until a face has proven to be live',
    );
    assert.equal(rateText({ fps: 10, provingFps: 9 }), '10 frames per second');
  });

  test('has a page with each clip and each track', () => {
    const [one, two] = report.clips;
    assert.ok(one !== undefined && two !== undefined);
    const record = {
      ...{
        track: 't<1>',
        looks: [look(0, 0.3, 0.3), look(0.2, 0.1, 0.1)],
        quality: {},
        identity: {},
        events: [],
      },
      ...{ blinks: [{ atS: 0.2, durationS: 0.1 }], decisions: [{ atS: 0.1, text: 'live' }], lidsLowered: 0 },
    };
    const final = { verdict: 'live', reason: 'blinked' } as never;
    const tracks = [
      { ...record, eyeFaults: { 'turned-away': 2 }, final },
      { ...record, track: 't2', eyeFaults: {}, final: undefined },
    ];
    const charted = [
      { result: one, truth: { blinks: [0.15], ambiguous: [0.05] }, tracks },
      { result: two, truth: { blinks: [], ambiguous: [] }, tracks: [] },
    ];
    expected('page of blinks', blinksPage(report, charted));
    expected('page of blinks, nothing left out', blinksPage({ ...report, skipped: [] }, []));
  });
});

describe('the comparison of two sets of settings', () => {
  const match = { threshold: 0.5, margin: 0.02, minimumProbes: 2, targetFpir: 0.01 };
  const said = (who: string, event: string, atS?: number) => ({ who, event, atS });
  const passage = { clip: 'a.mp4', track: 't1', firstSeenS: 0.04, lastSeenS: 4.25 };
  const comparison: PolicyComparison = {
    ...{ recogniser: 'made-up', people: 1, clips: 2 },
    a: { match, liveness: defaultLivenessPolicy },
    b: {
      match: { ...match, threshold: 0.6, targetFpir: undefined },
      liveness: { ...defaultLivenessPolicy, attackAfterS: 9 },
    },
    passages: [
      { ...passage, truth: 'ada', a: said('ada', 'attendance', 1), b: said('ada', 'attendance', 3) },
      {
        ...passage,
        track: 't2',
        truth: 'ada',
        a: said('ada', 'attendance', 1),
        b: said('(no match)', 'none'),
      },
      {
        ...passage,
        track: 't3',
        truth: undefined,
        a: said('x&y', 'unknown', 2),
        b: said('ada', 'attendance', 2),
      },
    ],
  };

  test('is told in full', () => {
    expected('comparison', describeComparison(comparison));
    const same = { ...comparison, b: comparison.a, passages: comparison.passages.slice(0, 1) };
    expected('comparison without a difference', describeComparison(same));
  });

  test('has a table and a drawing of who was taken for whom', () => {
    expected('comparison as CSV', comparisonCsv(comparison).replaceAll('\r\n', ' CRLF\n'));
    expected('comparison as SVG', comparisonSvg(comparison));
  });
});

describe('the evaluation of grouping', () => {
  const rates = {
    ...{ precision: 0.98765, recall: 0.5, trackPrecision: 0.99, trackRecall: 0.61 },
    ...{ groups: 12.34, falsePairs: 0.26, matedPairs: 7 },
  };
  const evaluation: GroupingEvaluation = {
    ...{ recogniser: 'made-up', threshold: 0.4, people: 7, tracks: 20, sequences: 10 },
    unusable: [{ photograph: 'a.jpg', reason: 'dark' }],
    rates: [
      { threshold: 0.35, rates },
      { threshold: 0.4, rates: { ...rates, matedPairs: 8, precision: 1 } },
    ],
    validated: [
      { people: 4, tracks: 11, threshold: 0.35, rates },
      { people: 3, tracks: 9, threshold: 0.4, rates: { ...rates, precision: 0.9, recall: 0.7 } },
    ],
  };

  test('is told in full', () => {
    expected('grouping', describeGrouping(evaluation));
    expected(
      'grouping of few people',
      describeGrouping({ ...evaluation, rates: [], validated: [], unusable: [] }),
    );
  });
});

describe('the evaluation of liveness', () => {
  const share = (of: number): Share => ({
    count: of * 100,
    share: of,
    interval: [of / 2, of + (1 - of) / 2],
  });
  const outcome = (more: Partial<OutcomeRates> = {}): OutcomeRates => ({
    ...{ presentations: 12, looped: 1, clips: 3, people: 2 },
    ...{
      live: share(0.9),
      attack: share(0),
      undetermined: share(0.099),
      nonResponses: { 'too-close': 2, 'cut-off': 1 },
    },
    ...{ recognised: share(0.5), misrecognised: undefined },
    ...more,
  });
  const shown = (more: Partial<Presentation>): Presentation => ({
    ...{ clip: 'a.mp4', species: undefined, people: ['ada'], lengthS: 5, startS: 10, isLooped: false },
    ...{ verdict: 'live', reason: 'blinked', observedS: 3, attackCall: undefined, identity: undefined },
    ...more,
  });
  const evaluation: LivenessEvaluation = {
    ...{ fps: 10, provingFps: 15, loopS: 15, memory: 'near', enrolled: 1 },
    rates: [
      {
        lengthS: 5,
        genuine: outcome(),
        attacks: { print: outcome({ undetermined: share(0), live: share(0.1) }) },
      },
      {
        lengthS: 'whole',
        genuine: undefined,
        attacks: { print: outcome({ nonResponses: { 'no-face': 1 } }) },
      },
      { lengthS: 8, genuine: outcome({ undetermined: share(0), misrecognised: share(0.2) }), attacks: {} },
    ],
    stillPictures: [
      { clip: 'p.mp4', species: 'print', call: { afterS: 2.34, observedS: 1.26 }, observedS: 9.99 },
      { clip: 'q.mp4', species: 'screen-still', call: undefined, observedS: 4 },
    ],
    skipped: [{ clip: 'gone.mp4', reason: 'not-found' }],
    presentations: [
      shown({}),
      shown({ verdict: 'attack', reason: 'still-face' }),
      shown({ clip: 'p.mp4', species: 'print', lengthS: 'whole', startS: 0 }),
      shown({ clip: 'p.mp4', species: 'print', verdict: 'attack' }),
    ],
  };

  test('is told in full', () => expected('liveness', describeLiveness(evaluation)));

  test('has no sections about what there was not', () => {
    const nothing = { rates: [], stillPictures: [], skipped: [], presentations: [] };
    const text = describeLiveness({ ...evaluation, ...nothing, loopS: null, memory: 'none', enrolled: null });
    expected('liveness without passages', text);
    const [, onlyAttacks] = evaluation.rates;
    assert.ok(onlyAttacks);
    expected(
      'liveness of attacks, without a gallery',
      describeLiveness({ ...evaluation, ...nothing, rates: [onlyAttacks], enrolled: null }),
    );
    const [first] = evaluation.rates;
    assert.ok(first);
    expected(
      'liveness of people, without a gallery',
      describeLiveness({ ...evaluation, ...nothing, rates: [{ ...first, attacks: {} }], enrolled: null }),
    );
  });
});

describe('the evaluation of identification', () => {
  const rates = { fpir: 0.0123, fnir: 0.25, fpirInterval: [0.01, 0.02], fnirInterval: [0.2, 0.3] } as const;
  const list = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      ...{ photograph: `photo-${index}.jpg`, takenFor: 'ada', accepted: index, searches: 20, missed: index },
    }));
  const site: SiteEvaluation = {
    ...{ group: undefined, views: 1, people: 5, strangers: 6, pairs: 10, comparisons: 99 },
    sizes: [
      {
        ...{ persons: 5, fpir: 0.02, fpirAtMost: 0.5, fnir: 0.1, fnirInterval: [0.05, 0.2] },
        advised: { threshold: 0.55, fnir: 0.2 },
      },
      {
        ...{ persons: 1000, fpir: 0.0005, fpirAtMost: 0.9, fnir: 0.1, fnirInterval: [0.05, 0.2] },
        advised: { threshold: -1, fnir: 0.3 },
      },
      {
        ...{ persons: 10_000, fpir: 0.0000005, fpirAtMost: 1, fnir: 0, fnirInterval: [0, 0.2] },
        advised: undefined,
      },
    ],
    curves: [[{ threshold: 0.5, fpir: 0.1, fnir: 0.1 }], [{ threshold: 0.6, fpir: 0.2, fnir: 0.05 }], []],
  };
  const evaluation: IdentifyEvaluation = {
    ...{
      recogniser: 'made-up',
      people: 5,
      strangers: 6,
      photographs: 30,
      references: 2,
      splits: 4,
      warned: 3,
    },
    ...{ matedSearches: 60, nonMatedSearches: 24, rankOne: 0.9876, failureToEnrol: 0.2 },
    operating: { threshold: 0.5, margin: 0.02, ...rates },
    points: [{ threshold: 0.41, ...rates }],
    comparisons: { mated: 70, nonMated: 300, points: [{ threshold: 0.33, fmr: 0.001, fnmr: 0.04 }] },
    agreement: { sets: 8, refused: 0.125, mixedSets: 9, mixedAccepted: 0.01 },
    refused: [
      { photograph: 'dark.jpg', reason: 'too dark', isFailureToAcquire: false },
      { photograph: 'wall.jpg', reason: 'no face', isFailureToAcquire: true },
    ],
    missed: list(16),
    accepted: list(15),
    confused: list(17),
    groups: [
      {
        ...{ title: 'north', people: 3, strangers: 2, nonMatedComparisons: 50, fmr: 0.01, timesAll: 2.34 },
        ...{ fpir: 0.5, fpirInterval: [0.1, 0.9] },
      },
      {
        ...{ title: 'south', people: 2, strangers: 4, nonMatedComparisons: 40, fmr: 0, timesAll: undefined },
        ...{ fpir: 0, fpirInterval: [0, 0.4] },
      },
    ],
    calibrated: {
      targetFpir: 0.01,
      rates: [
        {
          ...{ title: 'all', people: 5, strangers: 6, matedSearches: 60, nonMatedSearches: 24 },
          ...{ fixed: { ...rates, mistaken: 0.03 }, calibrated: { ...rates, fpir: 0.001, mistaken: 0 } },
        },
        {
          ...{ title: 'nobody', people: 0, strangers: 0, matedSearches: 0, nonMatedSearches: 0 },
          ...{ fixed: { ...rates, mistaken: 0 }, calibrated: { ...rates, mistaken: 0 } },
        },
        {
          ...{ title: 'one', people: 1, strangers: 0, matedSearches: 1, nonMatedSearches: 2 },
          ...{ fixed: { ...rates, mistaken: 0 }, calibrated: { ...rates, mistaken: 0 } },
        },
      ],
    },
    crossValidation: {
      ...{ targetFpir: 0.01, margin: 0.02, people: 5, strangers: 1, ...rates },
      folds: [
        { threshold: 0.51, people: 3, strangers: 2, fpir: 0.02, fnir: 0.3 },
        { threshold: 0.49, people: 2, strangers: 4, fpir: 0, fnir: 0.1 },
      ],
    },
    site: [
      site,
      { ...site, views: 3 },
      { ...site, group: 'north', people: 3 },
      { ...site, group: 'south', views: 3 },
    ],
  } as IdentifyEvaluation;

  test('is told in full', () => expected('identification', describeIdentification(evaluation)));

  test('has no sections about what there was not', () => {
    const { calibrated: _, crossValidation: __, ...rest } = evaluation;
    const none = {
      missed: [],
      accepted: [],
      confused: [],
      groups: [],
      site: [],
      refused: [],
      splits: 1,
      strangers: 1,
    };
    const agreement = { ...evaluation.agreement, mixedSets: 0 };
    expected(
      'identification at its least',
      describeIdentification({ ...rest, ...none, agreement, references: 1 }),
    );
  });

  test('has a page', () => {
    expected('page of identification', identificationPage(evaluation));
    const none = { groups: [], site: evaluation.site.slice(0, 1) };
    expected('page of identification without groups', identificationPage({ ...evaluation, ...none }));
  });

  test('shows small rates with more digits', () => {
    assert.deepEqual([0, 9e-7, 1e-6, 0.00099999, 0.001, 0.12345, 1].map(percent), [
      '0.0000 %',
      '< 0.0001 %',
      '0.0001 %',
      '0.1000 %',
      '0.10 %',
      '12.35 %',
      '100.00 %',
    ]);
  });

  test('estimates for larger galleries only where people were compared', () => {
    const policy = { threshold: 0.9, margin: 0.01, minimumProbes: 1 };
    const trial = { references: 1, splits: 1, policy, views: 1 };
    const sample = (x: number) => ({
      embedding: Float32Array.of(x, Math.sqrt(1 - x * x)),
      isEnrollable: true,
    });
    const person = (name: string, ...at: readonly number[]) => ({ name, samples: at.map(sample) });
    const sizesOf = (...[people, strangers]: [ReturnType<typeof person>[], ReturnType<typeof sample>[]]) =>
      evaluateSite(people, strangers, [], trial).map((each) => [
        each.people,
        each.strangers,
        each.comparisons,
      ]);
    assert.deepEqual(sizesOf([], []), []);
    assert.deepEqual(sizesOf([person('ada', 0.1, 0.2)], []), [], 'nobody else');
    assert.deepEqual(sizesOf([person('ada', 0.1)], [sample(0.9)]), [], 'nobody searched');
    assert.deepEqual(sizesOf([person('ada', 0.1, 0.2)], [sample(0.9)]), [[1, 1, 1]]);
  });
});

test('an evaluation says how far it has come, unless its result is for a program', (t) => {
  const write = t.mock.method(process.stderr, 'write', () => true);
  for (const json of [undefined, false, true]) evaluationNotes({ json })(`json ${json}`);
  assert.deepEqual(
    write.mock.calls.map(({ arguments: [text] }) => text),
    ['json undefined\n', 'json false\n'],
  );
});

test('photos of unknown persons belong together by their names without the number at the end', () => {
  const files = ['man-1.jpg', 'man_02.png', 'man 3.jpg', 'man4.jpg', 'woman.jpg', '0123.jpg', 'a1b-2.jpg'];
  assert.deepEqual(files.map(strangerOf), ['man', 'man', 'man', 'man', 'woman', '0123.jpg', 'a1b']);
});
