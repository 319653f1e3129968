import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../../daemon/contract/handlers.js';
import type { Scope } from '../../daemon/contract/scopes.js';
import { type HealthOptions, healthHandlers } from '../../daemon/core/status/health.js';
import { isRollcallError, operational } from '../../daemon/kernel/errors.js';
import { healthyStatus } from '../support/healthy-status.js';

const callWith = (...scopes: readonly Scope[]): Call => ({
  caller: {
    actor: 'user:u',
    origin: 'https',
    scopes: new Set(scopes),
    provedAtMs: 'always',
    isLimited: true,
  },
  signal: new AbortController().signal,
  requestId: 'request-1',
});

const works: HealthOptions = {
  metrics: async () => '',
  gallery: () => healthyStatus.gallery,
  vision: () => healthyStatus.vision,
  intake: () => healthyStatus.intake,
};

/** The error of `health.ready`. */
async function refusal(options: HealthOptions, call: Call) {
  try {
    await healthHandlers(options)['health.ready']({}, call);
  } catch (error) {
    if (isRollcallError(error, 'not-ready')) return error;
    throw error;
  }
  return assert.fail('the box says that it is ready');
}

test('a box that recognises people and records events is ready', async () => {
  assert.deepEqual(await healthHandlers(works)['health.ready']({}, callWith()), { state: 'ready' });
});

test('a sealed gallery, vision that does not run and events that cannot be recorded are reasons', async () => {
  const sealed = { code: 'key-missing', message: 'the key is missing', remedy: 'put it back' };
  const full = { code: 'disk-full', message: 'the disk is full', remedy: 'free space' };
  const all: HealthOptions = {
    ...works,
    gallery: () => ({ ...healthyStatus.gallery, state: 'sealed', ...sealed }),
    vision: () => healthyStatus.vision.map((process) => ({ ...process, state: 'degraded' })),
    intake: () => ({ ...healthyStatus.intake, problem: full }),
  };
  const { kind, details } = await refusal(all, callWith('status:read'));
  assert.equal(kind, 'operational', 'HTTP status 503');
  const reasons = details['reasons'] as readonly { readonly code: string }[];
  assert.deepEqual(
    reasons.map(({ code }) => code),
    ['key-missing', 'vision-unavailable', 'disk-full'],
  );
});

test('a caller without the scope learns only that the box is not ready', async () => {
  const problem = operational('disk-full', 'the disk is full', { remedy: 'free space' });
  const { code, message, remedy = '' } = problem;
  const full: HealthOptions = {
    ...works,
    intake: () => ({ ...healthyStatus.intake, problem: { code, message, remedy } }),
  };
  const error = await refusal(full, callWith());
  assert.deepEqual(error.details, {});
  assert.doesNotMatch(`${error.message} ${error.remedy}`, /disk/);
});
