import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whichStranger } from '../../daemon/cli/strangers/which-stranger.js';
import type { ControlClient } from '../../daemon/core/api/client.js';

const idOf = (begin: string): string => `s-${begin.padEnd(26, '0')}`;

/** What the text means at a box that remembers `ids`; or the code of the error and what it says. */
async function meant(given: string, ids: readonly string[]): Promise<string> {
  const answered = { call: async () => ({ items: ids.map((id) => ({ id })) }) };
  const client = answered as unknown as Pick<ControlClient, 'call'>;
  return whichStranger(client, given).catch(({ code, message }) => `${code}: ${message}`);
}

test('the argument for an unknown person is a whole ID, or the beginning of one', async () => {
  const [ada, bea, cid] = ['4hz8', '4hzt', '9abc'].map(idOf) as [string, string, string];
  assert.equal(await meant(idOf('zzzz'), []), idOf('zzzz'), 'a whole ID is not looked up');
  assert.equal(await meant('s-9a', [ada, bea, cid]), cid);
  assert.match(await meant('s-9', [cid]), /^no-such-stranger: .* begins with "s-9"$/, 'too short');
  assert.match(await meant('s-zz', [ada, bea, cid]), /^no-such-stranger: /);
  assert.match(await meant('4hz8', [ada]), /^no-such-stranger: /);
  const several = await meant('s-4hz', [ada, bea, cid]);
  assert.equal(several, `ambiguous: several ids begin with "s-4hz": ${ada}, ${bea}`);
});

test('the message for an ambiguous ID of an unknown person names five at most', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'].map((end) => idOf(`4hz8${end}`));
  assert.ok((await meant('s-4hz8', ids)).endsWith(`: ${ids.slice(0, 5).join(', ')}`));
  assert.ok((await meant('s-4hz8', ids.slice(0, 5))).endsWith(`: ${ids.slice(0, 5).join(', ')}`));
});
