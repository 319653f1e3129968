import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as enrolment from '../../daemon/contract/enrolment.js';
import * as liveness from '../../daemon/contract/liveness.js';
import * as recognition from '../../daemon/contract/recognition.js';
import { MOST_PHOTOGRAPHS } from '../../daemon/core/gallery/persons/enrolment.js';
import { largestPhotographMiB, mostAnalysedFaces, orderLimits } from '../../daemon/vision/protocol.js';

const mebibyte = 1024 * 1024;

/** The contract imports neither the core nor vision, so it repeats their limits. */
test('the contract has the limits of the program', () => {
  assert.equal(enrolment.maximumPhotographs, MOST_PHOTOGRAPHS);
  assert.equal(enrolment.maximumPhotographBytes, largestPhotographMiB * mebibyte);
  assert.equal(recognition.maximumFaces, mostAnalysedFaces);
  assert.equal(liveness.maximumClipBytes, orderLimits.attachmentBytes());
});
