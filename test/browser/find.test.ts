import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { demoSections } from '../../scripts/seeding/seed.js';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, isWiderThanScreen, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, limitedOperator, startConsoleBox } from '../support/console-box.js';
import { until } from '../support/until.js';

const field = (page: Page) => page.getByRole('combobox', { name: /^People, passages/ });
const option = (page: Page, name: string | RegExp) => page.getByRole('option', { name });

async function openPalette(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.keyboard.press('Control+k');
  await field(page).and(page.locator(':focus')).waitFor();
}

/** The users of the test are faster than people. */
const sections = (port: number): string =>
  `${demoSections(port)}api: { limits: { default: 1000, stream: 100 } }\n`;

describe('finding things in the console', { skip: withoutBuild || withoutChromium }, () => {
  test('leads from anywhere to a person, a passage, a page, or an action, with keys alone', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser, sections });
    await explainsPassage(box);
    await findsOnly(box);
    await filtersByName(box);
    await keepsFilters(box);
    await keepsFiltersOfLists(box);
    await showsKeys(box);
    await fillsPhone(box);
  });
});

/** Why was a person not recorded on a day: two actions from any page. */
async function explainsPassage(box: ConsoleBox): Promise<void> {
  const { items } = await box.box.client.call('passages.list', { outcome: 'unproven', limit: 1 });
  const unproven = items.find((item) => 'person' in item);
  assert.ok(unproven !== undefined && 'person' in unproven && unproven.person?.name !== undefined);
  const day = unproven.startedAt.slice(0, 10);
  const opened = await box.open('operator', '/attendance');
  const { page, faults } = opened;
  await openPalette(page);
  // Without regard to case and accents.
  const [first = ''] = unproven.person.name.split(' ');
  await page.keyboard.type(`${first.toLowerCase().replace('a', 'á')} ${day}`);
  await option(page, new RegExp(`^Passages of ${unproven.person.name}, `)).waitFor();
  await assertAccessible(opened);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/passages' && url.searchParams.get('since') === day);
  const card = page.locator('.film a.shot', { hasText: unproven.person.name }).first();
  await card.waitFor();
  // The card says why already; the second action opens all that was measured.
  await page.keyboard.press('j');
  await page.locator('.film a.shot:focus').waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Decision' }).waitFor();
  assert.deepEqual(faults, []);
}

/** The palette offers only what the account may open. */
async function findsOnly(box: ConsoleBox): Promise<void> {
  const groupsOf = (page: Page): Promise<readonly string[]> =>
    page.evaluate<readonly string[]>(`[...document.querySelectorAll('[role="listbox"] [role="group"]')]
      .map((group) => document.getElementById(group.getAttribute('aria-labelledby')).textContent)`);
  const operator = await box.open('operator', '/events');
  await openPalette(operator.page);
  await operator.page.keyboard.type('ada');
  await option(operator.page, /^Ada Byron/).waitFor();
  assert.deepEqual(await groupsOf(operator.page), ['People', 'Passages']);
  await operator.page.keyboard.press('ArrowDown');
  await option(operator.page, 'Passages of Ada Byron')
    .and(operator.page.locator('[aria-selected="true"]'))
    .waitFor();
  await operator.page.keyboard.press('ArrowUp');
  await operator.page.keyboard.press('Enter');
  await operator.page.getByRole('heading', { level: 1, name: 'Ada Byron' }).waitFor();
  await keepsChoice(operator.page);
  await openPalette(operator.page);
  await operator.page.keyboard.type('zzz');
  await operator.page.getByText('Nothing matches.').waitFor();
  await operator.page.keyboard.press('Escape');
  await operator.page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.deepEqual(operator.faults, []);

  const viewer = await box.open('viewer', '/');
  await openPalette(viewer.page);
  assert.deepEqual(await groupsOf(viewer.page), ['Pages', 'Actions']);
  await viewer.page.keyboard.type('a');
  await option(viewer.page, 'Attendance').waitFor();
  for (const refused of ['Audit log', 'Passages', 'Add camera', 'Ada Byron'])
    assert.equal(await option(viewer.page, refused).count(), 0, refused);
  assert.deepEqual(viewer.faults, []);

  const limited = await box.open(limitedOperator, '/');
  await openPalette(limited.page);
  await limited.page.keyboard.type('door');
  await option(limited.page, 'Front door').waitFor();
  assert.equal(await option(limited.page, 'Back door').count(), 0);
  await field(limited.page).fill('attendance');
  await limited.page.getByText('Nothing matches.').waitFor();
  assert.deepEqual(limited.faults, []);
}

/** What the user has gone to is opened, also when people are found meanwhile, whose options come before it. */
async function keepsChoice(page: Page): Promise<void> {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route(/\/api\/v1\/persons\?/, async (route) => {
    await held;
    await route.continue();
  });
  await openPalette(page);
  await page.keyboard.type('a');
  await page.getByRole('option').nth(1).waitFor();
  await page.keyboard.press('ArrowDown');
  const chosen = page.locator('[role="option"][aria-selected="true"]');
  // Cameras and passages may have come before it already.
  const isMoved = `document.querySelector('[role="option"]').getAttribute('aria-selected') !== 'true'`;
  await until('the choice of the user', () => page.evaluate<boolean>(isMoved));
  const text = await chosen.textContent();
  letGo();
  await option(page, /^Ada Byron/).waitFor();
  assert.equal(await chosen.textContent(), text);
  await page.unroute(/\/api\/v1\/persons\?/);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
}

async function filtersByName(box: ConsoleBox): Promise<void> {
  const opened = await box.open('operator', '/passages');
  const { page, faults } = opened;
  const person = page.getByRole('combobox', { name: 'Person' });
  await page.locator('.film a.shot').first().waitFor();
  // The key leads to the filters.
  await page.keyboard.press('/');
  await person.and(page.locator(':focus')).waitFor();
  await page.keyboard.type('grace');
  await option(page, /^Grace Mwangi/).waitFor();
  await assertAccessible(opened);
  await page.keyboard.press('Enter');
  await page.waitForURL(/person=p-/);
  await page.locator('.film a.shot', { hasText: 'Grace Mwangi' }).first().waitFor();
  await until('the name', async () => (await person.inputValue()) === 'Grace Mwangi');
  await page.reload();
  await page.locator('.film a.shot').first().waitFor();
  await until('the name', async () => (await person.inputValue()) === 'Grace Mwangi');
  assert.equal(await page.locator('.film a.shot', { hasNotText: 'Grace Mwangi' }).count(), 0);
  await page.getByRole('link', { name: "Show everyone's passages" }).click();
  await page.waitForURL((url) => !url.searchParams.has('person'));
  assert.equal(await person.inputValue(), '');
  await page.goBack();
  await until('the filter again', async () => (await person.inputValue()) === 'Grace Mwangi');
  assert.deepEqual(faults, []);
}

/** Each list with filters keeps them, without what was searched for: it may be a name. */
async function keepsFiltersOfLists(box: ConsoleBox): Promise<void> {
  const opened = await box.open('admin', '/people?watch=barred&text=ada');
  const { page, faults } = opened;
  for (const path of ['/people?watch=barred&text=ada', '/alerts?state=failed', '/audit?action=user.login']) {
    await page.goto(path);
    await page.getByRole('button', { name: 'Save filters' }).click();
    const dialog = page.getByRole('dialog', { name: 'Save filters' });
    await dialog.getByLabel('Name of the filter').fill('Mine');
    await dialog.getByRole('button', { name: 'Save filters' }).click();
    await page.getByRole('button', { name: 'Remove saved filter' }).waitFor();
  }
  const elsewhere = await box.open('admin', '/people');
  await elsewhere.page.getByLabel('Saved filters').selectOption('Mine');
  await elsewhere.page.waitForURL((url) => url.search === '?watch=barred');
  await elsewhere.page.goto('/alerts');
  await elsewhere.page.getByLabel('Saved filters').selectOption('Mine');
  await elsewhere.page.waitForURL((url) => url.search === '?state=failed');
  await assertAccessible(elsewhere);
  assert.deepEqual([faults, elsewhere.faults], [[], []]);
}

/** Saved filters are those of the account, wherever its user sits. */
async function keepsFilters(box: ConsoleBox): Promise<void> {
  const opened = await box.open('operator', '/passages?outcome=unproven&view=table');
  const { page, faults } = opened;
  await page.getByRole('button', { name: 'Save filters' }).click();
  const dialog = page.getByRole('dialog', { name: 'Save filters' });
  await dialog.getByLabel('Name of the filter').fill('Unproven');
  await assertAccessible(opened);
  await dialog.getByRole('button', { name: 'Save filters' }).click();
  await page.getByRole('button', { name: 'Remove saved filter' }).waitFor();
  const elsewhere = await box.open('operator', '/passages');
  const saved = elsewhere.page.getByLabel('Saved filters');
  await saved.selectOption('Unproven');
  await elsewhere.page.waitForURL((url) => url.search === '?outcome=unproven&view=table');
  await assertAccessible(elsewhere);
  await elsewhere.page.getByRole('button', { name: 'Remove saved filter' }).click();
  await saved.waitFor({ state: 'hidden' });
  assert.deepEqual([faults, elsewhere.faults], [[], []]);
}

async function showsKeys(box: ConsoleBox): Promise<void> {
  const opened = await box.open('operator', '/passages?view=table');
  const { page, faults } = opened;
  const focusedRow = page.locator('tr[aria-rowindex] a:focus');
  await page.locator('tr[aria-rowindex] a').first().waitFor();
  // On arrival, without a click.
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.locator('tr[aria-rowindex="2"] a:focus').waitFor();
  await page.keyboard.press('k');
  await page.locator('tr[aria-rowindex="1"] a:focus').waitFor();
  await page.keyboard.press('?');
  const overview = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await overview.getByRole('heading', { name: 'Passages' }).waitFor();
  for (const text of ['Search', 'Next in the list', 'Go to the filters'])
    await overview.getByText(text, { exact: true }).waitFor();
  // The keys of the images are not those of the table.
  assert.equal(await overview.getByText('Correct who it was').count(), 0);
  await assertAccessible(opened);
  // A dialog keeps the keys from the page below it.
  await page.keyboard.press('j');
  await overview.getByRole('checkbox', { name: 'Use shortcuts without Ctrl' }).uncheck();
  await page.keyboard.press('Escape');
  await page.locator('tr[aria-rowindex="1"] a:focus').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Control+k');
  await field(page).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('tr[aria-rowindex="1"] a:focus').waitFor();
  // They stay off, and are found again without a key.
  await page.reload();
  await page.locator('tr[aria-rowindex] a').first().waitFor();
  await page.keyboard.press('?');
  await page.getByRole('button', { name: 'Search' }).click();
  await field(page).fill('keyboard');
  await page.keyboard.press('Enter');
  await overview.getByRole('checkbox', { name: 'Use shortcuts without Ctrl' }).check();
  await page.keyboard.press('Escape');
  // Never while one types.
  await page.getByRole('combobox', { name: 'Person' }).fill('');
  await page.keyboard.type('j?');
  assert.equal(await page.getByRole('combobox', { name: 'Person' }).inputValue(), 'j?');
  assert.equal(await focusedRow.count(), 0);
  assert.equal(await overview.count(), 0);
  assert.deepEqual(faults, []);
}

async function fillsPhone(box: ConsoleBox): Promise<void> {
  const opened = await box.open('operator', '/passages', [390, 844]);
  const { page, faults } = opened;
  await page.getByRole('button', { name: 'Search' }).click();
  await field(page).fill('ad');
  await option(page, /^Ada Byron/).waitFor();
  assert.equal(await isWiderThanScreen(opened), false);
  const { width, height } = (await page.locator('dialog > article').boundingBox()) ?? {};
  assert.deepEqual([width, height], [390, 844]);
  await assertAccessible(opened);
  await option(page, /^Ada Byron/).click();
  await page.getByRole('heading', { level: 1, name: 'Ada Byron' }).waitFor();
  assert.deepEqual(faults, []);
}
