import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page, Route } from 'playwright-core';
import type { ReviewItem } from '../../daemon/contract/review.js';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, isWiderThanScreen, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, limitedOperator, startConsoleBox } from '../support/console-box.js';
import { until } from '../support/until.js';

/** Items in one sitting. */
const sitting = 40;

/** As many near matches as one answers in a sitting, about real passages of the box. */
async function manyNearMatches({ box: { client } }: ConsoleBox): Promise<readonly ReviewItem[]> {
  const { items } = await client.call('passages.list', { limit: 1000 });
  const persons = (await client.call('persons.list', { limit: 3 })).items;
  const candidates = persons.map(({ id, name, photographId }, index) => ({
    ...{ person: { id, name }, similarity: 0.5 - 0.1 * index },
    ...(photographId !== undefined && { photograph: photographId }),
  }));
  const many = items
    .flatMap((passage) => ('unreadable' in passage ? [] : [passage]))
    .slice(0, sitting)
    .map((passage) => ({
      ...{ id: `passage.${passage.id}`, kind: 'near-match' as const, at: passage.startedAt, passage },
      ...{ hasPicture: true, candidates },
    }));
  assert.equal(many.length, sitting);
  return many;
}

const item = (page: Page) => page.locator('article:not([hidden])');
const question = (page: Page) => item(page).locator('h2');

describe('the review queue of the console', { skip: withoutBuild || withoutChromium }, () => {
  test('is answered with one key for each item and no wait for the box between two', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const many = await manyNearMatches(box);
    const opened = await box.open('operator', '/account');
    const { page, faults } = opened;
    // The box has fewer such passages than a sitting. Its answers to feedback are held back until all items are answered.
    await page.route(
      (url) => url.pathname === '/api/v1/review',
      (route) => route.fulfill({ json: { success: true, data: many, meta: {} } }),
    );
    const held: Route[] = [];
    await page.route('**/api/v1/passages/*/marks', (route) => void held.push(route));
    await page.goto('/review');
    await question(page).waitFor();
    let keys = 0;
    for (const [index, item] of many.entries()) {
      await page
        .locator(`article:not([hidden]) a[href="/passages/${item.id.slice('passage.'.length)}"]`)
        .waitFor();
      await page.keyboard.press(['1', 'u', 'n', '2'][index % 4] ?? 'u');
      keys += 1;
    }
    await page.getByText(`${sitting} answers are being sent.`).waitFor();
    assert.equal(keys, sitting, 'one key for each item');
    assert.equal(held.length, 1, 'the box has answered nothing yet');
    await page.getByText(`Nothing waiting, ${sitting} answered`).waitFor();

    // One after the other, each is known to the real box.
    await page.unroute('**/api/v1/passages/*/marks');
    await held[0]?.continue();
    const marksOf = async (): Promise<readonly (string | undefined)[]> => {
      const shown = await Promise.all(
        many.map(({ id }) => box.box.client.call('passages.show', { passage: id.slice('passage.'.length) })),
      );
      return shown.map(({ mark }) => mark?.was);
    };
    await until('all answers to arrive', async () => (await marksOf()).every((was) => was !== undefined));
    assert.deepEqual(
      await marksOf(),
      many.map((_, index) => ['person', 'stranger', 'nobody', 'person'][index % 4]),
    );
    await page.getByText('All done. Thank you.').waitFor();
    assert.deepEqual(faults, []);
  });

  test('goes on with the answers on other pages, asks before a logout loses them, and gives none to the next user', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const admin = await box.open('admin', '/account');
    const { page, faults } = await box.open('operator', '/account');
    await page.clock.install();
    const sent: Route[] = [];
    await page.route('**/api/v1/{passages/*/marks,review/*/aside}', (route) => void sent.push(route));
    await page.goto('/review');
    await question(page).waitFor();
    // Several items may ask the same of one person, each about another passage.
    const first = await item(page).textContent();
    await page.keyboard.press('1');
    await page.keyboard.press('d');
    await page.keyboard.press('d');
    await until('the first answer', () => sent.length === 1);

    // The page that is left and opened again has the same answers, and asks nothing twice.
    await page.keyboard.press('o');
    await question(page).waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByText(/ 3 answered$/).waitFor();
    assert.equal(await page.getByRole('button', { name: /^Undo: no action needed/ }).isVisible(), true);
    assert.notEqual(await item(page).textContent(), first);

    const tooFast = { code: 'rate-limited', message: 'too many requests', details: { retryAfterS: 60 } };
    await sent[0]?.fulfill({ status: 429, json: { success: false, error: tooFast } });
    await page.getByRole('button', { name: 'Log out' }).click();
    const warning = page.getByRole('dialog', { name: 'Log out before everything is sent?' });
    await warning.getByText('3 answers are still being sent.').waitFor();
    await warning.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await warning.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();

    const { userName, password } = box.credentialsOf('admin');
    await page.getByLabel('User name').fill(userName);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await page.getByText(/ 0 answered$/).waitFor();
    // The answers of the first user would be due now.
    await page.clock.fastForward('02:00');
    await page.keyboard.press('s');
    await until('the answer of the next user', () => sent.length > 1);
    await sent[1]?.continue();
    await page.getByText(/ 1 answered$/).waitFor();
    assert.deepEqual(
      sent.slice(1).map((route) => route.request().postDataJSON()),
      [{ for: 'me' }],
      'only what this user said',
    );
    assert.deepEqual([...faults, ...admin.faults], []);
  });

  test('takes an answer back, comes back after a refusal, and shows each user what is left', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const { client } = box.box;
    /** As another user sees the queue. The cameras of this box fail, which an operator cannot repair. */
    const waiting = async (camera?: string): Promise<readonly string[]> => {
      const { items } = await client.call('review.list', { limit: 1000, ...(camera && { camera }) });
      return items.flatMap(({ kind, id }) => (kind === 'camera' ? [] : [id]));
    };
    const count = (await waiting()).length;
    assert.ok(count >= 4, `${count} items`);
    const opened = await box.open('operator', '/review');
    const { page, faults } = opened;
    await page.getByText(progress(count, 0)).waitFor();
    await page.getByRole('link', { name: `Review ${count} waiting` }).waitFor();
    await assertAccessible(opened);
    const first = (await question(page).textContent()) ?? '';
    // Switched off in the overview, which has them, the keys do nothing.
    await page.keyboard.press('?');
    const overview = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await overview.getByText('Mark as attack').waitFor();
    const tick = overview.getByRole('checkbox');
    await tick.uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    assert.equal(await question(page).textContent(), first);
    await page.getByText(progress(count, 0)).waitFor();
    await page.evaluate("localStorage.removeItem('rollcall.keys')");
    await page.reload();
    await page.getByText(progress(count, 0)).waitFor();
    assert.match(first, /^Is this .+\?$/);
    await page.keyboard.press('1');
    await until('the answer to arrive', async () => (await waiting()).length === count - 1);
    await page.getByRole('link', { name: `Review ${count - 1} waiting` }).waitFor();
    await page.getByRole('button', { name: /^Undo: this was / }).waitFor();
    await page.keyboard.press('z');
    await question(page).filter({ hasText: first }).waitFor();
    await until('the answer to be taken back', async () => (await waiting()).length === count);

    // Skipped by one user, it is there for the other, also after a reload; what needs nothing is gone for both.
    await page.keyboard.press('s');
    await page.getByRole('button', { name: 'Undo: skipped' }).waitFor();
    await page.keyboard.press('d');
    await page.getByRole('button', { name: 'Undo: no action needed' }).waitFor();
    await until('the item to be done', async () => (await waiting()).length === count - 1);
    const phone = await box.open('operator', '/review', [390, 844]);
    await phone.page.getByText(progress(count - 2, 0)).waitFor();
    assert.equal(await isWiderThanScreen(phone), false);
    await assertAccessible(phone);

    // What the box refuses comes back into the queue.
    await page.route('**/api/v1/passages/*/marks', (route) =>
      route.fulfill({
        status: 400,
        json: {
          success: false,
          error: {
            code: 'mark-refused',
            message: 'the passage cannot be marked',
            remedy: 'Reload the page.',
          },
        },
      }),
    );
    const refused = (await question(page).textContent()) ?? '';
    await page.keyboard.press('u');
    await page.getByRole('alert').filter({ hasText: 'Your answer was not saved' }).waitFor();
    await page.unroute('**/api/v1/passages/*/marks');
    await page.keyboard.press('ArrowLeft');
    await question(page).filter({ hasText: refused }).waitFor();
    await page.getByText(progress(count - 2, 2)).waitFor();

    // An account of one camera has the passages of this camera alone.
    const limited = await box.open(limitedOperator, '/review');
    const own = (await waiting('front-door')).filter((id) => id.startsWith('passage.'));
    await limited.page.getByText(progress(own.length, 0)).waitFor();

    // Until nothing is left: the page says so, and when the newest item came.
    for (let left = count - 2; left > 0; left -= 1) {
      await page.getByText(progress(left, count - left)).waitFor();
      await page.keyboard.press('d');
    }
    await page.getByText('All done. Thank you.').waitFor();
    await until('all items to be done', async () => (await waiting()).length === 1);
    await page.reload();
    await page.getByText('Nothing needs your attention.').waitFor();
    await page.getByText(/The newest item came on/).waitFor();
    await assertAccessible(opened);
    assert.deepEqual([...faults, ...phone.faults, ...limited.faults], []);
  });
});

const progress = (waiting: number, answered: number): string =>
  `${waiting === 1 ? '1 item' : `${waiting} items`} waiting, ${answered} answered`;
