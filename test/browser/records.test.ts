import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';

describe('events and audit in the console', {
  skip: withoutBuild || withoutChromium,
}, () => {
  test('lists events with filters, follows new ones, shows one, and sends a range again', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('admin', '/events');
    const { page, faults } = opened;
    await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
    await page.getByRole('row').nth(1).waitFor();
    await assertAccessible(opened);

    await page.getByRole('link', { name: 'Lena Fischer' }).first().waitFor();
    await page.getByRole('cell', { name: 'Front door' }).first().waitFor();

    await page.getByLabel('Type').selectOption('Presentation attack');
    await page.waitForURL(/kind=attack/);
    await page
      .getByRole('row', { name: /Presentation attack/ })
      .nth(1)
      .waitFor();
    await page.getByRole('cell', { name: 'Attendance', exact: true }).first().waitFor({ state: 'hidden' });
    await page.getByRole('row').nth(1).getByRole('link').first().click();
    await page.getByRole('heading', { name: /^Event \d+$/ }).waitFor();
    await page.getByText('"still-picture"').waitFor();
    await assertAccessible(opened);

    await page.goto('/outbox');
    await page.getByRole('heading', { name: 'Outbox', level: 1 }).waitFor();
    await page.getByText('By type, most important first').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Send events again' }).click();
    await page.getByLabel('First sequence').fill('1');
    await page.getByLabel('Last sequence').fill('3');
    await page.getByRole('button', { name: 'Send again', exact: true }).click();
    await page.getByText('3 events from 1 to 3 will be sent again.').waitFor();

    await page.goto('/people');
    await page.locator('main img').nth(2).waitFor();
    await page.goto('/audit');
    await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor();
    await page
      .getByRole('row', { name: /Photo of a person viewed \(\d+\)/ })
      .first()
      .getByRole('button')
      .click();
    const readings = page.getByRole('dialog', { name: /^\d+ readings in quick succession$/ });
    await readings.getByRole('link', { name: 'Lena Fischer' }).first().waitFor();
    await assertAccessible(opened);
    await readings.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('cell', { name: 'Events sent again' }).waitFor();
    await assertAccessible(opened);
    await page.getByLabel('Action').selectOption('First administrator created');
    await page
      .getByRole('row', { name: /First administrator created/ })
      .getByRole('button')
      .click();
    await page.getByRole('dialog').getByText('user.claimed').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Show same actor' }).click();
    await page.waitForURL(/actor=/);

    await page.getByRole('button', { name: 'Check log' }).click();
    await page.getByRole('button', { name: 'Start check' }).click();
    await page.getByText('No entry was changed and none is missing.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Create report' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Create report' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save report' }).click();
    assert.match((await download).suggestedFilename(), /^audit-report-demo-box-.*\.json$/);
    assert.deepEqual(faults, []);
    const viewer = await box.open('viewer', '/events');
    await viewer.page.getByText('Lena Fischer').first().waitFor();
    assert.equal(await viewer.page.getByRole('link', { name: 'Lena Fischer' }).count(), 0);
    assert.deepEqual(viewer.faults, []);
    await cutAndFailing(box);
  });
});

/** On a phone: a stream that is cut begins again, and a page that cannot be loaded leaves the others in use. */
async function cutAndFailing(box: ConsoleBox): Promise<void> {
  const { page } = await box.open('admin', '/account', [360, 780]);
  await page.addInitScript(`{
    const send = globalThis.fetch;
    let isCut = false;
    globalThis.fetch = (to, how) => {
      if (isCut || !String(to).includes('/events/stream')) return send(to, how);
      isCut = true;
      const lines = new ReadableStream({ start: (stream) => stream.error(new TypeError('network error')) });
      return Promise.resolve(new Response(lines));
    };
  }`);
  const begunAgain = page.waitForRequest(/\/events\/stream/);
  await page.goto('/events');
  await begunAgain;
  await page.getByRole('alert').waitFor({ state: 'hidden' });
  // The columns that a phone leaves out leave their place to the others.
  const share = await page.evaluate<number>(`{
    const width = (selector) =>
      [...document.querySelectorAll(selector)].reduce((sum, { clientWidth }) => sum + clientWidth, 0);
    width('table.long th') / width('table.long');
  }`);
  assert.ok(share > 0.95, `the heads take ${share} of the table`);

  await page.route('**/assets/system-*.js', (route) => route.abort());
  const menu = page.getByRole('button', { name: 'Menu' });
  await menu.click();
  await page.getByRole('link', { name: 'Users', exact: true }).click();
  await page.getByRole('button', { name: 'Reload page' }).waitFor();
  await menu.click();
  await page.getByRole('link', { name: 'Passages', exact: true }).click();
  await page.getByRole('heading', { name: 'Passages', level: 1 }).waitFor();
}
