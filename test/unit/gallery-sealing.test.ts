import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodePlace, type FieldPlace } from '../../daemon/core/gallery/field-place.js';
import { places } from '../../daemon/core/gallery/places.js';
import {
  openField,
  SEAL_OVERHEAD_BYTES,
  type SealingKey,
  sealField,
} from '../../daemon/core/gallery/sealing.js';
import { personId, recogniserId } from '../../daemon/kernel/ids.js';
import { noiseJpeg } from '../support/gallery-fixture.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const key: SealingKey = { id: '00112233445566ff', bytes: new Uint8Array(32).fill(3) };
const place: FieldPlace = { table: 'template', column: 'vector', rowId: 't-1', within: ['p-1', 'r-1'] };

const anyText = fc.string({ unit: 'grapheme', maxLength: 20 });
const anyPlace: fc.Arbitrary<FieldPlace> = fc.record({
  table: anyText,
  column: anyText,
  rowId: anyText,
  within: fc.array(anyText, { maxLength: 3 }),
});

describe('sealing a field', () => {
  test('opens to the sealed value, for any size and place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), anyPlace, (plaintext, where) => {
        const sealed = sealField(key, where, plaintext);
        assert.equal(sealed.length, plaintext.length + SEAL_OVERHEAD_BYTES);
        assert.equal(hex(openField(key, where, sealed) ?? Uint8Array.of(1)), hex(plaintext));
      }),
    );
  });

  test('opens a photograph of a megabyte', () => {
    const plaintext = noiseJpeg(1, 1_000_003);
    const opened = openField(key, place, sealField(key, place, plaintext));
    assert.ok(opened && Buffer.from(plaintext).equals(opened));
  });

  test('does not open after any byte of version, nonce, ciphertext or tag was altered', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (plaintext, where, flip) => {
          const sealed = sealField(key, place, plaintext);
          const offset = where % sealed.length;
          sealed[offset] = (sealed[offset] ?? 0) ^ flip;
          assert.equal(openField(key, place, sealed), undefined);
        },
      ),
    );
  });

  test('does not open with any single byte of a field altered', () => {
    const sealed = sealField(key, place, new TextEncoder().encode('Ada'));
    for (const offset of sealed.keys()) {
      const altered = sealed.slice();
      altered[offset] = (altered[offset] ?? 0) ^ 1;
      assert.equal(openField(key, place, altered), undefined, `byte ${offset}`);
    }
  });

  test('does not open when cut short or lengthened', () => {
    const sealed = sealField(key, place, new Uint8Array(20));
    for (let size = 0; size < sealed.length; size += 1) {
      assert.equal(openField(key, place, sealed.subarray(0, size)), undefined);
    }
    assert.equal(openField(key, place, Uint8Array.of(...sealed, 0)), undefined);
  });

  test('does not open in any other place', () => {
    fc.assert(
      fc.property(anyPlace, anyPlace, (home, elsewhere) => {
        fc.pre(JSON.stringify(home) !== JSON.stringify(elsewhere));
        const sealed = sealField(key, home, Uint8Array.of(1, 2, 3));
        assert.equal(openField(key, elsewhere, sealed), undefined);
      }),
    );
  });

  test('does not open with the same key under another id', () => {
    const sealed = sealField(key, place, Uint8Array.of(1));
    assert.equal(openField({ ...key, id: 'ffffffffffffffff' }, place, sealed), undefined);
  });

  test('opens only with the key that it was sealed with', () => {
    const aKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(aKey, aKey, (one, other) => {
        fc.pre(hex(one) !== hex(other));
        const sealed = sealField({ id: 'k', bytes: one }, place, Uint8Array.of(1, 2));
        assert.equal(openField({ id: 'k', bytes: other }, place, sealed), undefined);
      }),
    );
  });

  test('does not open a field of another format', () => {
    const sealed = sealField(key, place, Uint8Array.of(1));
    sealed[0] = 1;
    assert.equal(openField(key, place, sealed), undefined);
  });

  test('never seals the same value to the same bytes', () => {
    const once = sealField(key, place, Uint8Array.of(1));
    assert.notDeepEqual(sealField(key, place, Uint8Array.of(1)), once);
  });
});

describe('the associated data', () => {
  const encode = (where: FieldPlace): string => hex(encodePlace(1, key.id, where));

  test('is the same for the same place only, however its texts are divided', () => {
    fc.assert(
      fc.property(anyPlace, anyPlace, (one, other) => {
        const areSame = JSON.stringify(one) === JSON.stringify(other);
        assert.equal(encode(one) === encode(other), areSame);
      }),
    );
  });

  test('distinguishes places that mere joining would make equal', () => {
    const base = { table: 'a', column: 'b', rowId: 'c' };
    const all = [
      { ...base, within: ['d', 'e'] },
      { ...base, within: ['de'] },
      { ...base, within: ['d', 'e', ''] },
      { table: 'ab', column: '', rowId: 'c', within: ['d', 'e'] },
      { table: 'a', column: 'bc', rowId: 'd', within: ['e'] },
    ].map(encode);
    assert.equal(new Set(all).size, all.length);
  });

  test('names the format version and the key', () => {
    const encodings = [encodePlace(1, 'k', place), encodePlace(2, 'k', place), encodePlace(1, 'l', place)];
    assert.equal(new Set(encodings.map((bytes) => hex(bytes))).size, 3);
  });
});

describe('the places of sealed columns', () => {
  test('never share an encoding, whatever the ids of their rows are', () => {
    const id = fc.constantFrom('p-1', 'p-2', 't-1', '', '1', 'active', 'attendance');
    const ids = fc.tuple(id, id, id);
    const all = ([a, b, c]: readonly [string, string, string]) => [
      places.gallerySeal(a, recogniserId(b)),
      places.otherKey(a, b),
      places.dataKey(a),
      places.personProfile(personId(a), 1, 'active'),
      places.personProfile(personId(a), 1, 'removed'),
      places.personProfile(personId(a), 11, 'active'),
      places.templateVector(personId(a), b, recogniserId(c)),
      places.photographJpeg(personId(a), b),
      places.evidenceJpeg(a, 'attendance', b, personId(c)),
      places.evidenceJpeg(a, 'unknown', b, null),
    ];
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        const found = [...all(one), ...all(other)];
        const encodings = new Set(found.map((where) => hex(encodePlace(2, 'k', where))));
        const distinct = new Set(found.map((where) => JSON.stringify(where)));
        assert.equal(encodings.size, distinct.size);
        assert.equal(new Set(all(one).map((where) => hex(encodePlace(2, 'k', where)))).size, all(one).length);
      }),
    );
  });

  test('differ in every single part', () => {
    const gallerySeal = (a: string, b: string) => places.gallerySeal(a, recogniserId(b));
    const templateVector = (a: string, b: string, c: string) =>
      places.templateVector(personId(a), b, recogniserId(c));
    const evidenceJpeg = (a: string, b: string, c: string, d: string) =>
      places.evidenceJpeg(a, b === 'y' ? 'attack' : 'unknown', c, d === 'y' ? null : personId(d));
    const profile = (a: string, b: string, c: string) =>
      places.personProfile(personId(a), b === 'y' ? 2 : 1, c === 'y' ? 'removed' : 'active');
    const named: Readonly<Record<string, (...parts: [string, string, string, string]) => FieldPlace>> = {
      ...{ gallerySeal, templateVector, evidenceJpeg, profile },
      otherKey: (a, b) => places.otherKey(a, b),
      dataKey: (a) => places.dataKey(a),
      photographJpeg: (a, b) => places.photographJpeg(personId(a), b),
    };
    const partsOf = {
      gallerySeal: 2,
      otherKey: 2,
      dataKey: 1,
      profile: 3,
      photographJpeg: 2,
      templateVector: 3,
    };
    for (const [name, place] of Object.entries(named)) {
      const sealed = sealField(key, place('x', 'x', 'x', 'x'), Uint8Array.of(1));
      for (let part = 0; part < ({ evidenceJpeg: 4, ...partsOf }[name] ?? 0); part += 1) {
        const [a, b, c, d] = [0, 1, 2, 3].map((each) => (each === part ? 'y' : 'x'));
        const moved = place(a ?? '', b ?? '', c ?? '', d ?? '');
        assert.equal(openField(key, moved, sealed), undefined, `${name}, part ${part}`);
      }
    }
    const ofAda = sealField(
      key,
      places.evidenceJpeg('e', 'attendance', 'v', personId('ada')),
      Uint8Array.of(1),
    );
    const asGrace = places.evidenceJpeg('e', 'attendance', 'v', personId('grace'));
    assert.equal(openField(key, asGrace, ofAda), undefined, 'a picture of another person');
  });
});
