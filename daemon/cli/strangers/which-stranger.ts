import type { ControlClient } from '../../core/api/client.js';
import { badInput } from '../../kernel/errors.js';
import { firstItems } from '../pages.js';

/** More than a box remembers at a busy door. */
const mostRead = 10_000;
const shortestBeginning = 4;
const mostNamed = 5;

/**
 * The id of the stranger that a text means. A whole id is returned unchanged.
 * @throws `no-such-stranger`, `ambiguous` (input)
 */
export async function whichStranger(client: Pick<ControlClient, 'call'>, given: string): Promise<string> {
  if (/^s-[0-9a-hjkmnp-tv-z]{26}$/.test(given)) return given;
  const all =
    given.length < shortestBeginning
      ? []
      : await firstItems(mostRead, (page) => client.call('strangers.list', page));
  const found = all.filter(({ id }) => id.startsWith(given));
  const [first, ...others] = found;
  if (first === undefined) {
    throw badInput('no-such-stranger', `no unknown person has an id that begins with "${given}"`, {
      remedy:
        "Run 'rollcall strangers list' to see the ids; the box forgets unknown people after a few days.",
    });
  }
  if (others.length === 0) return first.id;
  const ids = found.slice(0, mostNamed).map(({ id }) => id);
  throw badInput('ambiguous', `several ids begin with "${given}": ${ids.join(', ')}`, {
    remedy: 'Give more of the id.',
  });
}
