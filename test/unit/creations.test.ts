import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import type { OperationDeclaration } from '../../daemon/contract/operation.js';
import { operations } from '../../daemon/contract/operations.js';
import { withIdempotencyKey } from '../../daemon/core/api/idempotency.js';

const declared: readonly (readonly [id: string, declaration: OperationDeclaration])[] =
  Object.entries(operations);
const creating = declared.flatMap(([id, { creates, answer, ...rest }]) =>
  creates === undefined ? [] : [{ id, creates, answer, ...rest }],
);

/** Operations with POST or PUT that create nothing which a repeat would create again. */
const others: Readonly<Record<string, readonly string[]>> = {
  'they only answer': [
    ...['alerts.test', 'audit.report', 'backups.verify', 'cameras.test', 'cameras.snapshot'],
    ...[
      'cameras.discover',
      'cameras.test-address',
      'cameras.profiles',
      'config.check',
      'gallery.verify',
      'gallery.calibrate',
    ],
    ...['host.check-broker', 'liveness.judge-clip', 'persons.names', 'recognition.detect'],
    ...['recognition.recognise', 'recognition.recognise-clip', 'recognition.verify', 'recognition.similar'],
    ...['attendance.preview', 'challenges.shown', 'reports.preview'],
  ],
  'they change what is there, or put something else in its place': [
    ...[
      'alerts.acknowledge',
      'alerts.change-channel',
      'alerts.change-device',
      'approvals.approve',
      'approvals.refuse',
      'backups.set-recovery-key',
    ],
    ...['backups.restore', 'backups.restore-file', 'cameras.release', 'gallery.re-embed', 'keys.unlock'],
    ...[
      'persons.change-many',
      'persons.photographs.replace',
      'persons.remove',
      'persons.restore',
      'persons.erase',
      'persons.erase-many',
    ],
    ...['persons.withdraw-consent', 'retention.run', 'trust.dismiss', 'events.resend'],
    ...['strangers.merge', 'strangers.ignore', 'strangers.restore', 'enrolments.accept-consent'],
    ...['review.set-aside', 'passages.mark-many'],
    ...['users.reset-password', 'users.unlock', 'users.end-sessions'],
    ...['auth.logout', 'auth.step-up', 'auth.change-password', 'auth.begin-second-factor'],
    ...['auth.confirm-second-factor', 'auth.renew-recovery-codes'],
  ],
  'they are attempts that end within minutes': ['auth.begin-passkey', 'auth.begin-passkey-proof'],
  'a guided enrolment keeps only its best pictures': [
    ...['enrolments.take-picture', 'enrolments.take-camera-picture', 'enrolments.take-clip'],
  ],
  'an import ends with the connection of its caller, and stores nothing before its commit': [
    ...['imports.begin', 'imports.stage'],
  ],
  'the offset of a piece tells a repeat': ['backups.upload'],
};

describe('operations that create something', () => {
  test('are all that can, except those with a reason, and those without a caller to whom a key could belong', () => {
    const canCreate = declared
      .filter(([, { method, scope }]) => (method === 'POST' || method === 'PUT') && scope !== 'public')
      .map(([id]) => id);
    const explained = [...creating.map(({ id }) => id), ...Object.values(others).flat()];
    assert.deepEqual(
      explained.sort(),
      canCreate.sort(),
      'declare what the operation creates, or add it here with the reason',
    );
  });

  for (const { id, creates, answer } of creating) {
    test(`name it where the answer has it, and where to look for it: ${id}`, () => {
      assert.ok(answer.kind === 'json');
      const schema: unknown = z.toJSONSchema(answer.schema, { unrepresentable: 'any', io: 'output' });
      if (creates.id !== undefined) {
        const [first = '', ...further] = creates.id.split('.');
        assert.ok(hasPath(schema, [first, ...further]), creates.id);
      }
      const found = new Map(declared).get(creates.foundBy);
      assert.equal(found?.method, 'GET', creates.foundBy);
      const isSecret = /hown only here/.test(JSON.stringify(schema));
      if (isSecret) assert.ok(creates.lost !== undefined, 'an answer with a secret must not be kept');
      for (const [, named = ''] of creates.lost?.matchAll(/\(([a-z-]+\.[a-z-]+)\)/g) ?? []) {
        assert.ok(new Map(declared).has(named), named);
      }
    });
  }
});

/** Whether a JSON Schema, or one of its alternatives, has this field. */
function hasPath(schema: unknown, [name, ...further]: readonly string[]): boolean {
  if (name === undefined) return true;
  const { properties = {}, anyOf = [], oneOf = [] } = Object(schema);
  return (
    (name in properties && hasPath(properties[name], further)) ||
    [...anyOf, ...oneOf].some((each: unknown) => hasPath(each, [name, ...further]))
  );
}

describe('an idempotency key', () => {
  const key = 'a-random-key';
  const given = (id: string, headers: object, input: object) => {
    const declaration = declared.find(([name]) => name === id)?.[1];
    assert.ok(declaration !== undefined);
    return withIdempotencyKey(declaration, { ...headers }, input);
  };
  const withField = 'persons.enrol';

  test('becomes the field of an operation that has one, where both agree', () => {
    const both = { input: { name: 'x', idempotencyKey: key }, key: undefined };
    assert.deepEqual(given(withField, { 'idempotency-key': key }, { name: 'x' }), both);
    assert.deepEqual(given(withField, { 'idempotency-key': key }, { name: 'x', idempotencyKey: key }), both);
    assert.throws(() => given(withField, { 'idempotency-key': key }, { idempotencyKey: 'another-key' }), {
      code: 'bad-request',
    });
  });

  test('has 8 to 128 visible characters, and is ignored where nothing is created', () => {
    for (const bad of ['7letter', 'x'.repeat(129), 'with a space', 'größer-als', ['two-keys', 'two-keys']]) {
      assert.throws(() => given('users.create', { 'idempotency-key': bad }, {}), { code: 'bad-request' });
    }
    for (const good of ['8letters', 'x'.repeat(128)]) {
      assert.deepEqual(given('users.create', { 'idempotency-key': good }, {}), { input: {}, key: good });
    }
    assert.deepEqual(given('users.list', { 'idempotency-key': '?' }, {}), { input: {}, key: undefined });
  });
});
