import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import type { ScreenItem } from '../../daemon/contract/screens.js';
import { screenScopes } from '../../daemon/core/accounts/screens.js';
import type { Prompt } from '../../daemon/core/challenges/prompts.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { type AccountsFixture, atTheBox, openAccountsFixture } from '../support/accounts-fixture.js';
import { boxThatAsks, faceAt } from '../support/asking-box.js';
import { openTestRecords, temporaryFolder } from '../support/published-box.js';

const describeCamera = () => ({ name: 'Gate', isStreaming: true, isAsking: true });
const onePrompt: Prompt = {
  ...{ camera: 'gate', nonce: 'q83vEjRWeJASNFZ4kKvN7w', state: 'asked', action: 'nod' },
  ...{ position: 1, of: 3 },
};
const asked = (): Prompt => ({ ...onePrompt, deadlineMs: systemClock.wallMs() + 3_000 });

describe('a challenge on a paired screen', () => {
  test('passes with no other way to show its prompts, and tells no name', async () => {
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    using asking = boxThatAsks(records);
    await using intake = asking.intake;
    const recorded = new Promise<string>((resolve) => records.onRecorded(({ kind }) => resolve(kind)));
    const leaving = new AbortController();
    const items: ScreenItem[] = [];
    const face = faceAt(intake, 'track-1');
    for await (const item of asking.screens.follow('gate', describeCamera, leaving.signal)) {
      items.push(item);
      if (item.kind === 'state') {
        face.seen();
      } else if (item.state === 'asked') {
        const { nonce, position, action } = item;
        assert.equal(asking.screens.shown({ camera: 'gate', nonce, position }), true);
        // The answer begins after the box knows that the prompt is shown.
        await new Promise((resolve) => setImmediate(resolve));
        const nowMs = systemClock.monotonicMs();
        assert.ok(action !== undefined && action !== 'blink-twice');
        face.gestures.push({ kind: action, startMs: nowMs, endMs: nowMs });
        face.seen();
      } else break;
    }
    leaving.abort();
    const prompts = items.flatMap((item) => (item.kind === 'prompt' ? [item] : []));
    assert.deepEqual(
      prompts.map(({ state, position }) => [state, position]),
      [
        ['asked', 1],
        ['asked', 2],
        ['asked', 3],
        ['passed', 3],
      ],
    );
    assert.equal(await recorded, 'attendance');
    assert.ok(!JSON.stringify(items).includes('person-1'));
  });

  test('does not start where a page is open but hidden: it says nothing, so no person fails', async () => {
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    using asking = boxThatAsks(records);
    await using _ = asking.intake;
    assert.equal(await asking.prompts.show(asked()), false);
    assert.match(asking.prompts.problems.get('gate')?.reason ?? '', /no paired screen follows the camera/);
    const leaving = new AbortController();
    const screen = asking.screens.follow('gate', describeCamera, leaving.signal);
    assert.equal((await screen.next()).value?.kind, 'state');
    const heard = screen.next();
    assert.equal(await asking.prompts.show(asked()), false, 'nothing says that a person sees it');
    assert.equal((await heard).value?.kind, 'prompt');
    assert.equal(asking.screens.shown({ ...onePrompt, position: 2 }), false);
    leaving.abort();
    await screen.return(undefined);
  });

  test('reaches a page that opens again while the prompt waits', async () => {
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    using asking = boxThatAsks(records);
    await using _ = asking.intake;
    const { signal } = new AbortController();
    const first = asking.screens.follow('gate', describeCamera, signal);
    await first.next();
    const shown = asking.prompts.show(asked());
    await first.return(undefined);
    const again = asking.screens.follow('gate', describeCamera, signal);
    const { value } = await again.next();
    assert.ok(value?.kind === 'prompt' && value.action === 'nod');
    assert.ok(value.answerMs !== undefined && value.answerMs > 0);
    assert.equal(asking.screens.shown({ camera: 'gate', ...value }), true);
    assert.equal(await shown, true);
    await again.return(undefined);
  });
});

/** A screen at the gate, and the caller that its browser is afterwards. */
async function pairedScreen(fixture: AccountsFixture) {
  const { handlers } = fixture.accounts;
  const added = await handlers['screens.add']({ camera: 'gate', label: 'Main door' }, fixture.call(atTheBox));
  await handlers['screens.pair']({ secret: added.secret }, fixture.call());
  const cookie = `__Host-rollcall=${fixture.cookie()}`;
  const caller = (): Promise<Caller | undefined> => fixture.caller({ cookie, isOwnOrigin: true });
  return { ...added, caller };
}

describe('a screen', () => {
  test('is paired by a secret that works once and for 15 minutes', async () => {
    await using fixture = await openAccountsFixture();
    const { handlers } = fixture.accounts;
    const { secret, screen } = await pairedScreen(fixture);
    const again = async (given: string) => handlers['screens.pair']({ secret: given }, fixture.call());
    await assert.rejects(again(secret), { code: 'pairing-refused' });
    const late = await handlers['screens.add'](
      { camera: 'gate', label: 'Side door' },
      fixture.call(atTheBox),
    );
    fixture.clock.advanceBy(15 * 60_000);
    await assert.rejects(again(late.secret), { code: 'pairing-refused' });
    const listed = await handlers['screens.list']({}, fixture.call(atTheBox));
    assert.deepEqual(
      listed.map(({ id, pairedAt }) => [id, pairedAt === undefined]),
      [[screen.id, false]],
    );
    assert.ok(!JSON.stringify(fixture.entries).includes(secret));
    assert.deepEqual(
      fixture.actions().filter((action) => action.startsWith('screen.')),
      ['screen.added', 'screen.paired', 'screen.pairing-refused', 'screen.added', 'screen.pairing-refused'],
    );
  });

  test('may show the prompts of its camera, and nothing else', async () => {
    await using fixture = await openAccountsFixture();
    const { caller, screen } = await pairedScreen(fixture);
    const found = await caller();
    assert.deepEqual([...(found?.scopes ?? [])], ['prompts:show']);
    assert.deepEqual(screenScopes, ['prompts:show']);
    assert.deepEqual([...(found?.cameras ?? [])], ['gate']);
    assert.deepEqual(
      [found?.actor, found?.userId, found?.sessionId],
      [`screen:${screen.id}`, undefined, undefined],
    );
    assert.equal(found?.provedAtMs, 0);
  });

  test('lives over restarts for months, and ends when it is removed', async () => {
    await using fixture = await openAccountsFixture();
    const { caller, screen } = await pairedScreen(fixture);
    fixture.clock.advanceBy(399 * 86_400_000);
    await fixture.restart();
    assert.ok(await caller());
    await fixture.accounts.handlers['screens.remove']({ id: screen.id }, fixture.call(atTheBox));
    await assert.rejects(caller(), { code: 'unauthenticated' });
    const other = await pairedScreen(fixture);
    fixture.clock.advanceBy(400 * 86_400_000);
    await assert.rejects(other.caller(), { code: 'unauthenticated' });
  });

  test('is added only by a caller who may show prompts at that camera', async () => {
    await using fixture = await openAccountsFixture();
    const { handlers } = fixture.accounts;
    const scopes: Caller['scopes'] = new Set(['cameras:write', 'cameras:read']);
    const technician = { ...atTheBox, scopes };
    const add = async (camera: string, caller: Caller) =>
      handlers['screens.add']({ camera, label: 'Main door' }, fixture.call(caller));
    await assert.rejects(add('gate', technician), { code: 'beyond-own-scopes' });
    await assert.rejects(add('yard', atTheBox), { code: 'no-such-camera' });
    const { screen } = await pairedScreen(fixture);
    const elsewhere: Caller = { ...technician, cameras: new Set(['yard']) };
    const there: Caller = { ...technician, cameras: new Set(['gate']) };
    const shown = await handlers['screens.list']({}, fixture.call(there));
    assert.deepEqual(
      shown.map(({ id }) => id),
      [screen.id],
    );
    assert.deepEqual(await handlers['screens.list']({}, fixture.call(elsewhere)), []);
    await assert.rejects(async () => handlers['screens.remove']({ id: screen.id }, fixture.call(elsewhere)), {
      code: 'no-such-screen',
    });
  });
});
