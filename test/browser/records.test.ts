import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

describe('events and audit in the console', {
  skip: withoutBuild || withoutChromium,
  timeout: 240_000,
}, () => {
  test('lists events with filters, follows new ones, shows one, and sends a range again', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('admin', '/events');
    const { page, faults } = opened;
    await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
    await page.getByRole('row').nth(1).waitFor();
    await assertAccessible(opened);

    await page.getByLabel('Kind').selectOption('Presentation attack');
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
    await page.getByText('By kind, most important first').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Send events again' }).click();
    await page.getByLabel('From sequence').fill('1');
    await page.getByLabel('To sequence').fill('3');
    await page.getByRole('button', { name: 'Send again', exact: true }).click();
    await page.getByText('3 events from 1 to 3 will be sent again.').waitFor();

    await page.goto('/audit');
    await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor();
    await page.getByRole('cell', { name: 'events.resent' }).waitFor();
    await assertAccessible(opened);
    await page.getByLabel('Action').fill('user.claimed');
    await page
      .getByRole('row', { name: /user\.claimed/ })
      .getByRole('button')
      .click();
    await page.getByRole('dialog').getByText('user.claimed').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'All of this actor' }).click();
    await page.waitForURL(/actor=/);

    await page.getByRole('button', { name: 'Check the log' }).click();
    await page.getByRole('button', { name: 'Check now' }).click();
    await page.getByText('Every entry is unchanged and none is missing.').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Report' }).click();
    await page.getByRole('button', { name: 'Make the report' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the report' }).click();
    assert.match((await download).suggestedFilename(), /^audit-report-demo-box-.*\.json$/);
    assert.deepEqual(faults, []);
  });
});
