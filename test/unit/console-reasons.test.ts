import assert from 'node:assert/strict';
import { test } from 'node:test';
import de from '../../daemon/console/messages/de/terms.json' with { type: 'json' };
import en from '../../daemon/console/messages/en/terms.json' with { type: 'json' };
import { reasonKey } from '../../daemon/console/parts/reason-key.js';

test('an earlier attendance is told apart from one that this passage did not confirm', () => {
  const [proven, unproven] = [
    reasonKey('attended-before', 'attended'),
    reasonKey('attended-before', 'unproven'),
  ];
  for (const words of [en, de]) {
    assert.match(words[proven], /already|schon/);
    assert.match(words[unproven], /not confirmed|nicht/);
  }
  assert.equal(reasonKey('attended-before', undefined), proven);
  assert.equal(reasonKey('no-blink', 'unproven'), 'reason-no-blink');
});
