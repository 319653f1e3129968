import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';

const path = '/system/configuration';

const skip = withoutBuild || withoutChromium;

test('the configuration in the console', { skip }, async (t) => {
  await using browser = await startBrowser();
  await using box = await startConsoleBox({ content: 'accounts', browser });
  await t.test('shows a difference before it is put in force, and refuses what cannot be', () => change(box));
  await t.test('is for reading to a technician, and not there for an operator', () => read(box));
});

async function change(box: ConsoleBox): Promise<void> {
  const { client } = box.box;
  const inForce = async (setting: string): Promise<unknown> =>
    (await client.call('config.show')).settings.find((each) => each.path === setting)?.value;
  const opened = await box.open('admin', path);
  const { page, faults } = opened;
  const dialog = page.getByRole('dialog');
  const close = dialog.getByRole('button', { name: 'Close' });

  await page.getByLabel('Time until a face is unknown (seconds)').fill('9');
  await page.getByLabel('Passage images (days)').fill('1');
  await page.getByText('2 changes').waitFor();
  // Descriptions are written in Markdown.
  await page.locator('.hint code', { hasText: 'retention.strangers' }).first().waitFor();
  assert.equal(await page.locator('.hint', { hasText: '`' }).count(), 0);
  await assertAccessible(opened);
  await page.getByRole('button', { name: 'Review changes' }).click();
  await dialog.getByRole('row', { name: 'Time until a face is unknown (seconds) 2 9 Immediately' }).waitFor();
  await dialog.getByText('permanently deletes').waitFor();
  await assertAccessible(opened);
  assert.equal(await inForce('rules.unknownAfterS'), 2, 'nothing is in force before it was confirmed');
  await dialog.getByRole('button', { name: 'Apply changes' }).click();
  await page.getByText('The changes are in effect.').waitFor();
  assert.equal(await inForce('rules.unknownAfterS'), 9);

  await page.getByLabel('Time until a face is unknown (seconds)').fill('900');
  await page.getByRole('button', { name: 'Review changes' }).click();
  await dialog.getByText('Must be a number from 0 to 300.').waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Apply changes' }).isDisabled());
  await close.click();
  await page.getByRole('button', { name: 'Discard changes' }).click();

  await page.getByRole('button', { name: 'Reset to 2', exact: true }).first().click();
  await page.getByRole('button', { name: 'Review changes' }).click();
  await dialog.getByRole('row', { name: /9 2 Immediately/ }).waitFor();
  const { revision } = await client.call('config.show');
  const settings = { 'disk.lowMiB': 2000 };
  await client.call('config.apply', { settings, ifRevision: revision });
  await dialog.getByRole('button', { name: 'Apply changes' }).click();
  await dialog.getByText('Code changed-meanwhile').waitFor();
  await close.click();
  await page.getByRole('button', { name: 'Review changes' }).click();
  await dialog.getByRole('row', { name: /9 2 Immediately/ }).waitFor();
  await dialog.getByRole('button', { name: 'Apply changes' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await inForce('rules.unknownAfterS'), 2);
  assert.equal(await inForce('disk.lowMiB'), 2000);
  await page.getByText('Settings in the configuration file').click();
  await page.getByRole('row', { name: 'site.timeZone' }).waitFor();

  await page.getByRole('link', { name: 'View as text' }).click();
  const text = page.getByLabel('settings.yaml');
  await text.fill('disk:\n  lowMiB: 0\n');
  await page.getByRole('button', { name: 'Review changes' }).click();
  await dialog.getByText(/settings\.yaml, line 2/).waitFor();
  await close.click();
  await text.fill('# For the new disk.\ndisk:\n  lowMiB: 3000\n');
  await assertAccessible(opened);
  await page.getByRole('button', { name: 'Review changes' }).click();
  await dialog.getByRole('button', { name: 'Apply changes' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await inForce('disk.lowMiB'), 3000);
  assert.match((await client.call('config.show')).ownFile.text, /# For the new disk/);
  assert.deepEqual(faults, []);
}

async function read(box: ConsoleBox): Promise<void> {
  const technician = await box.open('technician', path, [360, 740]);
  const field = technician.page.getByLabel('Time until a face is unknown (seconds)');
  await field.waitFor();
  assert.ok(await field.isDisabled());
  await assertAccessible(technician);
  const width = Number(await technician.page.evaluate('document.documentElement.scrollWidth'));
  assert.ok(width <= 360, `the page is ${width} pixels wide`);
  const operator = await box.open('operator', path);
  await operator.page
    .getByText('You need these permissions: View settings and check changes to them')
    .waitFor();
  assert.deepEqual([...technician.faults, ...operator.faults], []);
}
