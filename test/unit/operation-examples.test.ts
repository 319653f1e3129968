import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Declarations } from '../../daemon/contract/openapi.js';
import { operations } from '../../daemon/contract/operations.js';
import { envelopeOf } from '../../scripts/operation-examples/example-caller.js';
import { readExamples, withoutExample } from '../../scripts/operation-examples/read.js';
import { scrubbed } from '../../scripts/operation-examples/scrub.js';
import { root } from '../support/built.js';

const declared: Declarations = operations;
const examples = readExamples(root);
const remedy =
  'add the call to scripts/operation-examples/calls.ts, or the reason to read.ts; then run: npm run build && node --import tsx scripts/operation-examples/main.ts && npm run docs';

describe('the examples of operations', () => {
  test('are there for every operation of the network, or the reason why not', () => {
    const expected = Object.entries(declared)
      .filter(([, { isLocalOnly }]) => isLocalOnly !== true)
      .map(([id]) => id);
    const explained = [...Object.keys(examples), ...Object.keys(withoutExample)];
    assert.deepEqual(explained.sort(), expected.sort(), remedy);
    for (const reason of Object.values(withoutExample)) assert.match(reason, /^[a-z].{10,}[^.]$/);
  });

  for (const [id, { request, answer }] of Object.entries(examples)) {
    test(`fit the schemas: ${id}`, () => {
      const declaration = declared[id];
      assert.ok(declaration !== undefined, remedy);
      if (request !== undefined) declaration.input?.parse(request);
      const envelope = envelopeOf(declaration.answer);
      assert.equal(answer === undefined, envelope === undefined);
      envelope?.parse(answer);
    });
  }

  test('hold no secret, no path and no time of the box that answered', () => {
    const text = JSON.stringify(examples);
    assert.doesNotMatch(text, /\/tmp\/|\/home\/|\/root\//);
    assert.doesNotMatch(text, /\brc[a-z]_(?!example\b)/);
    const years = new Set([...text.matchAll(/\b(\d{4})-\d\d-\d\dT/g)].map(([, year]) => year));
    assert.deepEqual(
      [...years].filter((year) => !['2026', '2027'].includes(String(year))),
      [],
    );
    const first = [...text.matchAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g)].map(([time]) => time).sort()[0] ?? '';
    assert.ok(first > '2026-02-01', first);
  });
});

describe('a captured value', () => {
  const nowMs = Date.UTC(2026, 10, 25, 14, 31, 7);
  const clean = (value: unknown): unknown =>
    scrubbed(value, { nowMs, places: { '/tmp/box-x': '/var/lib/rollcall', host9: 'box-1' } });

  test('loses what differs in every run, and keeps its form', () => {
    const shown = Object(
      clean({
        id: 'p-671xndqd6bx0zdz7k1cgn514kn',
        actor: 'user:u-0gvtzcjkgmf8exhcxt3re087ed',
        same: 'p-671xndqd6bx0zdz7k1cgn514kn',
        at: '2026-11-25T14:32:00.000Z',
        until: '2026-11-25T14:46:10.000Z',
        before: '2026-11-20T07:00:00.000Z',
        local: '2026-11-25T08:00:00+01:00',
        day: '2026-11-25',
        form: 'of 2020-01-01',
        path: '/tmp/box-x/data on host9, not host99',
        keyId: '788c79e1e4be98c4',
        sequence: '0000000000000191',
        secret: 'rcc_WnKjMmerGiWIsWyeGLV-XgBZYyoRI_JV8vTIt9R5v2c',
        password: 'of a real account',
        code: '493021',
        reason: 'late',
        uptimeS: 81,
        score: 0.123456,
      }),
    );
    assert.match(shown.keyId, /^[0-9a-f]{16}$/);
    assert.notEqual(shown.keyId, '788c79e1e4be98c4');
    assert.deepEqual(shown, {
      id: 'p-00000000000000000000000001',
      actor: 'user:u-00000000000000000000000002',
      same: 'p-00000000000000000000000001',
      at: '2026-03-04T10:00:00.000Z',
      until: '2026-03-04T10:15:00.000Z',
      before: '2026-02-27T07:00:00.000Z',
      local: '2026-03-04T08:00:00+01:00',
      day: '2026-03-04',
      form: 'of 2020-01-01',
      path: '/var/lib/rollcall/data on box-1, not host99',
      keyId: shown.keyId,
      sequence: '0000000000000191',
      secret: 'rcc_example',
      password: 'seven grey herons wade',
      code: '123456',
      reason: 'late',
      uptimeS: 3600,
      score: 0.12,
    });
  });

  test('shows the beginning of a long list', () => {
    assert.deepEqual(clean([1, 2, 3, 4]), [1, 2]);
  });
});
