import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import en from '../../daemon/console/messages/en/audit-actions.json' with { type: 'json' };
import { actionsOf, readingCount, rowsOf, subjectsOf } from '../../daemon/console/pages/audit/audit-rows.js';
import type { AuditEntry } from '../../daemon/contract/audit.js';
import { auditActions } from '../../daemon/kernel/audit-action.js';

const entry = (sequence: number, atS: number, others: Partial<AuditEntry> = {}): AuditEntry => ({
  ...{ sequence, at: new Date(1_800_000_000_000 + atS * 1000).toISOString(), actor: 'user:u-1' },
  ...{ origin: 'https 192.0.2.7', action: 'person.photograph-read', severity: 'info' },
  ...{ subject: `p-${sequence}`, details: {}, hash: '0'.repeat(64), ...others },
});
const sequences = (entries: readonly AuditEntry[]) =>
  rowsOf(entries).map((row) => row.map(({ sequence }) => sequence));

describe('the rows of the audit log', () => {
  test('hold together what one page read', () => {
    const page = [
      entry(4, 3),
      entry(3, 2),
      entry(2, 2, { subject: 'p-3' }),
      entry(1, 1, { action: 'person.listed' }),
    ];
    const [row, ...others] = rowsOf(page);
    assert.ok(row !== undefined && others.length === 0);
    assert.deepEqual(actionsOf(row), [
      ['person.photograph-read', 3],
      ['person.listed', 1],
    ]);
    assert.deepEqual(subjectsOf(row), ['p-4', 'p-3', 'p-1']);
  });

  test('count the readings for which one entry stands, and those whom they were about', () => {
    const many = entry(2, 2, {
      details: { readingsBefore: 300, subjects1: 'p-7,p-8,p-9', subjects2: 'p-1' },
    });
    const [row] = rowsOf([many, entry(1, 1)]);
    assert.ok(row !== undefined);
    assert.deepEqual(actionsOf(row), [['person.photograph-read', 302]]);
    assert.equal(readingCount(row), 302);
    assert.deepEqual(subjectsOf(row), ['p-2', 'p-7', 'p-8', 'p-9', 'p-1']);
    const { subject: _, ...unknown } = entry(3, 1, { action: 'passage.picture-read' });
    const pictures = ['a', 'b'].map((passage) => ({ ...unknown, details: { passage } }));
    assert.deepEqual(
      pictures.map((each) => subjectsOf([each])),
      [['a'], ['b']],
    );
  });

  test('hold together what was read at most five seconds apart', () => {
    assert.deepEqual(sequences([entry(2, 5), entry(1, 0)]), [[2, 1]]);
    assert.deepEqual(sequences([entry(2, 5.001), entry(1, 0)]), [[2], [1]]);
    assert.deepEqual(sequences([entry(2, 0), entry(1, 5)]), [[2, 1]], 'a clock that was set back');
  });

  test('leave apart another time, another user, another way, and everything that changes something', () => {
    assert.deepEqual(sequences([entry(3, 60), entry(2, 4), entry(1, 0)]), [[3], [2, 1]]);
    assert.deepEqual(sequences([entry(2, 1, { actor: 'user:u-2' }), entry(1, 1)]), [[2], [1]]);
    assert.deepEqual(sequences([entry(2, 1, { origin: 'https 192.0.2.8' }), entry(1, 1)]), [[2], [1]]);
    const erased = { action: 'person.erased' };
    assert.deepEqual(sequences([entry(3, 1), entry(2, 1, erased), entry(1, 1, erased)]), [[3], [2], [1]]);
  });
});

test('the console has words for every action of the audit log, and for no others', () => {
  assert.deepEqual(
    Object.keys(en),
    auditActions.map((action) => `action-${action}`),
  );
});
