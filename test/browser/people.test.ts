import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

describe('the people pages of the console', {
  skip: withoutBuild || withoutChromium,
  timeout: 240_000,
}, () => {
  test('find a person and show what the box has of them', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('operator', '/people');
    const { page, faults } = opened;
    await page.getByRole('link', { name: /Lena Fischer/ }).waitFor();
    await page.getByText('8 of 8').waitFor();
    await page.locator('img.face').first().waitFor();
    await assertAccessible(opened);

    await page.getByLabel('Name or external id').fill('fisch');
    await page.waitForURL(/text=fisch/);
    await page.getByRole('link', { name: /Ada Byron/ }).waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: /Lena Fischer/ }).waitFor();
    await page.getByLabel('Mark').selectOption('Barred');
    await page.getByText('No person fits.').waitFor();
    assert.deepEqual(faults, []);
  });
});
