import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Call } from '../../daemon/contract/handlers.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { anonymousCaller } from '../../daemon/core/accounts/authenticate.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import { type CameraOptions, cameraHandlers } from '../../daemon/core/cameras/camera-handlers.js';
import { sealTo } from '../../daemon/host/sealed-box.js';

const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
const config = configSchema.parse({
  ...{ site: { id: 'site', timeZone: 'Europe/Paris' }, box: { id: 'box' } },
  ...{ dataDir: '/nowhere/data', secretsDir: '/nowhere/secrets' },
  cameras: [{ id: 'door', name: 'Door', url: 'rtsp://127.0.0.1/' }],
});

/** Cameras of which only the states and the frames are made up. */
function cameras({ state = 'streaming', frame = jpeg }: { state?: string; frame?: Buffer } = {}) {
  const noted: NewAuditEntry[] = [];
  const asked: unknown[] = [];
  const pool = {
    takeSnapshot: async (id: string, publicKey: string, options: unknown) => {
      asked.push([id, options]);
      return { outcome: 'taken', picture: sealTo(Buffer.from(publicKey, 'base64url'), frame) };
    },
  };
  const board = { status: () => [{ id: 'door', name: 'Door', state, counters: {} }] };
  const options = {
    runtime: {
      ...{ config, cameras: config.cameras, switchedCameras: new Set() },
      vision: { pool, board, watches: { viewersOf: () => 0 }, loads: { loadOf: () => undefined } },
    },
    ...{ photos: { waitingCount: 0 }, passages: { lastDay: () => ({ count: 0, byOutcome: {} }) } },
    readings: { note: (entry: NewAuditEntry) => noted.push(entry) },
  } as unknown as CameraOptions;
  const caller = { ...anonymousCaller({ address: '192.0.2.7' }), actor: 'user:anna' };
  const call: Call = { caller, signal: new AbortController().signal, requestId: 'r1' };
  const take = async (boxes: boolean) =>
    await cameraHandlers(options)['cameras.snapshot']({ id: 'door', boxes }, call);
  return { take, noted, asked };
}

describe('the snapshot of a camera', () => {
  test('is given to its reader, and the audit log names both', async () => {
    const { take, noted, asked } = cameras();
    assert.deepEqual((await take(true)).bytes, jpeg);
    assert.deepEqual(asked, [['door', { isMarked: true }]]);
    assert.deepEqual(
      noted.map(({ by, action, subject }) => [by.actor, action, subject]),
      [['user:anna', 'camera.snapshot-taken', 'door']],
    );
  });

  test('leaves no entry when there is none', async () => {
    const waiting = cameras({ state: 'connecting' });
    await assert.rejects(waiting.take(false), { code: 'camera-not-streaming' });
    const odd = cameras({ frame: Buffer.from('no frame') });
    await assert.rejects(odd.take(false), { code: 'vision-unavailable' });
    assert.deepEqual([...waiting.noted, ...waiting.asked, ...odd.noted], []);
  });
});
