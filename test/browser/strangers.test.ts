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
    await page.getByText('6 unknown people').waitFor();
    await assertAccessible(opened);

    // Two groups at once are joined, and taken apart again.
    await groups.nth(0).getByRole('checkbox').check();
    await groups.nth(1).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Merge' }).click();
    await page.getByRole('dialog').getByText('The other IDs are no longer used').waitFor();
    await assertAccessible(opened);
    await page.getByRole('dialog').getByRole('button', { name: 'Merge' }).click();
    await page.getByText('5 unknown people').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Undo last merge' }).click();
    await page.getByText('6 unknown people').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Undo last merge' }).count(), 0);

    await groups.nth(0).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Ignore' }).click();
    await groups.nth(0).getByText('Ignored').waitFor();

    await groups.nth(2).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('dialog').getByText('You can undo this for 15 minutes').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await page.getByText('5 unknown people').waitFor();

    // Taken back, as the box knows it and not the page; and discarded again.
    await page.reload();
    await page.getByText('1 unknown person was recently discarded').waitFor();
    await page.getByRole('link', { name: 'Undo' }).click();
    await page.getByText(/Discarded\. .*Can be restored until/).waitFor();
    await assertAccessible(opened);
    await groups.nth(0).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('No unknown people match these filters.').waitFor();
    await page.getByLabel('State').selectOption('All');
    await page.getByText('6 unknown people').waitFor();
    await groups.nth(2).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await page.getByText('5 unknown people').waitFor();

    // One of them is shown, and enrolled after a look at the pictures.
    await groups.nth(1).getByRole('heading').getByRole('link').click();
    await page.getByRole('heading', { name: 'Possibly the same person' }).waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Identify person' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'a new person who has given consent' }).check();
    await dialog.getByLabel('Name').fill('Mona Berg');
    await dialog.getByLabel('Proof of consent').fill('form 12');
    const enrol = dialog.getByRole('button', { name: 'Enrol person' });
    assert.ok(await enrol.isDisabled(), 'nothing is learnt without a look');
    await dialog.getByRole('checkbox', { name: /I have checked that all images/ }).check();
    await assertAccessible(opened);
    await enrol.click();
    await page.waitForURL(/\/people\/p-/);
    const { items } = await box.box.client.call('persons.list', { text: 'Mona Berg' });
    assert.equal(items.length, 1);
    const left = await box.box.client.call('strangers.list');
    assert.equal(left.total, 4);

    // The note leads back to the stranger, where the assignment is taken back: the person is removed.
    await page.getByRole('link', { name: 'Undo' }).last().click();
    await page.getByText(/Assigned to .*Can be restored until/).waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('button', { name: 'Identify person' }).waitFor();
    const removed = await box.box.client.call('persons.list', { text: 'Mona Berg' });
    assert.equal(removed.items.length, 0);
    assert.deepEqual(faults, []);
  });
});
