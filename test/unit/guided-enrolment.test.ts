import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { QualityReason } from '../../daemon/kernel/faces/quality.js';
import {
  type EnrolmentStep,
  enrolmentSteps,
  type GuidedEyes,
  type GuidedFace,
  hintFor,
  nextEyes,
  noEyes,
  stepOf,
} from '../../daemon/kernel/persons/enrolment-guidance.js';

const usual: GuidedFace = {
  box: { x: 200, y: 100, width: 200, height: 240 },
  ...{ reasons: [], yawDeg: 0, pitchDeg: 0, openness: 0.3, meanLuma: 130, lumaAround: 90 },
};
const face = (change: Partial<GuidedFace>): GuidedFace => ({ ...usual, ...change });
const hint = (change: Partial<GuidedFace>, open: readonly EnrolmentStep[] = enrolmentSteps) =>
  hintFor({ widthPx: 640, faceCount: 1, face: face(change) }, open);

describe('the step of a view', () => {
  test('is front, or the own side of the person, and none too far', () => {
    const steps = [-40, -25, -16, 0, 16, 17, 33, 34].map((yawDeg) => stepOf(face({ yawDeg })));
    const [front, left, right] = ['front', 'left', 'right'];
    const none = undefined;
    assert.deepEqual(steps, [none, right, front, front, front, left, left, none]);
    assert.equal(stepOf(face({ pitchDeg: 28 })), undefined);
  });
});

describe('a hint', () => {
  test('asks for one person first', () => {
    assert.equal(hintFor({ widthPx: 640, faceCount: 0 }, enrolmentSteps), 'no-face');
    assert.equal(hintFor({ widthPx: 640, faceCount: 3 }, enrolmentSteps), 'one-person-only');
  });

  test('tells how to mend what the gates refuse', () => {
    const hints = (['too-small', 'dark', 'overexposed', 'blurred', 'occluded'] as QualityReason[]).map(
      (reason) => hint({ reasons: [reason] }),
    );
    assert.deepEqual(hints, ['come-closer', 'more-light', 'less-light', 'hold-still', 'uncover-face']);
    assert.equal(hint({ reasons: ['cut-off'] }), 'centre-face');
    const large = { x: 0, y: 0, width: 500, height: 600 };
    assert.equal(hint({ reasons: ['cut-off'], box: large }), 'move-back');
  });

  test('sees a window behind the person, also where the gates take the face', () => {
    assert.equal(hint({ meanLuma: 50, lumaAround: 170 }), 'light-from-behind');
    assert.equal(hint({ meanLuma: 20, lumaAround: 170, reasons: ['dark'] }), 'light-from-behind');
    assert.equal(hint({ meanLuma: 50, lumaAround: 60 }), 'look-at-camera');
  });

  test('leads through the steps that are open', () => {
    assert.equal(hint({ yawDeg: 20 }), 'look-at-camera');
    assert.equal(hint({}, ['left', 'right', 'blink']), 'turn-left');
    assert.equal(hint({ yawDeg: 34 }, ['left']), 'turn-less');
    assert.equal(hint({ yawDeg: 20 }, ['right', 'blink']), 'turn-right');
    assert.equal(hint({ yawDeg: -40, reasons: ['turned-away'] }, ['right']), 'turn-less');
    assert.equal(hint({}, ['blink']), 'blink-now');
    assert.equal(hint({ reasons: ['occluded'] }, ['blink']), 'blink-now', 'closed eyes have little contrast');
    assert.equal(hint({}, []), 'done');
  });
});

describe('a blink in single pictures', () => {
  /** What is seen of these measures, one each 300 ms, and whether a blink was. */
  function seen(measures: readonly number[], change: Partial<GuidedFace> = {}, everyMs = 300) {
    let eyes: GuidedEyes = noEyes;
    const states: string[] = [];
    for (const [index, openness] of measures.entries()) {
      const step = nextEyes(eyes, face({ openness, ...change }), index * everyMs);
      eyes = step.eyes;
      states.push(step.hasBlinked ? 'blinked' : step.seen);
    }
    return states;
  }

  test('is open, closed and open again', () => {
    const states = seen([0.31, 0.3, 0.32, 0.3, 0.1, 0.09, 0.31, 0.3]);
    assert.deepEqual(states.slice(3), ['open', 'closed', 'closed', 'blinked', 'open']);
  });

  test('is none where the eyes were never seen open, stay closed or half open', () => {
    assert.ok(!seen([0.1, 0.1, 0.1, 0.1, 0.1, 0.1]).includes('blinked'));
    assert.ok(!seen([0.3, 0.3, 0.3, 0.22, 0.21, 0.3, 0.3]).includes('blinked'));
    const long = [0.3, 0.3, 0.3, 0.3, ...Array<number>(15).fill(0.1), 0.3];
    assert.ok(!seen(long).includes('blinked'), 'longer than any blink');
  });

  test('is not measured in a turned or blurred view', () => {
    const measures = [0.3, 0.3, 0.3, 0.3, 0.1, 0.3];
    assert.ok(seen(measures, { yawDeg: 25 }).every((state) => state === 'unknown'));
    assert.ok(seen(measures, { reasons: ['blurred'] }).every((state) => state === 'unknown'));
  });
});
