import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  hashOfRecoveryCode,
  hashOfSecret,
  isSecret,
  newInitialPassword,
  newRecoveryCodes,
  newSecret,
} from '../../daemon/core/accounts/secrets.js';

const prefixes = {
  ...{ session: 'rcs_', refresh: 'rcr_', 'api-key': 'rck_', claim: 'rcc_' },
  ...{ link: 'rcl_', phone: 'rcp_', screen: 'rcd_', 'screen-pairing': 'rct_' },
} as const;
const kinds = Object.keys(prefixes) as (keyof typeof prefixes)[];

describe('a secret of the box', () => {
  test('has 256 random bits behind the prefix of its kind, and is found by its hash', () => {
    for (const kind of kinds) {
      const { text, hash } = newSecret(kind);
      assert.ok(text.startsWith(prefixes[kind]), text);
      assert.equal(Buffer.from(text.slice(4), 'base64url').length, 32);
      assert.deepEqual(hash, createHash('sha256').update(text).digest());
      assert.deepEqual(hashOfSecret(kind, text), hash);
      assert.notEqual(newSecret(kind).text, text);
    }
  });

  test('is none of another kind, and none with other characters or another length', () => {
    for (const kind of kinds) {
      const { text } = newSecret(kind);
      assert.deepEqual(
        kinds.filter((other) => isSecret(other, text)),
        [kind],
      );
      const body = text.slice(4);
      const wrong = [
        '',
        text.slice(0, -1),
        `${text}A`,
        `${text}\n`,
        ` ${text}`,
        body,
        `${prefixes[kind]}=${body}`,
      ];
      for (const each of wrong) assert.equal(hashOfSecret(kind, each), undefined, each);
    }
  });
});

describe('recovery codes', () => {
  test('are ten, in groups that can be read aloud', () => {
    const codes = newRecoveryCodes();
    assert.equal(new Set(codes).size, 10);
    for (const code of codes) assert.match(code, /^(?:[0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
  });

  test('use all letters of their alphabet', () => {
    const letters = new Set(Array.from({ length: 100 }, () => newRecoveryCodes().join('')).join(''));
    letters.delete('-');
    assert.equal([...letters].sort().join(''), '0123456789abcdefghjkmnpqrstvwxyz');
  });

  test('count as they are meant: in capitals, with spaces, with letters that look like digits', () => {
    const right = hashOfRecoveryCode('u-1', '0101-1abc-defg-hjkm');
    assert.ok(right);
    for (const typed of [
      '01011abcdefghjkm',
      'OiOl-1ABC DEFG\thjkm',
      ' 0101-1abc-defg-hjkm ',
      'oIoL1abcdefghjkm',
    ])
      assert.deepEqual(hashOfRecoveryCode('u-1', typed), right, typed);
  });

  test('count for their user only, and in full', () => {
    const code = '0123-4567-89ab-cdef';
    assert.notDeepEqual(hashOfRecoveryCode('u-1', code), hashOfRecoveryCode('u-2', code));
    assert.notDeepEqual(hashOfRecoveryCode('u-1', code), hashOfRecoveryCode('u-1', '0123-4567-89ab-cdeg'));
    for (const wrong of ['', '123456', code.slice(1), `${code}0`, '0123-4567-89ab-cdeu'])
      assert.equal(hashOfRecoveryCode('u-1', wrong), undefined, wrong);
  });
});

/** Places of two letters that are always the same: one of them would be no random letter of its own. */
function tied(texts: readonly string[]): readonly string[] {
  const plain = texts.map((text) => text.replaceAll('-', ''));
  const places = [...Array(plain[0]?.length).keys()];
  return places.flatMap((a) =>
    places.filter((b) => a < b && plain.every((text) => text[a] === text[b])).map((b) => `${a} and ${b}`),
  );
}

test('every letter of a recovery code and of a first password is random by itself', () => {
  assert.deepEqual(tied(Array.from({ length: 10 }, newRecoveryCodes).flat()), []);
  assert.deepEqual(tied(Array.from({ length: 100 }, newInitialPassword)), []);
});

test('the first password of an account has 100 random bits, in groups', () => {
  const password = newInitialPassword();
  assert.match(password, /^(?:[0-9a-hjkmnp-tv-z]{5}-){3}[0-9a-hjkmnp-tv-z]{5}$/);
  assert.notEqual(newInitialPassword(), password);
  const letters = new Set(Array.from({ length: 100 }, newInitialPassword).join(''));
  assert.equal(letters.size, 33, '32 letters and the hyphen');
});
