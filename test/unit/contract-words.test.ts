import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as enrolment from '../../daemon/contract/enrolment.js';
import * as guided from '../../daemon/contract/guided-enrolment.js';
import * as liveness from '../../daemon/contract/liveness.js';
import * as person from '../../daemon/contract/person.js';
import * as recognition from '../../daemon/contract/recognition.js';
import { MOST_PHOTOGRAPHS } from '../../daemon/core/gallery/persons/enrolment.js';
import { facePlaces } from '../../daemon/kernel/faces/photographed-faces.js';
import { qualityReasons } from '../../daemon/kernel/faces/quality.js';
import { challengeActions } from '../../daemon/kernel/liveness/challenge.js';
import { largestClipMiB, mostClipFiles } from '../../daemon/kernel/liveness/clip-limits.js';
import { challengeReasons, livenessReasons } from '../../daemon/kernel/liveness/liveness.js';
import { consentBases } from '../../daemon/kernel/persons/consent.js';
import { enrolmentSteps, guideHints } from '../../daemon/kernel/persons/guided-enrolment.js';
import { largestPhotographMiB, mostAnalysedFaces } from '../../daemon/vision/protocol.js';

const mebibyte = 1024 * 1024;

/** The contract imports nothing of the program, so it repeats these words and limits. */
test('the contract has the words and limits of the program', () => {
  assert.deepEqual(person.consentBases, consentBases);
  assert.deepEqual(enrolment.facePlaces, facePlaces);
  assert.equal(enrolment.maximumPhotographs, MOST_PHOTOGRAPHS);
  assert.equal(enrolment.maximumPhotographBytes, largestPhotographMiB * mebibyte);
  assert.deepEqual(recognition.faceQualityReasons, qualityReasons);
  assert.equal(recognition.maximumFaces, mostAnalysedFaces);
  assert.deepEqual(guided.guidedSteps, enrolmentSteps);
  assert.deepEqual(Object.keys(guided.guideHints), [...guideHints]);
  assert.deepEqual(liveness.clipActions, challengeActions);
  assert.deepEqual(liveness.clipReasons, [...livenessReasons, ...challengeReasons]);
  assert.equal(liveness.maximumClipFiles, mostClipFiles);
  assert.equal(liveness.maximumClipBytes, largestClipMiB * mebibyte);
});
