import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

describe('the upkeep of the box in the console', {
  skip: withoutBuild || withoutChromium,
}, () => {
  test('shows doctor, the log, where the broker cannot be reached, the isolation, models and retention, and deletes what is due', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({
      ...{ content: 'accounts', browser },
      sections: (port) =>
        `site: { id: demo-site, timeZone: Europe/Paris }\ngate: { port: ${port} }\nmqtt: { url: "mqtt://127.0.0.1:1" }\n`,
    });
    const opened = await box.open('admin', '/system');
    const { page, faults } = opened;
    const back = page.getByRole('link', { name: 'System', exact: true }).first();

    await page.getByRole('link', { name: /^Doctor/ }).click();
    await page.getByText(/checks passed/).waitFor();
    await page.getByText(/checks passed/).click();
    await page.getByText('gallery key', { exact: true }).waitFor();
    await assertAccessible(opened);

    await back.click();
    await page.getByRole('link', { name: /^Logs/ }).click();
    await page.getByLabel('Contains').fill('starting');
    await page.getByRole('button', { name: 'starting' }).click();
    await page.getByRole('dialog').getByText('"version"').waitFor();
    await assertAccessible(opened);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByLabel('Contains').fill('no line has this text');
    await page.getByText('No lines match these filters.').waitFor();

    // What the box logs from now on comes by itself, without a place in the list that the user must look for.
    await page.getByLabel('Contains').fill('was reloaded');
    await page.getByLabel('Follow').check();
    const { client } = box.box;
    const { revision } = await client.call('config.show');
    await client.call('config.apply', {
      ifRevision: revision,
      settings: { 'rules.attendanceCooldownS': 61 },
    });
    await page.getByRole('button', { name: 'the configuration was reloaded' }).first().waitFor();

    await back.click();
    await page.getByRole('link', { name: /^Broker/ }).click();
    await page.getByRole('button', { name: 'Start check' }).click();
    await page.getByText('port', { exact: true }).waitFor();
    await page.getByText('Failed', { exact: true }).waitFor();
    await assertAccessible(opened);

    // What keeps camera processes from the rest is the machine's: a sandbox, or nothing, and why.
    const { isolation } = await client.call('status.show');
    assert.ok(isolation !== undefined && isolation.gaps.length > 0);
    await back.click();
    await page.getByRole('link', { name: /^Machine/ }).click();
    await page.getByText(isolation.level === 'none' ? 'None' : 'Partial', { exact: true }).waitFor();
    await page.getByText('that process can still').waitFor();
    await assertAccessible(opened);

    await back.click();
    await page.getByRole('link', { name: /^Models/ }).click();
    await page.getByText('In use', { exact: true }).waitFor();
    await assertAccessible(opened);

    await back.click();
    await page.getByRole('link', { name: /^Retention/ }).click();
    await page.getByRole('row', { name: /^Enrolment photos 365 days/ }).waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Delete expired data' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete expired data' }).click();
    await page.getByText('Nothing was due for deletion.').waitFor();
    assert.deepEqual(faults, []);
  });
});
