import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { damageExplanations, explanations } from '../../daemon/vision/ingest/failure-explanations.js';
import { slowPartCodes } from '../../daemon/vision/ingest/pace.js';

test('the page for technicians lists every failure of a camera, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/ingest.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code);
  const { lostPackets: _, ...damage } = damageExplanations;
  const known = [...Object.keys(explanations), ...Object.keys(damage), ...slowPartCodes];
  assert.deepEqual(listed.toSorted(), known.toSorted());
});
