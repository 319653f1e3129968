import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { parseNoted } from '../../daemon/cli/audit/audit.js';
import { describeEntries, describeVerdict } from '../../daemon/cli/audit/audit-text.js';
import { parseFrom, parseTo } from '../../daemon/cli/period.js';

const hash = 'ab'.repeat(32);

describe('a period on the command line', () => {
  test('takes days as a whole, in UTC', () => {
    assert.equal(parseFrom('2026-03-01'), Date.UTC(2026, 2, 1));
    assert.equal(parseTo('2026-03-31'), Date.UTC(2026, 3, 1));
  });

  test('takes times with their offset', () => {
    assert.equal(parseFrom('2026-03-01T08:00Z'), Date.UTC(2026, 2, 1, 8));
    assert.equal(parseTo('2026-03-01T08:00:30.5+02:00'), Date.UTC(2026, 2, 1, 6, 0, 30, 500));
  });

  test('refuses what could be meant otherwise', () => {
    for (const text of [
      '',
      'today',
      '2026-02-30',
      '01.03.2026',
      '2026-03-01T08:00',
      '2026-03-01 08:00Z',
      '1969-12-31',
      '2026-03-01T25:00Z',
    ]) {
      assert.throws(() => parseFrom(text), InvalidArgumentError, text);
      if (text !== '1969-12-31') assert.throws(() => parseTo(text), InvalidArgumentError, text);
    }
  });
});

test('an entry that was noted is its number and its hash', () => {
  assert.deepEqual(parseNoted(`12:${hash.toUpperCase()}`), { sequence: 12, hash });
  for (const text of ['12', `:${hash}`, `12:${hash}0`, `-1:${hash}`]) {
    assert.throws(() => parseNoted(text), InvalidArgumentError, text);
  }
});

describe('the verdict as text', () => {
  const segment = { keyId: '0123456789abcdef', first: 1, last: 7, isProven: true };

  test('says that all is whole, and what to note', () => {
    const text = describeVerdict({
      outcome: 'whole',
      entryCount: 7,
      segments: [segment],
      newest: { sequence: 7, hash },
    });
    assert.match(text, /^whole: 7 entries/);
    assert.ok(text.endsWith(`newest entry: 7:${hash}`));
  });

  test('names the broken entry, why, and what to do', () => {
    const breakage = { sequence: 5, reason: 'missing', message: 'there is no such entry' } as const;
    const text = describeVerdict({
      outcome: 'broken',
      entryCount: 4,
      segments: [{ ...segment, last: 4 }],
      breakage,
    });
    assert.match(text, /^broken at entry 5 \(missing\): there is no such entry\n4 entries before it/);
    assert.match(text, /what to do: /);
  });

  test('names the entries that cannot be proven', () => {
    const segments = [
      { ...segment, last: 3, isProven: false },
      { ...segment, first: 4 },
    ];
    const text = describeVerdict({ outcome: 'unproven', entryCount: 7, segments });
    assert.match(
      text,
      /^not proven: 7 entries fit together\nentries 1 to 3 are under the key 0123456789abcdef/,
    );
    assert.match(text, /audit-key-former/);
  });
});

test('entries are lines with their details', () => {
  const entry = {
    sequence: 3,
    at: '2026-03-01T08:00:02.000Z',
    actor: 'uid:1000',
    origin: 'start',
    action: 'retention.run',
    details: { evidence: 3, isDry: false },
    hash,
  };
  const [, line] = describeEntries([entry]).split('\n');
  assert.match(line ?? '', /^3 .* retention.run {2}- +evidence 3, isDry false$/);
});
