import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Embedding, similarityOf } from '../../daemon/kernel/identification/match.js';
import { emptyFaceMemory, type FaceJudgement, recallFace } from '../../daemon/kernel/tracks/same-face.js';

const policy = { threshold: 0.8, strangeLimit: 2 };

/** A unit vector in the plane, `degrees` away from the first axis. */
function view(degrees: number): Embedding {
  const radians = (degrees * Math.PI) / 180;
  return Float32Array.of(Math.cos(radians), Math.sin(radians));
}

function judge(...degrees: readonly number[]): FaceJudgement[] {
  let memory = emptyFaceMemory;
  return degrees.map((each) => {
    const recalled = recallFace(memory, view(each), policy);
    memory = recalled.memory;
    return recalled.judgement;
  });
}

describe('recallFace', () => {
  test('takes the first view as it is and follows a head that turns slowly', () => {
    assert.deepEqual(judge(0, 20, 40, 60, 80), ['same', 'same', 'same', 'same', 'same']);
  });

  test('doubts one strange view and accepts the second', () => {
    assert.deepEqual(judge(0, 90, 90), ['same', 'doubtful', 'another']);
  });

  test('ignores a strange view when the face comes back', () => {
    assert.deepEqual(judge(0, 90, 5, 90, 5), ['same', 'doubtful', 'same', 'doubtful', 'same']);
  });

  test('does not compare vectors of another length', () => {
    const { memory } = recallFace(emptyFaceMemory, view(0), policy);
    assert.equal(recallFace(memory, Float32Array.of(1, 0, 0), policy).judgement, 'doubtful');
  });

  test('remembers the latest five views', () => {
    assert.equal(judge(0, 30, 60, 90, 120, 20).at(-1), 'same', 'near the second');
    assert.equal(judge(0, 30, 60, 90, 120, -10).at(-1), 'same', 'near the first of five');
    assert.equal(judge(0, 30, 60, 90, 120, 150, 20).at(-1), 'same', 'near the first of the latest five');
    assert.equal(judge(0, 30, 60, 90, 120, 150, -10).at(-1), 'doubtful', 'near the one before them');
  });

  test('takes a similarity of exactly the threshold for the same face', () => {
    const { memory } = recallFace(emptyFaceMemory, Float32Array.of(1, 0), policy);
    const half = { threshold: 0.5, strangeLimit: 3 };
    assert.equal(recallFace(memory, Float32Array.of(0.5, 0.8), half).judgement, 'same');
    assert.equal(recallFace(memory, Float32Array.of(0.49, 0.8), half).judgement, 'doubtful');
    assert.equal(similarityOf(Float32Array.of(0.5, 0.25), Float32Array.of(0.5, -1)), 0);
    assert.equal(similarityOf(Float32Array.of(1), Float32Array.of(1, 0)), -1);
  });
});
