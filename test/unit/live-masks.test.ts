import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import type { Call } from '../../daemon/contract/handlers.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { liveHandlers } from '../../daemon/core/cameras/live-watches.js';
import { atTheBox } from '../support/accounts-fixture.js';

const loaded = parseConfig(`site: { id: office, timeZone: UTC }
cameras:
  - { id: open, name: Open, url: "rtsp://192.0.2.1/" }
  - id: masked
    name: Masked
    url: rtsp://192.0.2.2/
    masks: [{ points: [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }] }]
`);

describe('the video of a camera with masks', () => {
  test('is refused, and its live pictures are not', async () => {
    assert.ok(loaded.ok);
    const { config } = loaded;
    const watched: string[] = [];
    const noted: string[] = [];
    const handlers = liveHandlers({
      current: () => config,
      readings: { note: ({ action }: { readonly action: string }) => noted.push(action) },
      watches: {
        watch(id: string, kind: string) {
          watched.push(`${kind} of ${id}`);
          return Readable.from([]);
        },
      },
      // Only these parts are used here.
    } as unknown as Parameters<typeof liveHandlers>[0]);
    const call = { caller: atTheBox, signal: new AbortController().signal } as unknown as Call;
    assert.throws(() => handlers['cameras.watch-video']({ id: 'masked' }, call), { code: 'video-masked' });
    assert.deepEqual(noted, [], 'nobody has watched it');
    const views = [
      handlers['cameras.watch']({ id: 'masked' }, call),
      handlers['cameras.watch-video']({ id: 'open' }, call),
    ];
    for (const view of views) {
      for await (const ticket of view as AsyncIterable<unknown>) assert.fail(String(ticket));
    }
    assert.deepEqual(watched, ['pictures of masked', 'video of open']);
  });
});
