import { badInput } from '../kernel/errors.js';
import type { Box } from './daemon-client.js';

/** The account with a user name, in upper or lower case. @throws `no-such-user` (input) */
export async function whichUser({ client }: Pick<Box, 'client'>, given: string) {
  const name = given.toLowerCase();
  const { items } = await client.call('users.list', { limit: 1000, search: name.slice(0, 64) });
  const found = items.find((each) => each.userName === name);
  if (found !== undefined) return { id: found.id, name: found.userName };
  throw badInput('no-such-user', `there is no account "${name}"`, {
    remedy: `Run 'rollcall user list' to see the accounts.`,
  });
}
