import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { DecoderUsage } from '../../daemon/vision/ingest/decoder-usage.js';

test('what decoders used adds up over the processes of a camera, and survives their ends', () => {
  const usage = new DecoderUsage();
  assert.deepEqual(usage.read(), { decoderMs: 0, decoderBytes: 0 });
  // This process stands for a decoder that runs, and one that was awaited for a decoder that has ended.
  usage.started(process.pid);
  const first = usage.read();
  assert.ok(first.decoderMs > 0 && first.decoderBytes > 2 ** 20);
  usage.started(spawnSync('true').pid);
  assert.deepEqual(usage.read(), { decoderMs: first.decoderMs, decoderBytes: 0 });
  usage.started(process.pid);
  assert.ok(usage.read().decoderMs >= 2 * first.decoderMs);
});
