import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, isWiderThanScreen, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';

/** What the box answers to a change over the limit of such requests. */
const overLimit = {
  status: 429,
  json: { error: { code: 'rate-limited', message: 'You changed people 6 times.', remedy: 'Wait a minute.' } },
};
const changes = '**/api/v1/persons/changes';

describe('the page that changes many people', {
  skip: withoutBuild || withoutChromium,
}, () => {
  let browser: Browser;
  let box: ConsoleBox;
  before(async () => {
    browser = await startBrowser();
    box = await startConsoleBox({ content: 'past', browser });
    const ids = ['Ada Byron', 'Bea Kidane', 'Chidi Okafor'].map(idOf);
    await box.box.client.call('persons.change-many', { ids, addGroups: ['day'] });
    // Whoever is valid from a later day than this one is refused.
    const validUntil = '2026-03-01';
    await box.box.client.call('persons.update', { id: idOf('Chidi Okafor'), validUntil });
    const name = 'Grace Mwangi, whose name takes more than the two lines that a row of the table has for it';
    await box.box.client.call('persons.update', { id: idOf('Grace Mwangi'), name });
  });
  after(async () => {
    await box[Symbol.asyncDispose]();
    await browser.close();
  });

  const idOf = (wanted: string): string => {
    const found = box.seeded?.persons.find(({ name }) => name === wanted);
    assert.ok(found, wanted);
    return found.id;
  };
  const show = (name: string) => box.box.client.call('persons.show', { id: idOf(name) });
  const rowOf = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });

  test('previews a change of those whom the filters select, and makes it for those who stay selected', async () => {
    const opened = await box.open('operator', '/people?group=day&sort=name');
    const { page, faults } = opened;
    await page.getByRole('link', { name: 'Change people' }).click();
    await page.waitForURL('**/people/change?group=day&sort=name');
    await page.getByText('3 of 3 people selected').waitFor();
    await page.getByRole('checkbox', { name: 'Bea Kidane' }).uncheck();
    await page.getByText('2 of 3 people selected').waitFor();
    const preview = page.getByRole('button', { name: 'Preview change' });
    assert.ok(await preview.isDisabled(), 'nothing is filled in');
    await page.getByLabel('Add to groups').fill('night');
    await page.getByLabel('Valid from').selectOption('Set date');
    await page.getByLabel('First valid day').fill('2026-06-01');
    await page.getByLabel('Valid until').selectOption('No limit');
    await assertAccessible(opened);

    await page.getByLabel('Valid until').selectOption('No change');
    await preview.click();
    const summary = '1 person will change, 0 already up to date, 1 refused.';
    await page.locator(':focus', { hasText: summary }).waitFor();
    await rowOf(page, 'Ada Byron').getByText('Will change').waitFor();
    await rowOf(page, 'Ada Byron').getByText('Groups: day, night · Valid from: 1 Jun 2026').waitFor();
    await rowOf(page, 'Bea Kidane').getByText('Not selected').waitFor();
    assert.match(
      await page.getByRole('row').nth(1).innerText(),
      /Chidi Okafor/,
      'the refused one is the first',
    );
    assert.equal((await show('Ada Byron')).validFrom, undefined, 'a preview changes nothing');
    await page.getByRole('button', { name: 'Details Ada Byron' }).click();
    await page.getByRole('dialog').getByText('day, night (before: day)').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Close' }).click();

    const apply = page.getByRole('button', { name: 'Change 1 person' });
    await page.getByLabel('Remove from groups').fill('day');
    await page.getByText('Preview the change again.').waitFor();
    assert.equal(await apply.count(), 0, 'only what was previewed can be done');
    await page.getByLabel('Remove from groups').fill('');
    await page.getByRole('checkbox', { name: 'Bea Kidane' }).check();
    await page.getByText('Preview the change again.').waitFor();
    await page.getByRole('checkbox', { name: 'Bea Kidane' }).uncheck();

    await page.route(changes, (route) => route.fulfill(overLimit));
    await apply.click();
    await page.getByText('Wait a minute.').waitFor();
    assert.equal(await page.getByLabel('Add to groups').inputValue(), 'night');
    await page.unroute(changes);
    const asked = page.waitForRequest(changes);
    await apply.click();
    assert.deepEqual((await asked).postDataJSON(), {
      ...{ ids: [idOf('Ada Byron')], addGroups: ['night'], validFrom: '2026-06-01' },
    });
    await page.locator(':focus', { hasText: '1 person changed, 0 already up to date, 1 refused.' }).waitFor();
    await rowOf(page, 'Ada Byron').getByText('Changed').waitFor();
    await page.getByRole('button', { name: 'Details Chidi Okafor' }).click();
    await page.getByRole('dialog').getByText('Code profile-refused').waitFor();
    await assertAccessible(opened);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.setViewportSize({ width: 360, height: 740 });
    assert.ok(!(await isWiderThanScreen(opened)), 'the results fit a phone');
    const people = await Promise.all(['Ada Byron', 'Bea Kidane', 'Chidi Okafor'].map(show));
    assert.deepEqual(
      people.map(({ groups, validFrom }) => [groups?.join(), validFrom]),
      [
        ['day,night', '2026-06-01'],
        ['day', undefined],
        ['day', undefined],
      ],
    );
    assert.deepEqual(faults, []);
  });

  test('changes lists, validity, and consent by keyboard on a phone, and can begin again', async () => {
    const opened = await box.open('operator', '/people/change?text=lena', [360, 740]);
    const { page, faults } = opened;
    await page.getByText('1 of 1 person selected').waitFor();
    await page.getByLabel('Valid until').selectOption('Set date');
    await page.getByLabel('Last valid day').fill('2031-12-31');
    await page.getByLabel('List', { exact: true }).selectOption('watch');
    await page.getByLabel('Reason for listing').fill('lost badge');
    await page.getByLabel('Legal basis').selectOption('contract');
    await page.getByLabel('Reference').fill('list 3');
    await assertAccessible(opened);
    assert.ok(!(await isWiderThanScreen(opened)), 'the form fits a phone');
    await page.getByLabel('Reference').press('Enter');
    await page.getByText('1 person will change').waitFor();
    assert.ok(!(await isWiderThanScreen(opened)), 'the preview fits a phone');
    // The preview has the focus, and the button is the next stop.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('1 person changed').waitFor();
    const { watch, validUntil, consent } = await show('Lena Fischer');
    assert.deepEqual(watch, { mark: 'watch', reason: 'lost badge' });
    assert.equal(validUntil, '2031-12-31');
    assert.deepEqual([consent?.basis, consent?.reference], ['contract', 'list 3']);

    await page.getByRole('button', { name: 'Make another change' }).click();
    await page.getByLabel('Valid until').selectOption('No limit');
    await page.getByLabel('List', { exact: true }).selectOption('none');
    await page.getByRole('button', { name: 'Preview change' }).click();
    await page.getByRole('button', { name: 'Change 1 person' }).click();
    await page.getByText('1 person changed').waitFor();
    const changed = await show('Lena Fischer');
    assert.deepEqual([changed.watch, changed.validUntil], [undefined, undefined]);
    assert.deepEqual(faults, []);
  });

  test('keeps the form when a preview fails, and changes the selection with the filters', async () => {
    const { page, faults } = await box.open('operator', '/people/change');
    await page.getByText('8 of 8 people selected').waitFor();
    await page.setViewportSize({ width: 360, height: 740 });
    const boxes = await Promise.all(['Grace', 'Dana'].map((name) => rowOf(page, name).boundingBox()));
    assert.equal(boxes[0]?.height, boxes[1]?.height, 'a long name makes no row higher');
    await page.getByRole('button', { name: 'Clear selection' }).click();
    await page.getByText('0 of 8 people selected').waitFor();
    await page.getByLabel('Add to groups').fill('night');
    assert.ok(await page.getByRole('button', { name: 'Preview change' }).isDisabled(), 'nobody is selected');
    await page.getByRole('button', { name: 'Select all' }).click();
    await page.route(changes, (route) => route.abort());
    await page.getByRole('button', { name: 'Preview change' }).click();
    await page.getByRole('region', { name: 'Change' }).getByText('The box does not answer.').waitFor();
    assert.equal(await page.getByLabel('Add to groups').inputValue(), 'night');
    await page.unroute(changes);
    await page.getByText('Filters', { exact: true }).click();
    await page.getByLabel('Name or external').fill('lena');
    await page.waitForURL(/text=lena/);
    await page.getByText('1 of 1 person selected').waitFor();
    assert.equal(await page.getByLabel('Add to groups').inputValue(), 'night');

    // A box with more people than can be changed at once.
    await page.route('**/api/v1/persons?*', async (route) => {
      const response = await route.fetch();
      const answer = (await response.json()) as object;
      return route.fulfill({ response, json: { ...answer, meta: { nextCursor: 'more', total: 1200 } } });
    });
    await page.goto('/people/change');
    await page.getByText('1,200 people match the filters.').waitFor();
    assert.deepEqual(faults, []);
  });

  test('speaks German, and is only for those who may read and change people', async () => {
    const viewer = await box.open('viewer', '/people/change');
    await viewer.page.getByRole('heading', { level: 1 }).waitFor();
    assert.equal(await viewer.page.getByText('Change people').count(), 0);
    const opened = await box.open('operator', '/account');
    const { page, faults } = opened;
    await page.getByLabel('Language').selectOption('de');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('html[lang=de]').waitFor();
    await page.goto('/people/change');
    await page.getByRole('heading', { name: 'Mehrere Personen ändern' }).waitFor();
    await page.getByText('8 von 8 Personen ausgewählt').waitFor();
    await assertAccessible(opened);
    assert.deepEqual(faults, []);
  });

  test('erases those who are selected, after a preview, and says who was gone before', async () => {
    const opened = await box.open('admin', '/people?sort=name');
    const { page, faults } = opened;
    await page.getByRole('link', { name: 'Erase people' }).click();
    await page.getByText('0 of 8 people selected').waitFor();
    await page.getByRole('checkbox', { name: 'Ada Byron' }).click();
    await page.getByRole('checkbox', { name: 'Chidi Okafor' }).click({ modifiers: ['Shift'] });
    await page.getByText('3 of 8 people selected').waitFor();
    await page.getByRole('button', { name: 'Preview erasure' }).click();
    await page.locator(':focus', { hasText: '3 people will be erased, 0 refused.' }).waitFor();
    await assertAccessible(opened);
    const act = page.getByRole('button', { name: 'Erase 3 people' });
    await page.getByRole('checkbox', { name: 'Chidi Okafor' }).uncheck();
    await page.getByText('Preview the erasure again.').waitFor();
    assert.equal(await act.count(), 0, 'only what was previewed can be done');
    await page.getByRole('checkbox', { name: 'Chidi Okafor' }).check();
    assert.equal((await show('Ada Byron')).name, 'Ada Byron', 'a preview erases nothing');

    // Another user erases one of them in the meantime.
    await box.box.client.call('persons.erase', { id: idOf('Bea Kidane') });
    await act.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Erase 3 people' }).click();
    await page.locator(':focus', { hasText: '2 people erased, 1 refused.' }).waitFor();
    await rowOf(page, 'Ada Byron').getByText('Erased').waitFor();
    await page.getByRole('button', { name: 'Details Bea Kidane' }).click();
    await page.getByRole('dialog').getByText('Code no-such-person').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.setViewportSize({ width: 360, height: 740 });
    assert.ok(!(await isWiderThanScreen(opened)), 'the results fit a phone');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save certificates' }).click();
    const path = await (await saved).path();
    const certificates = JSON.parse(await readFile(path, 'utf8')) as readonly { readonly personId: string }[];
    assert.deepEqual(
      certificates.map(({ personId }) => personId),
      [idOf('Ada Byron'), idOf('Chidi Okafor')],
    );
    assert.equal((await box.box.client.call('persons.list', { limit: 1 })).total, 5);
    assert.deepEqual(faults, []);
  });
});
