import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SerialQueue } from '../../daemon/kernel/serial-queue.js';
import { type GpuSigns, providersToTry } from '../../daemon/vision/inference/provider.js';

const none: GpuSigns = { hasNvidiaDevice: false, hasRenderNode: false, hasCudaLibraries: false };

describe('execution providers', () => {
  test('a required provider is tried alone', () => {
    assert.deepEqual(providersToTry('cuda', none), ['cuda']);
    assert.deepEqual(providersToTry('cpu', { ...none, hasNvidiaDevice: true }), ['cpu']);
  });

  test('auto on a box without a GPU is the processor at once', () => {
    assert.deepEqual(providersToTry('auto', none), ['cpu']);
  });

  test('auto tries CUDA only if its libraries are installed, and the processor last', () => {
    const nvidia = { ...none, hasNvidiaDevice: true };
    assert.deepEqual(providersToTry('auto', nvidia), ['webgpu', 'cpu']);
    assert.deepEqual(providersToTry('auto', { ...nvidia, hasCudaLibraries: true }), [
      'cuda',
      'webgpu',
      'cpu',
    ]);
    assert.deepEqual(providersToTry('auto', { ...none, hasRenderNode: true }), ['webgpu', 'cpu']);
    assert.deepEqual(providersToTry('auto', { ...none, hasCudaLibraries: true }), ['cpu']);
  });
});

describe('work in turn', () => {
  test('runs one at a time, in order, and goes on after a failure', async () => {
    const turn = new SerialQueue();
    const seen: string[] = [];
    const work = (name: string, isFailing = false) =>
      turn.run(async () => {
        seen.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(`${name} ends`);
        if (isFailing) throw new Error(name);
        return name;
      });
    const results = await Promise.allSettled([work('a'), work('b', true), work('c')]);
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('is settled when nothing is left, also of what came while somebody waited', async () => {
    const turn = new SerialQueue();
    await turn.settled();
    const seen: string[] = [];
    const work = (name: string, then: () => void = () => undefined) =>
      turn.run(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(name);
        then();
      });
    void work('a', () => {
      void work('b', () => void work('c'));
    });
    const failing = turn.run(() => Promise.reject(new Error('broken')));
    await Promise.all([turn.settled(), assert.rejects(failing, /broken/)]);
    assert.deepEqual(seen, ['a', 'b', 'c']);
  });

  test('gives each caller the result of its own work', async () => {
    const turn = new SerialQueue();
    assert.deepEqual(await Promise.all([turn.run(() => 1), turn.run(async () => 'two')]), [1, 'two']);
  });
});
