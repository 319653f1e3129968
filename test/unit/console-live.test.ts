import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toneOf } from '../../daemon/console/pages/cameras/live/face-tone.js';
import { judgeLiveEnd, readLiveMessage } from '../../daemon/console/pages/cameras/live/live-connection.js';
import { whoWatches, whyNoFaces, whyNotLive } from '../../daemon/console/pages/cameras/live/live-words.js';
import { gridOf, pageOfGrid } from '../../daemon/console/pages/cameras/live-grid/grid-pages.js';
import { droppedShare } from '../../daemon/console/pages/now/dropped-share.js';

describe('live pictures in the console', () => {
  test('are taken apart into what the box found and the JPEG', async () => {
    const about = { cameraId: 'door', capturedAt: '2026-11-23T09:14:02.118Z', faces: [] };
    const json = Buffer.from(JSON.stringify({ ...about, note: 'ä' }));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(json.length);
    const message = Uint8Array.from(Buffer.concat([head, json, Buffer.from([0xff, 0xd8, 0xff])]));
    const read = readLiveMessage<typeof about & { readonly note: string }>(message.buffer);
    assert.deepEqual(read.about, { ...about, note: 'ä' });
    assert.deepEqual(read.media, new Uint8Array([0xff, 0xd8, 0xff]));
  });

  test('are opened again only where this is of use', () => {
    const ended = (code: number, reason = '', wasOpen = true) =>
      judgeLiveEnd({ wasOpen, hasBegun: true, code, reason }, { what: 'live', refusals: 1, empty: 0 });
    assert.equal(ended(1008, 'unauthenticated').trouble, 'logged-out');
    assert.equal(ended(1008, 'forbidden').trouble, 'forbidden');
    for (const code of [1003, 1008, 1009]) assert.equal(ended(code).retryMs, undefined, String(code));
    for (const code of [1006, 1011, 1012, 1013]) assert.ok((ended(code).retryMs ?? 0) > 0, String(code));
    assert.equal(ended(1006, '', false).trouble, 'refused');
  });

  test('ask a camera that gives no second stream for a video twice', () => {
    const ended = { wasOpen: true, hasBegun: false, code: 1012, reason: 'vision-unavailable' };
    const after = (what: 'live' | 'video', empty: number) =>
      judgeLiveEnd(ended, { what, refusals: 0, empty });
    assert.ok((after('video', 1).retryMs ?? 0) > 0);
    assert.deepEqual(after('video', 2), { trouble: 'no-video' });
    assert.ok((after('live', 2).retryMs ?? 0) > 0);
  });

  test('are not asked for more often than the box lets an account begin streams', () => {
    const refused = { wasOpen: false, hasBegun: false, code: 1006, reason: '' };
    const tries = { what: 'live', refusals: 5, empty: 0 } as const;
    const aMinuteMs = 60_000;
    // Beside them goes the stream of what is measured, which is asked for every 5 seconds.
    assert.ok(aMinuteMs / (judgeLiveEnd(refused, tries).retryMs ?? 0) + aMinuteMs / 5000 < 30);
  });

  test('show an attack before everything else, and a face without landmarks as unseen', () => {
    const view = { quality: { score: 0.7, reasons: [] } };
    const decision = { passage: 'p', reason: 'attended', sentence: '' } as const;
    assert.equal(toneOf(view, { ...decision, outcome: 'attack', reason: 'still-picture' }), 'attack');
    assert.equal(toneOf({ quality: null }, { ...decision, outcome: 'attended' }), 'recognised');
    assert.equal(toneOf({ quality: null }, undefined), 'unseen');
    assert.equal(toneOf(view, { ...decision, outcome: 'unproven', reason: 'no-blink' }), 'waiting');
  });
});

describe('what the console says beside live frames', () => {
  const shown = { isConnected: true, isWanted: true, isVisible: true };

  test('never calls a frozen frame live', () => {
    assert.equal(whyNotLive(shown), undefined);
    assert.equal(whyNotLive({ ...shown, isConnected: false }), 'phase-stalled');
    assert.equal(whyNotLive({ ...shown, isWanted: false }), 'not-streaming');
    assert.equal(whyNotLive({ ...shown, isVisible: false }), 'paused');
    const none = { isConnected: false, isWanted: false, isVisible: false };
    assert.equal(whyNotLive(none), 'phase-stalled', 'what it knew of the camera may be over');
    assert.equal(whyNotLive({ ...none, isConnected: true }), 'not-streaming');
  });

  test('says that no face is in view only where the box says so now', () => {
    assert.equal(whyNoFaces(true, []), 'no-faces');
    assert.equal(whyNoFaces(true, ['a face']), undefined);
    assert.equal(whyNoFaces(false, []), 'faces-unknown');
    assert.equal(whyNoFaces(false, ['an earlier face']), 'faces-unknown');
  });
});

test('the viewer of a live view is counted among its viewers, whether the box has counted them yet or not', () => {
  assert.deepEqual(whoWatches(0, true), ['viewers-and-you', 0]);
  assert.deepEqual(whoWatches(1, true), ['viewers-and-you', 0]);
  assert.deepEqual(whoWatches(3, true), ['viewers-and-you', 2]);
  assert.deepEqual(whoWatches(0, false), ['no-viewers', 0]);
  assert.deepEqual(whoWatches(2, false), ['viewers', 2]);
});

test('the share of dropped frames is that of all frames that were due for analysis', () => {
  assert.equal(droppedShare({ dropped: 1, analysed: 3, delivered: 100 }), 0.25);
  assert.equal(droppedShare({ dropped: 2 }), 1);
  assert.equal(droppedShare({ analysed: 3 }), 0);
  assert.equal(droppedShare({}), 0);
});

describe('the grid of live cameras', () => {
  const cameras = Array.from({ length: 11 }, (_, index) => ({ id: `camera-${index + 1}` }));

  test('has as many cameras as the width allows, and never more than nine', () => {
    assert.deepEqual(
      [390, 1280, 1920].map((widthPx) => gridOf(widthPx)),
      [
        { columns: 1, perPage: 4 },
        { columns: 2, perPage: 4 },
        { columns: 3, perPage: 9 },
      ],
    );
  });

  test('comes in pages, of which one that does not exist is the nearest', () => {
    const page = (wanted: number) => pageOfGrid(cameras, { perPage: 4, wanted });
    assert.deepEqual(
      page(3).shown.map(({ id }) => id),
      ['camera-9', 'camera-10', 'camera-11'],
    );
    assert.deepEqual(page(9), page(3));
    for (const wanted of [0, -1, Number.NaN, 1.5]) assert.deepEqual(page(wanted), page(1));
    assert.deepEqual(pageOfGrid([], { perPage: 4, wanted: 2 }), { shown: [], index: 0, count: 1 });
  });
});
