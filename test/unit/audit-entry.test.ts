import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { encodeDetails, type GivenDetails, refuseMisshapen } from '../../daemon/core/audit/audit-entry.js';
import { auditKeyId, hashEntry, type SealedEntry, sealMark } from '../../daemon/core/audit/audit-seal.js';
import { type Actor, daemonAtStart, isActor, retentionRun } from '../../daemon/kernel/actor.js';
import { auditActions } from '../../daemon/kernel/audit-action.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

const daemonDirectory = fileURLToPath(new URL('../../daemon', import.meta.url));

const by: Actor = { actor: 'uid:1000', origin: 'local socket pid 4711' };
const check = (details: GivenDetails): void => refuseMisshapen({ by, action: 'person.changed', details });

function refuses(work: () => void, secret: string): void {
  assert.throws(work, (error: unknown) => {
    assert.ok(isRollcallError(error, 'audit-entry'), String(error));
    assert.equal(error.kind, 'defect');
    assert.ok(!JSON.stringify([error.message, error.details]).includes(secret), 'the value is not repeated');
    return true;
  });
}

describe('an audit entry', () => {
  test('takes counts, codes, opaque ids, versions and times', () => {
    check({
      templates: 5,
      ratio: -0.25,
      isForced: true,
      code: 'wrong-key',
      recogniser: 'dlib-resnet-v1',
      person: 'p-0123456789abcdefghjkmnpqrs',
      until: '2026-03-01T08:00:00.125Z',
      changed: 'cameras,rules.attendanceCooldownS',
      keyId: '-_Tyq2hYD6fNlTFIHbxDt-6cEhPyOqIf8b5jeNMKyuE',
    });
    refuseMisshapen({ by, action: 'trust.added', subject: '_xTyq2hYD6fNlTFIHbxDt-6cEhPyOqIf8b5jeNMKyuE' });
    refuseMisshapen({ by, action: 'person.erased', subject: 'p-0123456789abcdefghjkmnpqrs' });
  });

  test('takes a list of any length, and keeps its count and the words that fit', () => {
    const names = Array.from({ length: 13 }, (_, index) => `settingWithALongName${index}`);
    for (const settings of [[], ['login'], names, ['x'.repeat(129)], ['ä'], ['']]) check({ settings });
    assert.equal(encodeDetails({ settings: [], login: true }), '{"login":true}');
    assert.equal(encodeDetails({ settings: ['url', 'login'] }), '{"settings":"url,login","settingsCount":2}');
    const { settings, settingsCount } = JSON.parse(encodeDetails({ settings: names }));
    assert.equal(settingsCount, 13);
    assert.deepEqual(settings.split(','), names.slice(0, 5), 'whole words, in their order');
  });

  test('refuses what could be personal, without repeating it', () => {
    for (const value of [
      'Erika Mustermann',
      'müller',
      'erika@example.com',
      '/home/erika/a.csv',
      '',
      'a\nb',
      `x${'y'.repeat(128)}`,
    ]) {
      refuses(() => check({ value }), value === '' ? 'value=' : value);
      refuses(
        () => refuseMisshapen({ by, action: 'person.changed', subject: value }),
        value === '' ? '=' : value,
      );
    }
    check({ word: 'x'.repeat(128), ['n'.repeat(32)]: 1 });
    check(Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`a${index}`, 1])));
    const personal = ['name', 'externalId', 'note', 'notes', 'email', 'phone', 'path', 'file'];
    for (const name of [...personal, 'Upper', 'with blank', 'n'.repeat(33), '']) {
      refuses(() => check({ [name]: 'erika' }), 'erika');
    }
    refuses(() => check({ share: Number.NaN }), 'NaN');
    refuses(
      () => check(Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`a${index}`, 1]))),
      'a16',
    );
  });

  test('needs an actor and an origin in their forms', () => {
    for (const actor of [
      by,
      daemonAtStart,
      retentionRun,
      { actor: 'user:anna.k', origin: 'https [fe80::1%eth0]:443' },
    ]) {
      assert.ok(isActor(actor), JSON.stringify(actor));
    }
    for (const actor of ['', 'Erika Mustermann', 'uid:', 'uid:1:2', 'UID:1', `user:${'a'.repeat(65)}`]) {
      assert.ok(!isActor({ ...by, actor }), actor);
      refuses(
        () => refuseMisshapen({ by: { ...by, actor }, action: 'key.unlocked' }),
        actor === '' ? '=' : actor,
      );
    }
    for (const origin of ['', 'a\nb', 'küche', ' socket']) assert.ok(!isActor({ ...by, origin }), origin);
  });

  test('has an action of the form group.what', () => {
    for (const action of auditActions) assert.match(action, /^[a-z]+\.[a-z-]+$/);
    assert.equal(new Set(auditActions).size, auditActions.length);
  });

  test('has only actions that the daemon writes', () => {
    const readers = ['kernel/audit-action.ts', 'app/audit/audit-events.ts'];
    const sources = readdirSync(daemonDirectory, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !readers.includes(path))
      .map((path) => readFileSync(join(daemonDirectory, path), 'utf8'));
    for (const action of auditActions) {
      // An entry, a table of actions, or a constant; not a question to the log.
      const written = new RegExp(`(?:action|\\w+):\\s*'${action}'(?!.*\\blimit:)|keyChanged = '${action}'`);
      assert.ok(
        sources.some((source) => source.includes(`'${action}'`) && written.test(source)),
        `nothing writes ${action}`,
      );
    }
    const named = sources.flatMap((source) => [...source.matchAll(/action: '([a-z]+\.[a-z-]+)'/g)]);
    assert.ok(named.length > 20);
    for (const [, action] of named)
      assert.ok(
        auditActions.some((known) => known === action),
        action,
      );
  });

  test('stores equal details as equal texts', () => {
    assert.equal(encodeDetails({ b: 1, a: 'x', c: false }), '{"a":"x","b":1,"c":false}');
    assert.equal(encodeDetails({ c: false, a: 'x', b: 1 }), encodeDetails({ b: 1, a: 'x', c: false }));
    assert.equal(encodeDetails(), '{}');
  });
});

const text = fc.string({ unit: 'binary', maxLength: 12 });
const sealedEntry: fc.Arbitrary<SealedEntry> = fc.record({
  sequence: fc.integer(),
  atMs: fc.integer(),
  actor: text,
  origin: text,
  action: text,
  subject: text,
  details: text,
  keyId: text,
  previous: fc.uint8Array({ minLength: 32, maxLength: 32 }),
});
const key = new Uint8Array(32).fill(1);

describe('the hash of an entry', () => {
  test('differs for any two entries that differ', () => {
    fc.assert(
      fc.property(sealedEntry, sealedEntry, (a, b) => {
        const isSame =
          JSON.stringify({ ...a, previous: [...a.previous] }) ===
          JSON.stringify({ ...b, previous: [...b.previous] });
        assert.equal(hashEntry(key, a).equals(hashEntry(key, b)), isSame);
      }),
    );
  });

  test('changes when characters move from one field to the next', () => {
    fc.assert(
      fc.property(sealedEntry, fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }), (entry, moved) => {
        const before = hashEntry(key, { ...entry, actor: entry.actor + moved });
        const after = hashEntry(key, { ...entry, origin: moved + entry.origin });
        assert.ok(!before.equals(after));
      }),
    );
  });

  test('depends on the key, and the hash of a mark differs from that of an entry or another kind', () => {
    const other = new Uint8Array(32).fill(2);
    const mark = { sequence: 3, hash: new Uint8Array(32), keyId: auditKeyId(key) };
    assert.ok(!sealMark(key, 'head', mark).equals(sealMark(other, 'head', mark)));
    assert.ok(!sealMark(key, 'head', mark).equals(sealMark(key, 'anchor', mark)));
    assert.match(auditKeyId(key), /^[0-9a-f]{16}$/);
    assert.notEqual(auditKeyId(key), auditKeyId(other));
  });
});
