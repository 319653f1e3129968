import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AuditVerdict } from '../../daemon/audit/audit-verdict.js';
import { type AuditFixture, auditKeyOf, openAuditFixture, somebody } from '../support/audit-fixture.js';

const entryCount = 12;
const runs = { numRuns: 60 };

/** What verify says of a fresh log of `entryCount` entries after `change`. */
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
  test('is not whole where the record of a cut names a key that is not at hand', async () => {
    const verdict = await after(({ tamper }) => {
      tamper(`INSERT INTO audit_mark (kind, sequence, hash, key_id, seal)
        SELECT 'anchor', sequence, hash, 'ffffffffffffffff', zeroblob(32) FROM audit WHERE sequence = 5`);
      tamper('DELETE FROM audit WHERE sequence <= 5');
    });
    assert.equal(verdict.outcome, 'unproven', 'the cut may be a forgery');
    assert.deepEqual([verdict.entryCount, verdict.segments[0]?.first], [entryCount - 5, 6]);
  });

  test('any change of any text or number of any entry is found and the entry named', () =>
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

  test('any flipped bit of a hash is found and the entry named', () =>
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

  test('an entry removed is named, also the first and the last', () =>
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

  test('of entries that changed places the first is named', () =>
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

  test('a copy of an entry is named wherever it is put', () =>
    fc.assert(
      fc.asyncProperty(anySequence, fc.integer({ min: 1, max: entryCount + 1 }), async (from, to) => {
        const verdict = await after(({ tamper }) => {
          tamper('CREATE TEMP TABLE copy AS SELECT * FROM audit WHERE sequence = ?', from);
          tamper('UPDATE audit SET sequence = -sequence WHERE sequence >= ?', to);
          tamper('UPDATE audit SET sequence = 1 - sequence WHERE sequence < 0');
          tamper('UPDATE copy SET sequence = ?', to);
          tamper('INSERT INTO audit SELECT * FROM copy');
        });
        // The copy of an entry right before that entry is the entry itself: the one pushed on is out of place.
        breaksAt(verdict, from === to ? to + 1 : to, 'altered');
      }),
      runs,
    ));

  test('entries gone at the new end are noticed by the record of the newest', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: entryCount - 1 }), async (kept) => {
        const verdict = await after(({ tamper }) => tamper('DELETE FROM audit WHERE sequence > ?', kept));
        breaksAt(verdict, kept + 1, 'truncated');
      }),
      runs,
    ));

  for (const [what, sql] of [
    ['gone', "DELETE FROM audit_mark WHERE kind = 'head'"],
    ['altered', 'UPDATE audit_mark SET sequence = 8, hash = (SELECT hash FROM audit WHERE sequence = 8)'],
    [
      'replaced under another key',
      "UPDATE audit_mark SET sequence = 8, hash = (SELECT hash FROM audit WHERE sequence = 8), key_id = '0123456789abcdef'",
    ],
    ['under another key', "UPDATE audit_mark SET sequence = 8, key_id = '0123456789abcdef'"],
  ] as const) {
    test(`entries gone at the new end are noticed with that record ${what}, and writing on does not heal it`, async () => {
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

  test('writing on after entries at the new end went leaves the gap', async () => {
    const verdict = await after(({ tamper, fill }) => {
      tamper('DELETE FROM audit WHERE sequence > 8');
      fill(2);
    });
    breaksAt(verdict, 9, 'missing');
  });

  test('an older record of the newest entry does not hide newer entries, and is no way to write over them', async () => {
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

  test('genuine entries of two histories do not fit together', async () => {
    const verdict = await after(({ database, tamper, fill }) => {
      const { db } = database;
      db.exec(
        'CREATE TEMP TABLE other AS SELECT * FROM audit; CREATE TEMP TABLE mark AS SELECT * FROM audit_mark',
      );
      fill(3);
      db.exec('CREATE TEMP TABLE tail AS SELECT * FROM audit WHERE sequence > 13');
      db.exec('CREATE TEMP TABLE tail_mark AS SELECT * FROM audit_mark');
      // Back to the older state, another thirteenth entry, then the genuine fourteenth of the first history.
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

  test('a genuine newest entry of another history is not the one that was recorded', async () => {
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

  test('a file put back to an older state is whole, but not what somebody noted', async () => {
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
    assert.equal(log.verify().outcome, 'whole', 'nothing in the file itself can tell');
    breaksAt(log.verify(noted), 6, 'truncated');
    log.append({ by: somebody, action: 'key.unlocked' });
    fill(4);
    breaksAt(log.verify(noted), 8, 'reordered');
    assert.equal(log.verify(early).outcome, 'whole');
  });

  test('the anchor of a lawful cut is guarded like an entry', async () => {
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

  test('entries forged under another key are named from the first on', async () => {
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

  test('somebody without the key cannot pass as the log', async () => {
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
