import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { withoutBuild } from '../support/box.js';
import { startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';
import { until } from '../support/until.js';

/** Where the user is on a page: the link with the focus, and where it is in the window. */
interface Standing {
  readonly href: string | null;
  readonly topPx: number;
}

/** In the page: where the link with the focus is. */
const standingNow = `({
  href: document.activeElement?.getAttribute('href') ?? null,
  topPx: Math.round(document.activeElement?.getBoundingClientRect().top ?? 0),
})`;

const standingOf = (page: Page): Promise<Standing> => page.evaluate<Standing>(standingNow);

/** Waits until the page is scrolled further than some pages of rows are high. */
const scrolledDown = (page: Page) =>
  until('the end of the scrolling', () => page.evaluate<boolean>('scrollY > 10_000'));

/** Scrolls until so many rows of the list are loaded and drawn, as a user does who reads on. */
async function scrollPast(page: Page, rows: number): Promise<void> {
  const scrollOn = `(() => {
    const drawn = [...document.querySelectorAll('tr[aria-rowindex]')];
    const last = Number(drawn.at(-1)?.getAttribute('aria-rowindex') ?? 0);
    if (last < ${rows}) scrollBy(0, 400);
    return last >= ${rows};
  })()`;
  await until(`${rows} rows`, () => page.evaluate<boolean>(scrollOn));
}

/** Gives the focus to the link nearest to the middle of the window, of those that the selector means, and opens it. */
async function openOne(page: Page, selector: string): Promise<Standing> {
  const focusOne = `(() => {
    const distance = (each) => Math.abs(each.getBoundingClientRect().top - innerHeight / 2);
    const links = [...document.querySelectorAll(${JSON.stringify(selector)})];
    const [link] = links.sort((one, other) => distance(one) - distance(other));
    link?.focus({ preventScroll: true });
    return link !== undefined && document.activeElement === link;
  })()`;
  await until(`the focus on ${selector}`, () => page.evaluate<boolean>(focusOne));
  return await open(page);
}

/** Opens the link that has the focus, and returns where the user was at that moment. */
async function open(page: Page): Promise<Standing> {
  const { href } = await standingOf(page);
  await page.evaluate(
    `void navigation.addEventListener('navigate', () => { globalThis.left = ${standingNow}; }, { once: true })`,
  );
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname + url.search === href);
  await page.locator('h1:focus').waitFor();
  return page.evaluate<Standing>('left');
}

/** Waits until the link has the focus again, and says where the user is then. */
async function returned(page: Page, { href }: Standing): Promise<Standing> {
  await page.locator(`#content a[href="${href}"]:focus`).waitFor();
  return standingOf(page);
}

const ownLink = (page: Page) => page.locator('a.back');

describe('Back in the console', { skip: withoutBuild || withoutChromium }, () => {
  test('leads to the same row at the same place, with the focus on it', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    await returnsInPassages(box);
    await returnsElsewhere(box);
    await showsChanges(box);
  });
});

/** Lets the box answer no list of passages until what it returns is called. */
async function holdLists(page: Page): Promise<() => Promise<void>> {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const lists = /\/api\/v1\/passages\?.*limit=200/;
  await page.route(lists, async (route) => {
    await held;
    await route.continue();
  });
  return async () => {
    letGo();
    await page.unroute(lists);
  };
}

async function returnsInPassages(box: ConsoleBox): Promise<void> {
  const { page, faults } = await box.open('operator', '/passages?view=table');
  await scrollPast(page, 320);
  await scrolledDown(page);
  const left = await openOne(page, '#content tr[aria-rowindex] a');
  // The rows that were loaded are there, whatever the box answers.
  const release = await holdLists(page);
  await page.goBack();
  assert.deepEqual(await returned(page, left), left, 'the table, by Back of the browser');
  // From one passage to the next, and then to the list.
  const again = await open(page);
  await page.getByRole('link', { name: 'Older' }).click();
  await page.waitForURL((url) => url.pathname !== again.href);
  await ownLink(page).click();
  assert.deepEqual(await returned(page, again), again, 'the table, by the link of the page');
  assert.equal(new URL(page.url()).search, '?view=table');
  await release();
  // A reload loses the rows: they are fetched until the place is there.
  const { topPx } = await standingOf(page);
  await page.reload();
  assert.deepEqual(await returned(page, again), { ...again, topPx }, 'the table, after a reload');

  // The same page with other filters begins at its top, and Back leads down again.
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /^People, passages/ }).fill('yesterday');
  await page.getByRole('option', { name: /^All passages, / }).click();
  await page.waitForURL(/since=/);
  assert.equal(await page.evaluate('scrollY'), 0);
  await page.goBack();
  await scrolledDown(page);

  await page.getByRole('button', { name: 'Show as images' }).click();
  await page.locator('.film a.shot').first().waitFor();
  await page.evaluate('scrollTo(0, 3000)');
  await until('the images further down', () =>
    page.evaluate<boolean>("document.querySelector('.film a.shot').dataset.index > 0"),
  );
  const card = await openOne(page, '.film a.shot');
  await page.goBack();
  assert.deepEqual(await returned(page, card), card, 'the images');
  assert.deepEqual(faults, []);
}

async function returnsElsewhere(box: ConsoleBox): Promise<void> {
  const { page, faults } = await box.open('admin', '/events', [1280, 500]);
  await scrollPast(page, 60);
  for (const [path, link] of [
    [undefined, '#content tr[aria-rowindex] a[href^="/events/"]'],
    [undefined, '#content tr[aria-rowindex] a[href^="/people/"]'],
    ['/people', '#content tr[aria-rowindex] a'],
    ['/cameras', '#content a[href^="/cameras/"]'],
    ['/system', '#content a[href^="/system/"]'],
  ] as const) {
    if (path !== undefined) {
      await page.goto(path);
      await page.locator(link).last().waitFor();
      await page.evaluate('scrollTo(0, 200)');
    }
    const left = await openOne(page, link);
    await page.goBack();
    assert.deepEqual(await returned(page, left), left, `${path ?? '/events'}: ${left.href}`);
  }
  assert.deepEqual(faults, []);
}

async function showsChanges(box: ConsoleBox): Promise<void> {
  const { page, faults } = await box.open('operator', '/passages?marked=only&outcome=attended');
  const cards = page.locator('.film a.shot');
  await cards.first().click();
  await page.getByRole('button', { name: 'Undo feedback' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo feedback' }).click();
  await page.getByText(/Feedback from/).waitFor({ state: 'hidden' });
  await ownLink(page).click();
  await page.getByText('No passages match these filters.').waitFor();
  assert.equal(await cards.count(), 0);
  assert.deepEqual(faults, []);
}
