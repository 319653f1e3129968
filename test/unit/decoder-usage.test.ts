import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { DecoderUsage } from '../../daemon/vision/ingest/decoder-usage.js';
import { until } from '../support/until.js';

test('what decoders used adds up over the processes of a camera, and survives their ends', async () => {
  const usage = new DecoderUsage();
  assert.deepEqual(usage.read(), { decoderMs: 0, decoderBytes: 0 });
  const decoder = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
  assert.ok(decoder.pid !== undefined);
  usage.started(decoder.pid);
  await until('the decoder to use the processor', () => usage.read().decoderMs >= 20);
  assert.ok(usage.read().decoderBytes > 2 ** 16);
  // This process stands for a second decoder of the camera, which runs beside the first one.
  const { decoderMs, decoderBytes } = usage.read();
  usage.started(process.pid);
  const both = usage.read();
  assert.ok(both.decoderMs > decoderMs && both.decoderBytes > decoderBytes + 2 ** 20);
  decoder.kill('SIGKILL');
  await once(decoder, 'exit');
  const later = usage.read();
  assert.ok(later.decoderMs >= both.decoderMs && later.decoderBytes > 2 ** 20);
  assert.ok(usage.read().decoderMs >= later.decoderMs);
});
