import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

describe('the strangers of the console', { skip: withoutBuild || withoutChromium }, () => {
  test('are merged, split, ignored, enrolled and discarded', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('operator', '/strangers');
    const { page, faults } = opened;
    const groups = page.locator('.group');
    await page.getByText('6 strangers').waitFor();
    await assertAccessible(opened);

    // Two groups at once are joined, and taken apart again.
    await groups.nth(0).getByRole('checkbox').check();
    await groups.nth(1).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Merge' }).click();
    await page.getByRole('dialog').getByText('The other ids are used no more').waitFor();
    await assertAccessible(opened);
    await page.getByRole('dialog').getByRole('button', { name: 'Merge' }).click();
    await page.getByText('5 strangers').waitFor();
    await page.getByRole('button', { name: 'Take the last merge back' }).click();
    await page.getByText('6 strangers').waitFor();

    await groups.nth(0).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Ignore' }).click();
    await groups.nth(0).getByText('Ignored').waitFor();

    await groups.nth(2).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('dialog').getByText('For 15 minutes you can take this back').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await page.getByText('5 strangers').waitFor();

    // Taken back, as the box knows it and not the page; and discarded again.
    await page.reload();
    await page.getByText('1 stranger was discarded or assigned').waitFor();
    await page.getByRole('link', { name: 'Take back' }).click();
    await page.getByText(/Discarded\. .*Can be restored until/).waitFor();
    await assertAccessible(opened);
    await groups.nth(0).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('The box remembers no strangers with these filters').waitFor();
    await page.getByLabel('State').selectOption('All');
    await page.getByText('6 strangers').waitFor();
    await groups.nth(2).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await page.getByText('5 strangers').waitFor();

    // One of them is shown, and enrolled after a look at the pictures.
    await groups.nth(1).getByRole('heading').getByRole('link').click();
    await page.getByRole('heading', { name: 'May be the same person' }).waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Say who this is' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'a new person who gave consent' }).check();
    await dialog.getByLabel('Name').fill('Mona Berg');
    await dialog.getByLabel('Proof of the consent').fill('form 12');
    const enrol = dialog.getByRole('button', { name: 'Enrol this person' });
    assert.ok(await enrol.isDisabled(), 'nothing is learnt without a look');
    await dialog.getByRole('checkbox', { name: /I have looked at the pictures/ }).check();
    await assertAccessible(opened);
    await enrol.click();
    await page.waitForURL(/\/people\/p-/);
    const { items } = await box.box.client.call('persons.list', { text: 'Mona Berg' });
    assert.equal(items.length, 1);
    const left = await box.box.client.call('strangers.list');
    assert.equal(left.total, 4);

    // The note leads back to the stranger, where the assignment is taken back: the person is removed.
    await page.getByRole('link', { name: 'Take back' }).last().click();
    await page.getByText(/Assigned to .*Can be restored until/).waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('button', { name: 'Say who this is' }).waitFor();
    const removed = await box.box.client.call('persons.list', { text: 'Mona Berg' });
    assert.equal(removed.items.length, 0);
    assert.deepEqual(faults, []);
  });
});
