import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AuditVerdict } from '../../daemon/core/audit/audit-verdict.js';
import { type AuditFixture, auditKeyOf, openAuditFixture, somebody } from '../support/audit-fixture.js';

const entryCount = 12;
const runs = { numRuns: 60 };

/** The verdict on a fresh log of `entryCount` entries after `change`. */
async function after(change: (fixture: AuditFixture) => void, prunedThrough = 0): Promise<AuditVerdict> {
  using fixture = openAuditFixture();
  const { log, clock } = fixture;
  const startedMs = clock.wallMs();
  fixture.fill(entryCount);
  if (prunedThrough > 0) log.prune(startedMs + prunedThrough * 1000, somebody);
  assert.equal(log.verify().outcome, 'whole');
  change(fixture);
  const verdict = log.verify();
  assert.deepEqual(await log.verifyInTurns(), verdict, 'both ways of verifying agree');
  return verdict;
}

function breaksAt(verdict: AuditVerdict, sequence: number, reason?: string): void {
  assert.equal(verdict.outcome, 'broken');
  assert.equal(verdict.breakage?.sequence, sequence, JSON.stringify(verdict.breakage));
  if (reason !== undefined) assert.equal(verdict.breakage?.reason, reason, JSON.stringify(verdict.breakage));
}

const anySequence = fc.integer({ min: 1, max: entryCount });
const flip = (hex: string, bit: number): string => {
  const bytes = Buffer.from(hex, 'hex');
  const at = (bit >> 3) % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
  return bytes.toString('hex');
};

describe('an altered audit log', () => {
  test('is unproven if the record of a cut names a key that the box does not have', async () => {
    const verdict = await after(({ tamper }) => {
      tamper(`INSERT INTO audit_mark (kind, sequence, hash, key_id, seal)
        SELECT 'anchor', sequence, hash, 'ffffffffffffffff', zeroblob(32) FROM audit WHERE sequence = 5`);
      tamper('DELETE FROM audit WHERE sequence <= 5');
    });
    assert.equal(verdict.outcome, 'unproven', 'the cut may be a forgery');
    assert.deepEqual([verdict.entryCount, verdict.segments[0]?.first], [entryCount - 5, 6]);
  });

  test('is broken at any entry whose text or number was changed', () =>
    fc.assert(
      fc.asyncProperty(
        anySequence,
        fc.constantFrom('at_ms', 'actor', 'origin', 'action', 'subject', 'details', 'key_id'),
        fc.string({ maxLength: 8 }),
        async (sequence, column, text) => {
          const verdict = await after(({ tamper }) => {
            if (column === 'at_ms') tamper('UPDATE audit SET at_ms = at_ms + 1 WHERE sequence = ?', sequence);
            else
              tamper(`UPDATE audit SET ${column} = ${column} || ? WHERE sequence = ?`, `${text}.`, sequence);
          });
          breaksAt(verdict, sequence, 'altered');
        },
      ),
      runs,
    ));

  test('is broken at any entry with a flipped bit of a hash', () =>
    fc.assert(
      fc.asyncProperty(
        anySequence,
        fc.constantFrom('previous', 'hash'),
        fc.nat(255),
        async (sequence, column, bit) => {
          const verdict = await after(({ database, tamper }) => {
            const hex = String(
              database.db
                .prepare(`SELECT hex(${column}) FROM audit WHERE sequence = ?`)
                .pluck()
                .get(sequence),
            );
            tamper(`UPDATE audit SET ${column} = unhex(?) WHERE sequence = ?`, flip(hex, bit), sequence);
          });
          breaksAt(verdict, sequence, 'altered');
        },
      ),
      runs,
    ));

  test('is broken at a removed entry, also at the first and the last', () =>
    fc.assert(
      fc.asyncProperty(anySequence, async (sequence) => {
        const verdict = await after(({ tamper }) => tamper('DELETE FROM audit WHERE sequence = ?', sequence));
        breaksAt(
          verdict,
          sequence,
          sequence === 1 ? 'cut' : sequence === entryCount ? 'truncated' : 'missing',
        );
      }),
      runs,
    ));

  test('is broken at the first of two entries that changed places', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anySequence, { minLength: 2, maxLength: 2 }),
        async ([a = 1, b = 2]) => {
          const verdict = await after(({ tamper }) => {
            tamper('UPDATE audit SET sequence = -1 WHERE sequence = ?', a);
            tamper('UPDATE audit SET sequence = ? WHERE sequence = ?', a, b);
            tamper('UPDATE audit SET sequence = ? WHERE sequence = -1', b);
          });
          breaksAt(verdict, Math.min(a, b), 'altered');
        },
      ),
      runs,
    ));

  test('is broken at a copy of an entry, wherever it is inserted', () =>
    fc.assert(
      fc.asyncProperty(anySequence, fc.integer({ min: 1, max: entryCount + 1 }), async (from, to) => {
        const verdict = await after(({ tamper }) => {
          tamper('CREATE TEMP TABLE copy AS SELECT * FROM audit WHERE sequence = ?', from);
          tamper('UPDATE audit SET sequence = -sequence WHERE sequence >= ?', to);
          tamper('UPDATE audit SET sequence = 1 - sequence WHERE sequence < 0');
          tamper('UPDATE copy SET sequence = ?', to);
          tamper('INSERT INTO audit SELECT * FROM copy');
        });
        // A copy right before its original equals the original in place; the original, now one later, is out of place.
        breaksAt(verdict, from === to ? to + 1 : to, 'altered');
      }),
      runs,
    ));

  test('is truncated if its newest entries are missing; the record of the newest entry shows it', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: entryCount - 1 }), async (kept) => {
        const verdict = await after(({ tamper }) => tamper('DELETE FROM audit WHERE sequence > ?', kept));
        breaksAt(verdict, kept + 1, 'truncated');
      }),
      runs,
    ));

  for (const [what, sql] of [
    ['deleted', "DELETE FROM audit_mark WHERE kind = 'head'"],
    ['altered', 'UPDATE audit_mark SET sequence = 8, hash = (SELECT hash FROM audit WHERE sequence = 8)'],
    [
      'replaced under another key',
      "UPDATE audit_mark SET sequence = 8, hash = (SELECT hash FROM audit WHERE sequence = 8), key_id = '0123456789abcdef'",
    ],
    ['under another key', "UPDATE audit_mark SET sequence = 8, key_id = '0123456789abcdef'"],
  ] as const) {
    test(`is truncated if its newest entries are missing and that record is ${what}, and new entries do not hide it`, async () => {
      const verdict = await after(({ tamper, log, fill }) => {
        tamper('DELETE FROM audit WHERE sequence > 8');
        tamper(sql);
        breaksAt(log.verify(), 9, 'truncated');
        fill(2);
      });
      assert.equal(verdict.outcome, 'broken');
      assert.equal(verdict.breakage?.sequence, 9);
    });
  }

  test('keeps the gap if entries are written after its newest entries were deleted', async () => {
    const verdict = await after(({ tamper, fill }) => {
      tamper('DELETE FROM audit WHERE sequence > 8');
      fill(2);
    });
    breaksAt(verdict, 9, 'missing');
  });

  test('is broken if the record of the newest entry is replaced by an older one, and newer entries are not overwritten', async () => {
    const verdict = await after(({ database, tamper, fill, log }) => {
      const head = database.db.prepare("SELECT * FROM audit_mark WHERE kind = 'head'").get();
      fill(2);
      tamper(
        'UPDATE audit_mark SET sequence = @sequence, hash = @hash, seal = @seal WHERE kind = @kind',
        head,
      );
      breaksAt(log.verify(), entryCount + 1, 'altered');
      fill(1);
    });
    breaksAt(verdict, entryCount + 3, 'missing');
  });

  test('is broken if genuine entries of two histories are joined', async () => {
    const verdict = await after(({ database, tamper, fill }) => {
      const { db } = database;
      db.exec(
        'CREATE TEMP TABLE other AS SELECT * FROM audit; CREATE TEMP TABLE mark AS SELECT * FROM audit_mark',
      );
      fill(3);
      db.exec('CREATE TEMP TABLE tail AS SELECT * FROM audit WHERE sequence > 13');
      db.exec('CREATE TEMP TABLE tail_mark AS SELECT * FROM audit_mark');
      // Restores the older state, writes another thirteenth entry, then adds the genuine fourteenth of the first history.
      tamper('DELETE FROM audit WHERE sequence > 12');
      tamper('DELETE FROM audit_mark');
      db.exec('INSERT INTO audit_mark SELECT * FROM mark');
      fill(1);
      db.exec(
        'INSERT INTO audit SELECT * FROM tail; DELETE FROM audit_mark; INSERT INTO audit_mark SELECT * FROM tail_mark',
      );
    });
    breaksAt(verdict, 14, 'reordered');
  });

  test('is broken if its newest entry is replaced by a genuine one of another history', async () => {
    const verdict = await after(({ database, tamper, fill, clock }) => {
      const { db } = database;
      db.exec('CREATE TEMP TABLE mark AS SELECT * FROM audit_mark');
      fill(1);
      db.exec('CREATE TEMP TABLE tail AS SELECT * FROM audit WHERE sequence = 13');
      tamper('DELETE FROM audit WHERE sequence = 13');
      tamper('DELETE FROM audit_mark');
      db.exec('INSERT INTO audit_mark SELECT * FROM mark');
      clock.advanceBy(1);
      fill(1);
      tamper('DELETE FROM audit WHERE sequence = 13');
      db.exec('INSERT INTO audit SELECT * FROM tail');
    });
    breaksAt(verdict, 13, 'reordered');
  });

  test('is whole although the file is an older copy, but does not match the noted entry', async () => {
    using fixture = openAuditFixture();
    const { log, database, fill, tamper } = fixture;
    fill(5);
    const early = log.verify().newest;
    database.db.exec('CREATE TEMP TABLE mark AS SELECT * FROM audit_mark');
    fill(3);
    const noted = log.verify().newest;
    assert.equal(log.verify(early).outcome, 'whole');
    tamper('DELETE FROM audit WHERE sequence > 5');
    tamper('DELETE FROM audit_mark');
    database.db.exec('INSERT INTO audit_mark SELECT * FROM mark');
    assert.equal(log.verify().outcome, 'whole', 'the file alone does not show the replacement');
    breaksAt(log.verify(noted), 6, 'truncated');
    log.append({ by: somebody, action: 'key.unlocked' });
    fill(4);
    breaksAt(log.verify(noted), 8, 'reordered');
    assert.equal(log.verify(early).outcome, 'whole');
  });

  test('is broken if the anchor of a lawful cut, or an entry beside it, is changed', async () => {
    breaksAt(await after(({ tamper }) => tamper('DELETE FROM audit WHERE sequence = 5'), 4), 5, 'cut');
    breaksAt(
      await after(({ tamper }) => tamper("DELETE FROM audit_mark WHERE kind = 'anchor'"), 4),
      1,
      'cut',
    );
    const moved = await after(({ tamper }) => {
      tamper('DELETE FROM audit WHERE sequence = 5');
      tamper("UPDATE audit_mark SET sequence = 5 WHERE kind = 'anchor'");
    }, 4);
    breaksAt(moved, 6, 'cut');
    const early = await after(({ tamper }) => {
      tamper(
        'INSERT INTO audit SELECT 2, at_ms, actor, origin, action, subject, details, key_id, previous, hash FROM audit LIMIT 1',
      );
    }, 4);
    breaksAt(early, 2, 'altered');
  });

  test('is broken at the first entry that was forged under another key', async () => {
    const verdict = await after(({ tamper }) => {
      tamper("UPDATE audit SET key_id = '0123456789abcdef' WHERE sequence IN (5, 6)");
      tamper("UPDATE audit SET action = 'audit.key-changed' WHERE sequence = 5");
    });
    breaksAt(verdict, 5, 'altered');
    const newest = await after(({ tamper }) => {
      tamper(
        "UPDATE audit SET key_id = '0123456789abcdef', action = 'audit.key-changed' WHERE sequence = ?",
        entryCount,
      );
    });
    breaksAt(newest, entryCount, 'altered');
  });

  test('is unproven if its entries were written without the key', async () => {
    const verdict = await after(({ reopened, tamper }) => {
      tamper('DELETE FROM audit');
      tamper('DELETE FROM audit_mark');
      reopened(auditKeyOf(9)).append({ by: somebody, action: 'person.enrolled' });
    });
    assert.equal(verdict.outcome, 'unproven');
    assert.deepEqual(
      verdict.segments.map(({ first, last, isProven }) => ({ first, last, isProven })),
      [{ first: 1, last: 1, isProven: false }],
    );
  });
});
