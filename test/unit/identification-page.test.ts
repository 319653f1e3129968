import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { groupRates } from '../../daemon/kernel/identification/group-rates.js';
import { reportIdentification } from '../../daemon/kernel/identification/identification-report.js';
import type { LabelledPerson, Sample } from '../../daemon/kernel/identification/identification-trial.js';
import { describeIdentification } from '../../daemon/lab/describe-identification.js';
import { detChart } from '../../daemon/lab/det-chart.js';
import { evaluateSite, siteRows } from '../../daemon/lab/evaluate-site.js';
import { identificationPage } from '../../daemon/lab/identification-page.js';

function sample(angleDeg: number): Sample {
  const angle = (angleDeg * Math.PI) / 180;
  return { embedding: Float32Array.of(Math.cos(angle), Math.sin(angle)), isEnrollable: true };
}

const people: readonly LabelledPerson[] = [0, 40, 80, 120, 160].map((at) => ({
  name: `person ${at}`,
  samples: [at, at + 3, at + 5, at + 20].map(sample),
}));
const strangers = [200, 240, 280, 320].map(sample);

function evaluation() {
  const trial = {
    references: 2,
    splits: 6,
    policy: { threshold: 0.95, margin: 0.02, minimumProbes: 1 },
  };
  const groups = [
    {
      title: 'first <three>',
      names: new Set(people.slice(0, 3).map(({ name }) => name)),
      strangers: new Set([0]),
    },
  ];
  return {
    ...reportIdentification(people, strangers, trial),
    recogniser: 'made-up & tested',
    people: people.length,
    strangers: strangers.length,
    photographs: 24,
    warned: 1,
    references: trial.references,
    splits: trial.splits,
    refused: [],
    missed: [{ photograph: 'secret-name.jpg', missed: 1, searches: 3 }],
    accepted: [],
    confused: [],
    groups: groupRates(people, strangers, groups, trial),
    site: evaluateSite(people, strangers, groups, { ...trial, views: 2 }),
  };
}

describe('the evaluation at the size of a site', () => {
  test('covers all people and each group, as single photographs and as tracks, for four sizes', () => {
    const { site } = evaluation();
    assert.deepEqual(
      site.map(({ group, views, people: count, strangers: others }) => [group, views, count, others]),
      [
        [undefined, 1, 5, 4],
        [undefined, 2, 5, 0],
        ['first <three>', 1, 3, 1],
        ['first <three>', 2, 3, 0],
      ],
    );
    assert.deepEqual(
      site[0]?.sizes.map(({ persons }) => persons),
      [5, 100, 1000, 10_000],
    );
  });

  test('leaves out tracks for which there are too few photographs', () => {
    const options = {
      references: 2,
      splits: 6,
      policy: { threshold: 0.9, margin: 0, minimumProbes: 1 },
      views: 3,
    };
    assert.deepEqual(
      evaluateSite(people, strangers, [], options).map(({ views }) => views),
      [1],
    );
  });

  test('is in the text with its assumption', () => {
    const text = describeIdentification(evaluation());
    assert.match(text, /at the size of a site/);
    assert.match(text, /independent/);
    assert.match(text, /^1 +10000 /m);
  });
});

test('a threshold that every similarity reaches is shown as a word', () => {
  const [first] = evaluation().site;
  assert.ok(first);
  const shown = [-1, 0.5, undefined].map((threshold) => {
    const advised = threshold === undefined ? undefined : { threshold, fnir: 0 };
    return siteRows({
      ...first,
      sizes: first.sizes.slice(0, 1).map((size) => ({ ...size, advised })),
    })[0]?.[6];
  });
  assert.deepEqual(shown, ['any', '0.500', 'none']);
});

describe('the page of an evaluation', () => {
  const page = identificationPage(evaluation());

  test('has a chart for each kind of track and for the groups, and all tables', () => {
    assert.equal(page.match(/<svg /g)?.length, 4);
    for (const text of ['10000 persons', '95 % interval', 'threshold for FPIR 1 %', '5 people', 'FNMR']) {
      assert.ok(page.includes(text), text);
    }
  });

  test('contains no scripts, external content, photographs or names of persons', () => {
    assert.doesNotMatch(page, /<script|<img|<link|<image|url\(|href=|src=|https?:|javascript:|\son\w+=/i);
    assert.match(page, /default-src 'none'/);
    assert.doesNotMatch(page, /secret-name|person 40/);
  });

  test('writes titles as text', () => {
    assert.match(page, /first &lt;three&gt;/);
    assert.doesNotMatch(page, /<three>/);
    assert.match(page, /made-up &amp; tested/);
  });
});

describe('a chart of errors', () => {
  /** Coordinates of the circle, the operating point. */
  const circle = (fpir: number, fnir: number): readonly [number, number] => {
    const svg = detChart('title', [{ title: 'curve', points: [], operating: { fpir, fnir } }]);
    const [, x, y] = /<circle cx="([\d.]+)" cy="([\d.]+)"/.exec(svg) ?? [];
    return [Number(x), Number(y)];
  };

  test('has both axes on the normal deviate scale: equal steps of the deviate are equally wide', () => {
    // Shares of the normal distribution under -3, -2 and -1.
    const [[x3, y3], [x2, y2], [x1, y1]] = [
      circle(0.00135, 0.00135),
      circle(0.02275, 0.02275),
      circle(0.15866, 0.15866),
    ];
    assert.ok(Math.abs(x2 - x3 - (x1 - x2)) < 0.4, `${x3}, ${x2}, ${x1}`);
    assert.ok(Math.abs(y3 - y2 - (y2 - y1)) < 0.4, `${y3}, ${y2}, ${y1}`);
    assert.ok(x1 > x2 && y1 < y2, 'more errors are to the right and further up');
  });

  test('has the rates beside its axes, outside the plot', () => {
    const svg = detChart('title', [{ title: 'curve', points: [], operating: { fpir: 0.1, fnir: 0.1 } }]);
    const [, left, top, side] = /<rect x="(\d+)" y="(\d+)" width="(\d+)"/.exec(svg)?.map(Number) ?? [];
    const labels = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>[\d.]+\u00a0%</g)];
    assert.ok(labels.length >= 8 && left !== undefined && top !== undefined && side !== undefined);
    for (const [text, x, y] of labels)
      assert.ok(Number(x) < left || Number(y) > top + side, `${text} is in the plot`);
  });

  test('draws rates that are off the scale at its edge', () => {
    assert.deepEqual(circle(0, 1), circle(0.0001, 0.9));
  });
});
