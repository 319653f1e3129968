import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { parseNoted } from '../../daemon/cli/audit/audit.js';
import { describeEntries, describeVerdict } from '../../daemon/cli/audit/audit-text.js';
import { siteTimeOf } from '../../daemon/cli/site-time.js';

const hash = 'ab'.repeat(32);

test('a noted entry consists of its number and its hash', () => {
  assert.deepEqual(parseNoted(`12:${hash.toUpperCase()}`), { sequence: 12, hash });
  for (const text of ['12', `:${hash}`, `12:${hash}0`, `-1:${hash}`]) {
    assert.throws(() => parseNoted(text), InvalidArgumentError, text);
  }
});

describe('the verdict as text', () => {
  const segment = { keyId: '0123456789abcdef', first: 1, last: 7, isProven: true };

  test('reports a whole log with its newest entry', () => {
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
      /^not proven: 7 entries are intact, .*\nentries 1 to 3 were made with the key 0123456789abcdef/,
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
    severity: 'info',
    details: { evidence: 3, isDry: false },
    hash,
  } as const;
  const [, line] = describeEntries([entry], siteTimeOf('Europe/Paris').show).split('\n');
  assert.match(line ?? '', /^3 +2026-03-01 09:00:02 .* retention.run {2}- +evidence 3, isDry false$/);
});
