import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as enrolment from '../../daemon/contract/enrolment.js';
import * as liveness from '../../daemon/contract/liveness.js';
import { mostPreparations, orderLimits } from '../../daemon/contract/vision/vision-orders.js';
import { MOST_PHOTOGRAPHS } from '../../daemon/core/gallery/persons/enrolment.js';
import { preparations } from '../../daemon/vision/inference/preparation.js';

/** The contract imports neither the core nor vision, so it repeats their limits. */
test('the contract has the limits of the program', () => {
  assert.equal(enrolment.maximumPhotographs, MOST_PHOTOGRAPHS);
  assert.equal(liveness.maximumClipBytes, orderLimits.attachmentBytes());
  assert.equal(mostPreparations, preparations.length);
});
