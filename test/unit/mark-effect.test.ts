import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectText } from '../../daemon/contract/passage-text.js';
import type { MarkEffect } from '../../daemon/contract/passages.js';
import { personId } from '../../daemon/kernel/ids.js';

const effectOn = (
  change: Pick<MarkEffect['thresholds'][number], 'before' | 'after' | 'lost'>,
): MarkEffect => ({
  thresholds: [{ person: { id: personId('p-1'), name: 'Ada Lovelace' }, comparisons: 6, ...change }],
});

test('rollcall passages mark says whose threshold changes, and what that costs', () => {
  assert.equal(
    effectText(effectOn({ before: 0.55, after: 0.6124, lost: 1 })),
    "The threshold of Ada Lovelace changes from 0.550 to 0.612. 1 of 6 comparisons of this person's own photos no longer match.",
  );
});

test('rollcall passages mark does not ask where no threshold changes', () => {
  assert.equal(effectText(effectOn({ before: 0.55, after: 0.55, lost: 0 })), '');
  assert.equal(effectText({ thresholds: [] }), '');
});
