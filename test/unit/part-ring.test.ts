import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { VideoPiece } from '../../daemon/vision/ingest/mp4-fragments.js';
import { PartRing } from '../../daemon/vision/ingest/part-ring.js';

const start: VideoPiece = { kind: 'start', mediaType: undefined, bytes: Buffer.from('start') };

function part(name: string, timeS: number, { isKey = false, bytes = 0 } = {}): VideoPiece {
  return { kind: 'part', isKey, timeS, bytes: Buffer.from(name.padEnd(bytes)) };
}

const keptBy = (ring: PartRing): string => ring.parts.map((bytes) => bytes.toString()).join(' ');

describe('the ring of undecoded video', () => {
  test('keeps what came since the last key frame, and what a decoder needs first', () => {
    const ring = new PartRing();
    ring.push(start);
    ring.push(part('early', 0));
    assert.equal(keptBy(ring), '');
    ring.push(part('key', 1, { isKey: true }));
    ring.push(part('next', 1.04));
    assert.equal(keptBy(ring), 'key next');
    ring.push(part('key2', 2, { isKey: true }));
    assert.equal(keptBy(ring), 'key2');
    assert.equal(ring.start?.toString(), 'start');
  });

  test('forgets a group of pictures that lasts too long, is too large, or goes back in time', () => {
    for (const last of [
      part('late', 12.1),
      part('large', 1, { bytes: 12 * 1024 * 1024 }),
      part('back', -1),
    ]) {
      const ring = new PartRing();
      ring.push(start);
      ring.push(part('key', 0, { isKey: true }));
      ring.push(part('next', 0.5));
      ring.push(last);
      assert.equal(keptBy(ring), '');
      ring.push(part('after', 13));
      assert.equal(keptBy(ring), '', 'it needs pictures that are gone');
      ring.push(part('key2', 14, { isKey: true }));
      assert.equal(keptBy(ring), 'key2');
    }
  });
});
