import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { policyOver } from '../../daemon/kernel/identification/gallery-policy.js';
import {
  type ComparedPassage,
  confusionMatrices,
  isDifferent,
} from '../../daemon/kernel/identification/passage-comparison.js';
import { personId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import {
  comparisonCsv,
  comparisonSvg,
  describeComparison,
  type PolicyComparison,
} from '../../daemon/lab/describe-comparison.js';
import { CachingFaceAnalyser } from '../../daemon/vision/caching-face-analyser.js';
import { ScriptedAnalyser, scriptedFrame } from '../support/scripted-analyser.js';

function passage(
  a: string,
  b: string,
  truth?: string,
  events = ['attendance', 'attendance'],
): ComparedPassage {
  const [eventA = 'none', eventB = 'none'] = events;
  return {
    clip: 'door.mp4',
    track: 't1',
    firstSeenS: 1,
    lastSeenS: 4.25,
    truth,
    a: { who: a, event: eventA, atS: 2 },
    b: { who: b, event: eventB, atS: 3.5 },
  };
}

const passages = [
  passage('ada', 'ada', 'ada'),
  passage('ada', '(no match)', 'ada', ['attendance', 'unknown']),
  passage('grace', 'ada', 'grace'),
  passage('(no match)', '(no match)', undefined, ['unknown', 'unknown']),
];

const comparison: PolicyComparison = {
  recogniser: 'scripted',
  a: {
    match: { threshold: 0.5, margin: 0, minimumProbes: 2, targetFpir: undefined },
    liveness: defaultLivenessPolicy,
  },
  b: {
    match: { threshold: 0.7, margin: 0, minimumProbes: 2, targetFpir: undefined },
    liveness: defaultLivenessPolicy,
  },
  people: 2,
  clips: 1,
  passages,
};

describe('passages under two sets of settings', () => {
  test('differ in the person or the event, not in the time', () => {
    assert.deepEqual(passages.map(isDifferent), [false, true, true, false]);
    assert.ok(isDifferent(passage('ada', 'ada', undefined, ['attendance', 'none'])));
  });

  test('give a matrix of A against B, and of the known truth against each', () => {
    const [inA, inB, both] = confusionMatrices(passages);
    assert.deepEqual(inA?.labels, ['ada', 'grace']);
    assert.deepEqual(inA?.counts, [
      [2, 0],
      [0, 1],
    ]);
    assert.deepEqual([inB?.rows, inB?.columns], ['truth', 'B']);
    assert.deepEqual(inB?.labels, ['ada', 'grace', '(no match)']);
    assert.deepEqual(inB?.counts, [
      [1, 0, 1],
      [1, 0, 0],
      [0, 0, 0],
    ]);
    assert.equal(
      both?.counts.flat().reduce((sum, count) => sum + count),
      4,
    );
    assert.equal(confusionMatrices([passage('ada', 'ada')]).length, 1);
  });

  test('are listed with time, person and the differing settings', () => {
    const text = describeComparison(comparison);
    assert.match(text, /^threshold +0\.5 +0\.7$/m);
    assert.doesNotMatch(text, /minimumProbes/);
    assert.match(text, /passages that differ: 2 of 4/);
    assert.match(
      text,
      /1\.0 to 4\.3 s +ada +ada, event attendance at 2\.0 s +\(no match\), event unknown at 3\.5 s/,
    );
  });

  test('without differences are reported as equal', () => {
    const same = { ...comparison, b: comparison.a, passages: [passage('ada', 'ada')] };
    assert.match(describeComparison(same), /A and B are the same settings\n\nno passage differs/);
  });
});

describe('the confusion matrices', () => {
  test('as CSV have a line for each pair that occurred, and no cell runs as a formula', () => {
    const csv = comparisonCsv({ ...comparison, passages: [...passages, passage('=1+1', 'ada')] });
    assert.match(csv, /^matrix,row,column,passages\r\n/);
    assert.match(csv, /^truth against B,ada,\(no match\),1\r$/m);
    assert.match(csv, /^A against B,grace,ada,1\r$/m);
    assert.doesNotMatch(csv, /,=1/);
  });

  test('as a picture contain every count, and names as text', () => {
    const svg = comparisonSvg({ ...comparison, passages: [...passages, passage('<b>', '<b>')] });
    assert.equal(svg.match(/<g /g)?.length, 3);
    assert.match(svg, />2<\/text>/);
    assert.match(svg, /&lt;b&gt;/);
    assert.doesNotMatch(svg, /<b>|<script|href/);
  });
});

describe('the policy over a gallery', () => {
  const at = (degrees: number): Float32Array => {
    const angle = (degrees * Math.PI) / 180;
    return Float32Array.of(Math.cos(angle), Math.sin(angle));
  };
  const gallery = [
    { personId: personId('ada'), references: [at(0), at(2)] },
    { personId: personId('grace'), references: [at(1), at(3)] },
    { personId: personId('mary'), references: [at(90), at(92)] },
  ];
  const policy = { threshold: 0.9, margin: 0.02, minimumProbes: 1 };

  test('knows inseparable pairs in either order', () => {
    const { isInseparable } = policyOver(gallery, policy, undefined);
    assert.equal(isInseparable?.(personId('grace'), personId('ada')), true);
    assert.equal(isInseparable?.(personId('ada'), personId('grace')), true);
    assert.equal(isInseparable?.(personId('ada'), personId('mary')), false);
  });

  test('has a higher threshold for a person with a near neighbour, if a target is set', () => {
    const thresholdOf = (target: number | undefined) =>
      policyOver(gallery, policy, target).thresholdOf?.(personId('ada')) ?? 0;
    assert.equal(thresholdOf(undefined), policy.threshold);
    assert.ok(thresholdOf(0.01) > 0.99, `${thresholdOf(0.01)}`);
  });
});

describe('two analyses of one picture', () => {
  test('run the networks once, and again for the next picture', async () => {
    const scripted = new ScriptedAnalyser(() => [
      { box: { x: 500, y: 400, width: 120, height: 120 }, who: 'ada' },
    ]);
    const analyser = new CachingFaceAnalyser(scripted, 'exact');
    const { picture } = scriptedFrame(0, 0);
    const region = { x: 490, y: 390, width: 140, height: 140 };
    analyser.show(0);
    const [face] = await analyser.locate(picture, [region]);
    assert.ok(face);
    assert.equal((await analyser.locate(picture, [region]))[0], face);
    const embedding = await analyser.embed(picture, face);
    assert.equal(await analyser.embed(picture, face), embedding);
    await analyser.locate(picture, [{ ...region, x: 489.9 }]);
    assert.deepEqual([scripted.calls.locate, scripted.calls.embed], [2, 1]);
    analyser.show(1);
    await analyser.embed(scriptedFrame(1, 33).picture, face);
    assert.equal(scripted.calls.embed, 2);
  });

  test('share what the detector found, unless one of them looked quickly or for other faces', async () => {
    const scripted = new ScriptedAnalyser(() => []);
    const analyser = new CachingFaceAnalyser(scripted, 'exact');
    const { picture } = scriptedFrame(0, 0);
    for (const [options, runs] of [
      [{ smallestFacePx: 40 }, 1],
      [{ smallestFacePx: 40, isQuick: false }, 1],
      [{ smallestFacePx: 40, isQuick: true }, 2],
      [{ smallestFacePx: 40, isQuick: true }, 2],
      [{ smallestFacePx: 60 }, 3],
    ] as const) {
      await analyser.detect(picture, options);
      assert.equal(scripted.calls.detect, runs, JSON.stringify(options));
    }
  });

  test('share an answer if they nearly agree and that is requested', async () => {
    const scripted = new ScriptedAnalyser(() => [
      { box: { x: 500, y: 400, width: 120, height: 120 }, who: 'ada' },
    ]);
    const analyser = new CachingFaceAnalyser(scripted, 'near');
    const { picture } = scriptedFrame(0, 0);
    const region = { x: 490, y: 390, width: 140, height: 140, rollDeg: 0 };
    analyser.show(0);
    const [face] = await analyser.locate(picture, [region]);
    const [moved, tilted, elsewhere] = await analyser.locate(picture, [
      { ...region, x: 493, rollDeg: 2 },
      { ...region, rollDeg: 5 },
      { ...region, x: 500 },
    ]);
    assert.equal(moved, face);
    assert.ok(tilted !== face && elsewhere !== face);
    assert.deepEqual([scripted.calls.locate, scripted.calls.largestLocate], [2, 2]);
  });
});
