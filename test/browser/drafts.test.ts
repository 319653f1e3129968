import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

const restored = 'Your unsaved changes are back.';
const stored = (page: Page): Promise<string | null> => page.evaluate("sessionStorage.getItem('drafts')");

describe('what a user types into a form', { skip: withoutBuild || withoutChromium }, () => {
  test('is there again after another page and after a reload, except for secrets and photos, and ends with the logout', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'accounts', browser });
    const opened = await box.open('admin', '/cameras/add');
    const { page, faults } = opened;
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    const address = page.getByRole('textbox', { name: 'Address', exact: true });
    const password = page.getByLabel('Camera password');
    await address.fill('rtsp://192.0.2.10/stream1');
    await page.getByLabel('Camera user name').fill('viewer');
    // A click, as without one the browser asks nothing before a reload.
    await password.click();
    await password.fill('hunter2');
    await page.getByRole('link', { name: 'Cameras', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Cameras', level: 1 }).waitFor();
    await page.goBack();
    await page.getByText(restored).waitFor();
    assert.equal(await password.inputValue(), 'hunter2');
    assert.match((await stored(page)) ?? '', /192\.0\.2\.10/);
    assert.doesNotMatch((await stored(page)) ?? '', /hunter2/);
    await assertAccessible(opened);

    await page.reload();
    await page.getByText('The browser does not store passwords or photos. Add them again.').waitFor();
    assert.deepEqual(asked, ['beforeunload']);
    assert.equal(await address.inputValue(), 'rtsp://192.0.2.10/stream1');
    assert.equal(await password.inputValue(), '');
    await page.getByRole('button', { name: 'Discard changes' }).click();
    await page.getByText(restored).waitFor({ state: 'detached' });
    assert.equal(await address.inputValue(), '');
    assert.equal(await stored(page), null);

    await page.goto('/people/add');
    await page.getByLabel('Name', { exact: true }).fill('Ada Byron');
    const buffer = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'grey' } })
      .jpeg()
      .toBuffer();
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: 'ada.jpg', mimeType: 'image/jpeg', buffer });
    await page.getByRole('button', { name: 'Remove photo ada.jpg' }).waitFor();
    await page.getByRole('link', { name: 'Cameras', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Cameras', level: 1 }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Remove photo ada.jpg' }).waitFor();
    assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Ada Byron');
    assert.match((await stored(page)) ?? '', /Ada Byron/);
    assert.doesNotMatch((await stored(page)) ?? '', /ada\.jpg/);

    // The session ends without a logout: the draft waits for its user.
    const cookies = await page.context().cookies();
    await page.context().clearCookies();
    await page.reload();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    assert.match((await stored(page)) ?? '', /Ada Byron/);
    await page.context().addCookies(cookies);
    await page.reload();
    await page.getByText(restored).waitFor();
    assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Ada Byron');

    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    assert.equal(await stored(page), null);
    assert.deepEqual(faults, []);
  });
});
