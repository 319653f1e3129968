import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type KnownWords,
  normalPassword,
  refuseWeakPassword,
} from '../../daemon/core/accounts/password-rules.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

const words = { userName: 'anna.berg', siteWords: ['werk-nord', 'box-1'] };

/** The reason of the refusal; `accepted` without one. */
async function verdictOn(password: string, known: KnownWords = words): Promise<unknown> {
  try {
    await refuseWeakPassword(normalPassword(password), known);
    return 'accepted';
  } catch (error) {
    assert.ok(isRollcallError(error, 'password-refused'));
    assert.ok(!`${error.message}${error.remedy}`.includes(password), 'the message shows the password');
    return error.details['reason'];
  }
}

describe('the rules for passwords', () => {
  test('demand 12 to 256 characters of any kind', async () => {
    assert.equal(await verdictOn('elf Zeichen'), 'too-short');
    assert.equal(await verdictOn('zwölf Zeiche'), 'accepted');
    assert.equal(await verdictOn('wortreich '.repeat(25)), 'accepted');
    assert.equal(await verdictOn(`${'wortreich '.repeat(25)}123456`), 'accepted');
    assert.equal(await verdictOn(`${'wortreich '.repeat(25)}1234567`), 'too-long');
    assert.equal(await verdictOn('только русские слова'), 'accepted');
    assert.equal(await verdictOn('alles klein ohne ziffern'), 'accepted');
    assert.equal(await verdictOn('482915730264'), 'accepted');
    // Each of these is one character, in two UTF-16 units.
    assert.equal(await verdictOn('🐘🦊🐢🦉🐝🦔'), 'too-short');
  });

  test('refuses common passwords, also repeated or with digits around them', async () => {
    for (const password of [
      'qwertyuiop12',
      '123qweasdzxc',
      'Password1234!',
      '!!1234Letmein',
      'passwordpassword',
      'DragonDragon99',
      'aaaaaaaaaaaaaa',
      '121212121212',
      '123456789012',
      '987654321098',
      'abcabcabcabc',
      '890123456789',
      '135791357913',
      'lmnopqrstuvw',
      '1qaz2wsx3edc',
      '2024asdasd99!!',
      'abcdabdcacbd',
    ]) {
      assert.equal(await verdictOn(password), 'common', password);
    }
    for (const password of ['abcdeabdceac', '014589236701', 'xwvutsrqpedc'])
      assert.equal(await verdictOn(password), 'accepted', password);
  });

  test('refuse what is little more than the name of the user, the site or the box', async () => {
    for (const password of ['anna.berg2026', 'Werk-Nord-2026', 'box-1box-1box-1', 'ANNA.BERGwerk']) {
      assert.equal(await verdictOn(password), 'known-word', password);
    }
    assert.equal(await verdictOn('anna.berg isst gern Pilze'), 'accepted');
    assert.equal(await verdictOn('anna.bergqzwxrtk'), 'known-word', 'seven others');
    assert.equal(await verdictOn('anna.bergqzwxrtkf'), 'accepted', 'eight others');
    const inCapitals = { userName: 'x', siteWords: ['Werk-Nord'] };
    assert.equal(await verdictOn('werk-nord-2026', inCapitals), 'known-word');
  });

  test('know no words of one or two letters: they are in every password', async () => {
    const password = 'abxqabxrabxs';
    assert.equal(await verdictOn(password, { userName: 'abx', siteWords: [] }), 'known-word');
    assert.equal(await verdictOn(password, { userName: 'ab', siteWords: ['x', ''] }), 'accepted');
  });

  test('say how many characters a password has and needs', async () => {
    const weak = (text: string) => refuseWeakPassword(text, words);
    await assert.rejects(weak('elf Zeichen'), { message: 'the password has 11 characters; it needs 12' });
    await assert.rejects(weak('wortreich '.repeat(26)), {
      message: 'the password has 260 characters; the most are 256',
    });
  });

  test('treat forms that look the same as the same', () => {
    assert.equal(normalPassword('ﬁsch'), normalPassword('fisch'));
    assert.equal(normalPassword('a\u0308'), normalPassword('\u00e4'));
  });
});
