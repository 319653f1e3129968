import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { normalPassword, refuseWeakPassword } from '../../daemon/accounts/password-rules.js';
import { isRollcallError } from '../../daemon/base/errors.js';

const words = { userName: 'anna.berg', siteWords: ['werk-nord', 'box-1'] };

/** The reason of the refusal; `accepted` without one. */
async function verdictOn(password: string): Promise<unknown> {
  try {
    await refuseWeakPassword(normalPassword(password), words);
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
    ]) {
      assert.equal(await verdictOn(password), 'common', password);
    }
  });

  test('refuse what is little more than the name of the user, the site or the box', async () => {
    for (const password of ['anna.berg2026', 'Werk-Nord-2026', 'box-1box-1box-1', 'ANNA.BERGwerk']) {
      assert.equal(await verdictOn(password), 'known-word', password);
    }
    assert.equal(await verdictOn('anna.berg isst gern Pilze'), 'accepted');
  });

  test('treat forms that look the same as the same', () => {
    assert.equal(normalPassword('ﬁsch'), normalPassword('fisch'));
    assert.equal(normalPassword('a\u0308'), normalPassword('\u00e4'));
  });
});
