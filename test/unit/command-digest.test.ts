import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type DigestPerson, digestEntry, galleryDigest } from '../../daemon/core/commands/gallery-digest.js';

const key = Buffer.alloc(32, 7);
const ada: DigestPerson = {
  personId: 'p-1',
  externalId: 'E-7',
  name: 'Ada',
  notes: 'countess',
  consent: { basis: 'consent', dateIso: '2026-03-01', reference: 'form 12' },
  photographs: ['aa', 'bb'],
};
const digestOf = (person: DigestPerson): string => digestEntry(person, key).digest;

describe('the digest of a person', () => {
  test('is made as in docs/reference/commands.md', () => {
    const text = '["person","E-7","Ada","countess",["consent","2026-03-01","form 12",null],["aa","bb"]]';
    assert.equal(digestOf(ada), createHmac('sha256', key).update(text).digest('hex'));
    const place = createHmac('sha256', key).update('["place","E-7"]').digest();
    assert.equal(digestEntry(ada, key).bucket, place[0]);
    const bare = '["person","E-7","Ada",null,null,null]';
    const least = { personId: 'p-1', externalId: 'E-7', name: 'Ada', photographs: null };
    assert.equal(digestOf(least), createHmac('sha256', key).update(bare).digest('hex'));
    const marked = '["person","E-7","Ada",null,null,null,[["team"],null,"2026-03-01",["watch","parcel"]]]';
    const terms = { groups: ['team'], validUntil: '2026-03-01', watch: { mark: 'watch', reason: 'parcel' } };
    const given = { ...least, ...terms } as DigestPerson;
    assert.equal(digestOf(given), createHmac('sha256', key).update(marked).digest('hex'));
    const fielded = '["person","E-7","Ada",null,null,null,[[],null,null,null],[["badge","12"]]]';
    const valued = { ...least, fields: { badge: '12' } };
    assert.equal(digestOf(valued), createHmac('sha256', key).update(fielded).digest('hex'));
  });

  test('differs with everything but the id that the box gave', () => {
    const { notes: _notes, ...withoutNotes } = ada;
    const { consent: _consent, ...withoutConsent } = ada;
    const others: readonly DigestPerson[] = [
      { ...ada, externalId: 'E-8' },
      { ...ada, name: 'Ada King' },
      { ...ada, notes: 'Countess' },
      withoutNotes,
      withoutConsent,
      {
        ...ada,
        consent: {
          basis: 'consent',
          dateIso: '2026-03-01',
          reference: 'form 12',
          withdrawnIso: '2026-03-02',
        },
      },
      { ...ada, groups: ['team'] },
      { ...ada, validFrom: '2026-03-01' },
      { ...ada, validUntil: '2026-03-01' },
      { ...ada, watch: { mark: 'watch', reason: 'parcel' } },
      { ...ada, watch: { mark: 'barred', reason: 'parcel' } },
      { ...ada, fields: { badge: '12' } },
      { ...ada, fields: { badge: '13' } },
      { ...ada, photographs: ['aa'] },
      { ...ada, photographs: null },
    ];
    assert.equal(new Set([ada, ...others].map(digestOf)).size, others.length + 1);
    assert.equal(digestOf({ ...ada, personId: 'p-2' }), digestOf(ada));
    assert.notEqual(digestEntry(ada, Buffer.alloc(32, 8)).digest, digestOf(ada));
  });
});

describe('the digest of a gallery', () => {
  const persons = fc.uniqueArray(
    fc.record({
      personId: fc.uuid(),
      externalId: fc.string({ minLength: 1, maxLength: 20 }),
      name: fc.string({ minLength: 1, maxLength: 20 }),
      photographs: fc.constant(null),
    }),
    { selector: ({ externalId }) => externalId, maxLength: 60 },
  );

  test('does not depend on the order in which people were enrolled', () => {
    fc.assert(
      fc.property(persons, fc.nat(), (all, seed) => {
        const entries = all.map((person) => digestEntry(person, key));
        const turned = [
          ...entries.slice(seed % (entries.length + 1)),
          ...entries.slice(0, seed % (entries.length + 1)),
        ];
        assert.deepEqual(galleryDigest(turned.reverse(), key), galleryDigest(entries, key));
      }),
    );
  });

  test('differs only in the buckets of added, missing and changed persons', () => {
    fc.assert(
      fc.property(persons, (all) => {
        const entries = all.map((person) => digestEntry(person, key));
        const [first, ...rest] = entries;
        if (first === undefined) return;
        const whole = galleryDigest(entries, key);
        const fewer = galleryDigest(rest, key);
        const other = galleryDigest([{ ...first, digest: '0'.repeat(64) }, ...rest], key);
        for (const changed of [fewer, other]) {
          assert.notEqual(changed.digest, whole.digest);
          const different = whole.buckets.flatMap((digest, index) =>
            digest === changed.buckets[index] ? [] : [index],
          );
          assert.deepEqual(different, [first.bucket]);
        }
      }),
    );
  });
});
