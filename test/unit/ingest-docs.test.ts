import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { explanations } from '../../daemon/vision/ingest/failure-explanations.js';

test('the page for technicians tells of every way in which a camera fails, and of no other', () => {
  const page = readFileSync(new URL('../../docs/ingest.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code);
  assert.deepEqual(listed.toSorted(), Object.keys(explanations).toSorted());
});
