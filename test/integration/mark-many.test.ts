import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MarkedPassage } from '../../daemon/contract/passages.js';
import { allScopes } from '../../daemon/contract/scopes.js';
import { tester } from '../support/gallery-fixture.js';
import { withPassageApi } from '../support/passage-api.js';
import { passageOf } from '../support/passage-fixture.js';

const callerAt = (cameras?: readonly string[]) => ({
  ...{ ...tester, scopes: new Set(allScopes), cameras: cameras && new Set(cameras) },
});
const operator = callerAt();
const outcomes = (passages: readonly MarkedPassage[]) =>
  passages.map(({ passage, outcome, refusal }) => [passage, outcome, refusal?.code]);

describe('a mark of many passages', () => {
  test('marks each with an event and an entry, after a preview that marks nothing, and can be taken back', async (t) => {
    await withPassageApi(t, async ({ ada, passages, records, trail }) => {
      const [first, second, third] = [1, 2, 3].map((number) =>
        passageOf(number, { personId: ada, events: [] }),
      );
      assert.ok(first && second && third);
      const { end: _, ...inSight } = third;
      for (const passage of [first, second, inSight]) records.passages.put(passage);
      passages.mark(second.id, { was: 'stranger' }, operator);
      const entries = (): number => trail.count({ action: 'passage.marked' });
      assert.equal(entries(), 1);

      const asked = {
        passages: [first.id, second.id, third.id, 'none-such', first.id],
        was: 'stranger' as const,
      };
      const expected = [
        [first.id, 'marked', undefined],
        [second.id, 'unchanged', undefined],
        [third.id, 'refused', 'mark-refused'],
        ['none-such', 'refused', 'no-such-passage'],
      ];
      const preview = await passages.markMany({ ...asked, isPreview: true }, operator);
      assert.deepEqual(outcomes(preview.passages), expected);
      assert.equal(passages.show(first.id, operator).mark, undefined);
      assert.equal(entries(), 1);

      const { passages: marked } = await passages.markMany({ ...asked, isPreview: false }, operator);
      assert.deepEqual(outcomes(marked), expected);
      assert.equal(passages.show(first.id, operator).mark?.was, 'stranger');
      assert.equal(entries(), 2);
      const again = await passages.markMany({ ...asked, isPreview: false }, operator);
      assert.equal(again.passages[0]?.outcome, 'unchanged');
      assert.equal(entries(), 2);

      passages.unmark(first.id, operator, marked[0]?.mark?.event);
      assert.equal(passages.show(first.id, operator).mark, undefined);
    });
  });

  test('corrects attendance that an earlier mark left as it was, because its caller lacked the right', async (t) => {
    await withPassageApi(t, async ({ ada, passages, records, trail }) => {
      const passage = passageOf(1, { personId: ada, events: [] });
      records.passages.put(passage);
      const asked = { passages: [passage.id], was: 'person' as const, person: ada };
      const reviewer = {
        ...operator,
        scopes: new Set(allScopes.filter((each) => each !== 'attendance:write')),
      };
      const run = async (isPreview: boolean, caller = operator) => {
        const { passages: marked } = await passages.markMany({ ...asked, isPreview }, caller);
        return [marked[0]?.outcome, marked[0]?.mark?.corrections];
      };
      assert.deepEqual(await run(false, reviewer), ['marked', 0]);
      assert.deepEqual(await run(false, reviewer), ['unchanged', undefined]);
      assert.deepEqual(await run(true), ['marked', undefined]);
      assert.deepEqual(await run(false), ['marked', 1]);
      assert.equal(trail.count({ action: 'attendance.corrected' }), 1);
      assert.deepEqual(await run(true), ['unchanged', undefined]);
    });
  });

  test('refuses in its preview the note that it would refuse', async (t) => {
    await withPassageApi(t, async ({ ada, passages, records }) => {
      const passage = passageOf(1, { personId: ada, events: [] });
      records.passages.put(passage);
      for (const isPreview of [true, false]) {
        const asked = { passages: [passage.id], was: 'nobody' as const, note: 'two\nlines', isPreview };
        const { passages: marked } = await passages.markMany(asked, operator);
        assert.deepEqual(outcomes(marked), [[passage.id, 'refused', 'mark-refused']]);
      }
    });
  });

  test('leaves passages of other cameras alone, and refuses all where it names nobody', async (t) => {
    await withPassageApi(t, async ({ ada, passages, records }) => {
      const passage = passageOf(1, { personId: ada, events: [] });
      records.passages.put(passage);
      const asked = { passages: [passage.id], isPreview: false };
      const limited = await passages.markMany({ ...asked, was: 'nobody' }, callerAt(['yard']));
      assert.deepEqual(outcomes(limited.passages), [[passage.id, 'refused', 'no-such-passage']]);
      await assert.rejects(passages.markMany({ ...asked, was: 'person', person: 'p-nobody' }, operator), {
        code: 'no-such-person',
      });
      assert.equal(passages.show(passage.id, operator).mark, undefined);
    });
  });
});
