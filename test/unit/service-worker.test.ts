import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { pushedText } from '../../daemon/core/alerts/web-push.js';
import { root } from '../support/built.js';

const source = readFileSync(join(root, 'daemon/console/service-worker.mjs'), 'utf8');

/** The service worker with what a browser gives it; test/browser/alert-devices.test.ts runs it in one. */
function startWorker() {
  const listeners = new Map<string, (event: object) => void>();
  const done: unknown[][] = [];
  const self = {
    addEventListener: (type: string, listener: (event: object) => void) => listeners.set(type, listener),
    registration: { showNotification: async (...given: unknown[]) => done.push(given) },
    clients: { openWindow: async (path: string) => done.push([path]) },
  };
  runInNewContext(source, { self });
  return {
    types: [...listeners.keys()],
    /** What the worker does about an event, which it keeps waiting until that is done. */
    async dispatch(type: string, event: object): Promise<unknown> {
      const works: Promise<unknown>[] = [];
      listeners.get(type)?.({ ...event, waitUntil: (work: Promise<unknown>) => works.push(work) });
      assert.equal(works.length, 1);
      await Promise.all(works);
      return JSON.parse(JSON.stringify(done.pop()));
    },
  };
}

describe('the service worker of the console', () => {
  const worker = startWorker();
  const pushed = (text: string) => ({
    data: { json: () => JSON.parse(pushedText({ id: 'alert-1', subject: 'Gate is down', text }).toString()) },
  });
  const shown = { tag: 'alert-1', data: 'alert-1', icon: '/icon-192.png', badge: '/badge-96.png' };

  test('shows what the box pushes, once for each alert', async () => {
    assert.deepEqual(await worker.dispatch('push', pushed('Since 10:00')), [
      'Gate is down',
      { body: 'Since 10:00', ...shown },
    ]);
    assert.deepEqual(await worker.dispatch('push', pushed('Gate is down')), ['Gate is down', shown]);
  });

  test('opens the alert when its notification is tapped', async () => {
    let isClosed = false;
    const notification = {
      data: 'alert 1&x=2',
      close: () => {
        isClosed = true;
      },
    };
    assert.deepEqual(await worker.dispatch('notificationclick', { notification }), [
      '/alerts?alert=alert%201%26x%3D2',
    ]);
    assert.ok(isClosed);
  });

  test('hears no requests, so it can keep no page and no answer of the box', () => {
    assert.deepEqual(worker.types, ['push', 'notificationclick']);
  });
});
