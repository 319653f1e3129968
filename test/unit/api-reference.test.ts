import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { operation } from '../../daemon/contract/operation.js';
import { ownCameraOperations } from '../../daemon/contract/own-cameras.js';
import { apiModel } from '../../scripts/contract/api-model.js';

test('the reference says what may be null, and what a value may be besides', () => {
  const read = operation({
    method: 'GET',
    path: '/speed',
    summary: 'Show the speed.',
    answer: {
      kind: 'json',
      schema: z.object({ fps: z.number().nullable(), label: z.string().max(8).nullable(), raw: z.unknown() }),
    },
    errors: [],
    scope: 'cameras:read',
    rate: 'default',
  });

  const [subject] = apiModel({ 'cameras.list': read });
  const rows = subject?.operations[0]?.rows ?? [];

  assert.deepEqual(
    rows.map(({ name, value }) => [name, value]),
    [
      ['fps', 'number or `null`'],
      ['label', 'text, at most 8 characters or `null`'],
      ['raw', 'any value'],
    ],
  );
});

test('the settings of a camera keep their meaning where null gives them back to their default', () => {
  const [subject] = apiModel({ 'cameras.change': ownCameraOperations['cameras.change'] });
  const direction = subject?.operations[0]?.input.find(({ name }) => name === 'direction');

  assert.equal(direction?.value, '`in`, `out`, `both` or `null`');
  assert.match(direction.meaning, /attendance at this camera/);
});
