import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, type WatchedPage, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

describe('the passages of the console', { skip: withoutBuild || withoutChromium }, () => {
  test('have a clip that is played, stepped through, and saved, where the box keeps one', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const { client } = box.box;
    const clippedOf = async () => {
      for (const { id } of (await client.call('passages.list', { limit: 100, outcome: 'attended' })).items) {
        const { clip } = await client.call('passages.show', { passage: id });
        if (clip?.state === 'kept') return { id, clip };
      }
      return assert.fail('no attendance has a clip');
    };
    const clipped = await clippedOf();
    const opened = await box.open('operator', `/passages/${clipped.id}`);
    const { page, faults } = opened;
    await page.getByText(`${clipped.clip.frames} frames`).waitFor();
    await page.getByRole('button', { name: 'Open clip' }).click();
    const place = page.getByRole('slider', { name: 'Place in the clip' });
    await page.getByRole('img', { name: /Frame at/ }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await place.fill('3');
    // The keys of the page stay with a field that has the focus.
    await page.getByRole('button', { name: 'Next frame' }).click();
    await page.locator('input[type=range][aria-valuetext*="+0.8"]').waitFor();
    await page.keyboard.press(',');
    await page.locator('input[type=range][aria-valuetext*="+0.6"]').waitFor();
    await page.getByRole('button', { name: 'Play' }).waitFor();
    await assertAccessible(opened);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save clip' }).click(),
    ]);
    const served = await client.call('passages.clip', { passage: clipped.id });
    assert.ok(
      (await readFile(await download.path())).equals(served),
      'the saved file is what the box signed',
    );
    assert.deepEqual(faults, []);
  });

  test('are found, explained and corrected', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('operator', '/passages');
    const { page, faults } = opened;
    const cards = page.locator('.film a.shot');
    await cards.first().waitFor();
    await assertAccessible(opened);

    // Keyboard: from card to card, also to rows that are not drawn yet.
    await cards.first().focus();
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    for (let row = 0; row < 8; row += 1) await page.keyboard.press('ArrowDown');
    await page.locator('.film a.shot:focus').waitFor();
    const reached = await page.locator('.film a.shot:focus').getAttribute('data-index');
    assert.ok(Number(reached) > 20, `the focus is on card ${reached}`);
    await page.keyboard.press('m');
    await page.getByRole('dialog', { name: 'Correct identity' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator(`.film a.shot[data-index="${reached}"]:focus`).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Decision' }).waitFor();
    await page.goBack();
    await cards.first().waitFor();

    await page.getByLabel('Outcome').selectOption('attended');
    await page.getByLabel('Reason').selectOption('attended');
    await page.waitForURL(/outcome=attended.*reason=attended|reason=attended.*outcome=attended/);
    // All cards that show are chosen ones, and not those that happened to show before.
    const others = page.locator('a.shot', { hasNotText: 'Attended' });
    await page
      .locator('.film', { hasNotText: 'a moment before', hasNot: others, has: page.locator('a.shot') })
      .waitFor();
    await page.getByRole('button', { name: 'Show as a table' }).click();
    await page.getByRole('table').waitFor();
    await markedMany(opened);
    await page.getByRole('button', { name: 'Show as images' }).click();
    await cards.first().click();

    await page.getByRole('heading', { name: 'Decision' }).waitFor();
    await page.getByText(/Recognised as .*life proven: 1 blink/).waitFor();
    await page.locator('.moments', { hasText: 'Blinked for' }).waitFor();
    await page
      .getByRole('img', { name: /views from .* s after the face was first seen, 1 blink\./ })
      .waitFor();
    await page.getByText(/Open eyes are at 0\.\d+ here\. A dip to 0\.\d+ is a blink/).waitFor();
    await page.getByRole('img', { name: /Best image of the passage/ }).waitFor();
    await assertAccessible(opened);

    await page.getByRole('button', { name: 'Mark as wrong' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name or ID').first().fill('Bea');
    await dialog.getByRole('radio', { name: /Bea Kidane/ }).check();
    await dialog
      .getByRole('note', { name: 'Effect on thresholds' })
      .getByText(/The threshold of .+ changes from 0\.\d+ to 0\.\d+\.|No threshold changes\./)
      .first()
      .waitFor();
    await assertAccessible(opened);
    await dialog.getByRole('button', { name: 'Save feedback' }).click();
    await page.getByText(/Feedback from .*: this was Bea Kidane/).waitFor();

    const address = page.url();
    await page.goto('/passages?marked=only&outcome=attended');
    // One of them was marked when the box was made.
    await page.locator('.film a.shot').nth(1).waitFor();
    assert.equal(await page.locator('.film a.shot').count(), 2);
    await page.goto(address);
    await page.getByRole('button', { name: 'Undo feedback' }).click();
    await assertAccessible(opened);
    await dialog.getByRole('button', { name: 'Undo feedback' }).click();
    await page.getByText(/Feedback from/).waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: 'Older' }).click();
    await page.waitForURL((url) => url.href !== address);
    await page.getByRole('heading', { name: 'Decision' }).waitFor();
    await page.goto('/passages?outcome=undecided&reason=turned-away');
    await cards.first().click();
    await page.getByText(/Not evaluated: face turned away \(\d+ views\)/).waitFor();
    await assertAccessible(opened);

    // From a passage of a stranger to the person: with a look at the pictures.
    const { items } = await box.box.client.call('passages.list', { outcome: 'stranger', limit: 100 });
    const unknown = items.find((item) => 'stranger' in item);
    await page.goto(`/passages/${unknown?.id}`);
    await page.getByRole('link', { name: 'Enrol this person' }).click();
    await dialog.getByRole('radio', { name: 'a new person who has given consent' }).check();
    await dialog.getByLabel('Name').fill('Nora Lund');
    await dialog.getByLabel('Proof of consent').fill('form 7');
    await dialog.getByRole('checkbox', { name: /I have checked that all images/ }).check();
    await dialog.getByRole('button', { name: 'Enrol person' }).click();
    await page.getByRole('heading', { name: 'Nora Lund', level: 1 }).waitFor();
    await page.goto(`/passages/${unknown?.id}`);
    await page.getByText(/an operator said later that this is Nora Lund/).waitFor();
    assert.deepEqual(faults, []);

    // A view becomes a photo of the person with one click, and goes with another.
    const administrator = await box.open('admin', new URL(address).pathname);
    const view = administrator.page;
    await view.getByText("Not available: the person's consent is not recorded.").waitFor();
    const shown = await box.box.client.call('passages.show', {
      passage: new URL(address).pathname.slice(10),
    });
    const person = shown.person?.id ?? '';
    const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' } as const;
    await box.box.client.call('persons.update', { id: person, consent });
    await view.reload();
    await view.getByRole('button', { name: 'Add image' }).click();
    await view.getByText(/The box also uses this image to recognise .+\./).waitFor();
    await assertAccessible(administrator);
    await view.goto(`/people/${person}`);
    await view.getByText('From passage:').waitFor();
    await assertAccessible(administrator);
    await view.goto(`/passages?person=${person}&outcome=attended`);
    await view.locator('.film a.shot').first().focus();
    await view.keyboard.press('r');
    await view.getByRole('dialog', { name: 'Add image' }).waitFor();
    await assertAccessible(administrator);
    await view.keyboard.press('Escape');
    await view.goto(address);
    await view.getByRole('button', { name: 'Remove image' }).click();
    await view.getByRole('button', { name: 'Add image' }).waitFor();
    const photographs = await box.box.client.call('persons.photographs.list', { id: person });
    assert.deepEqual(
      photographs.filter(({ fromPassage }) => fromPassage !== undefined),
      [],
    );
    assert.deepEqual(administrator.faults, []);

    const narrow = await box.open('technician', '/passages', [360, 740]);
    await narrow.page.locator('.film a.shot').first().waitFor();
    const overflow = await narrow.page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    assert.equal(overflow, 0);
    assert.deepEqual(narrow.faults, []);
  });
});

/** Passages are chosen with the shift key, get the same feedback after a preview, and lose it again. */
async function markedMany(opened: WatchedPage): Promise<void> {
  const { page } = opened;
  const ticks = page.getByRole('checkbox', { name: /^Select the passage of/ });
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  for (const widthPx of [390, width]) {
    await page.setViewportSize({ width: widthPx, height });
    await ticks.first().waitFor();
    assert.deepEqual(await cutCells(opened, 'a, input'), [], `cells are cut at ${widthPx} pixels`);
  }
  await ticks.first().click();
  await ticks.nth(2).click({ modifiers: ['Shift'] });
  await page.getByText('3 passages selected').waitFor();
  await assertAccessible(opened);
  await page.getByRole('button', { name: 'Correct identity' }).click();
  // It does not say yet which person.
  await page.getByRole('button', { name: 'Preview feedback', disabled: true }).waitFor();
  await page.getByRole('radio', { name: 'an unknown person' }).check();
  await page.getByRole('button', { name: 'Preview feedback' }).click();
  await page.getByText('Nothing has changed yet.').waitFor();
  await assertAccessible(opened);
  // Other feedback needs another preview.
  await page.getByRole('radio', { name: /^an attack/ }).check();
  await page.getByRole('button', { name: 'Preview feedback' }).click();
  await page.getByRole('button', { name: 'Save feedback on 3 passages' }).click();
  await page.getByText('3 passages got this feedback, 0 already had it, 0 refused.').waitFor();
  await assertAccessible(opened);
  await page.getByRole('button', { name: 'Undo all' }).click();
  await page.getByText('The feedback was undone.').waitFor();
  await page.locator(':focus', { hasText: '0 passages selected' }).waitFor();
  await ticks.first().click();
  await page.getByRole('button', { name: 'Clear selection' }).click();
  await page.locator(':focus', { hasText: '0 passages selected' }).waitFor();
}

/** The texts of cells with such an element in them that have no room for it. */
const cutCells = ({ page }: WatchedPage, selector: string): Promise<readonly string[]> =>
  page
    .locator('table.long td', { has: page.locator(selector) })
    .evaluateAll((cells) =>
      cells.flatMap(({ scrollWidth, clientWidth, textContent }) =>
        scrollWidth > clientWidth ? [textContent ?? ''] : [],
      ),
    );
