import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as enrolment from '../../daemon/contract/enrolment.js';
import * as liveness from '../../daemon/contract/liveness.js';
import { mostUnreadBytes } from '../../daemon/contract/vision/vision-channel.js';
import { mostPreparations, orderLimits } from '../../daemon/contract/vision/vision-orders.js';
import { mostOwnCameras } from '../../daemon/core/cameras/own-cameras.js';
import { MOST_PHOTOGRAPHS } from '../../daemon/core/gallery/persons/enrolment.js';
import { mostCorners } from '../../daemon/kernel/zones/polygon.js';
import { mostAreas } from '../../daemon/kernel/zones/zone.js';
import { preparations } from '../../daemon/vision/inference/preparation.js';

/** The contract imports neither the core nor vision, so it repeats their limits. */
test('the contract has the limits of the program', () => {
  assert.equal(enrolment.maximumPhotographs, MOST_PHOTOGRAPHS);
  assert.equal(liveness.maximumClipBytes, orderLimits.attachmentBytes());
  assert.equal(mostPreparations, preparations.length);
});

test('a plan with all masks and zones of all cameras that the box keeps itself fits into one message', () => {
  const longest = { x: 0.12345678901234568, y: 0.12345678901234568 };
  const points = Array.from({ length: mostCorners }, () => longest);
  const zones = Array.from({ length: mostAreas }, () => ({ use: 'detect', points }));
  const masks = Array.from({ length: mostAreas }, () => points);
  const cameras = Array.from({ length: mostOwnCameras }, () => ({ url: 'u'.repeat(2048), zones, masks }));
  const bytes = JSON.stringify(cameras).length;
  assert.ok(bytes < orderLimits.bodyBytes && bytes < mostUnreadBytes, `${bytes} bytes`);
});
