import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { withoutBuild } from '../support/box.js';
import {
  assertAccessible,
  isWiderThanScreen,
  startBrowser,
  type WatchedPage,
  withoutChromium,
} from '../support/browser.js';
import { type ConsoleBox, limitedOperator, startConsoleBox } from '../support/console-box.js';

/** The zone of the demo site. */
const dayAtSite = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Paris' });

describe('the timeline of the console', { skip: withoutBuild || withoutChromium }, () => {
  test('shows a day, leads to its passages by keys and back to the same mark, and filters', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const { date, count } = await fullestDay(box);
    const opened = await box.open('operator', `/timeline?day=${date}`);
    const { page, faults } = opened;
    const counted = new RegExp(`^${count} passages? on this day`);
    await said(page).getByText(counted).waitFor();
    await announced(page).getByText(counted).waitFor({ state: 'attached' });
    await assertAccessible(opened);
    await openedByKeys(page);
    await zoomed(page);
    await filtered(opened);
    await changedDays(page, date);
    await zoned(page);
    assert.deepEqual(faults, []);

    const limited = await box.open(limitedOperator, `/timeline?day=${date}`, [390, 844]);
    await marks(limited.page).first().waitFor({ state: 'attached' });
    assert.deepEqual(await limited.page.locator('.lane-name').count(), 1);
    assert.equal(await isWiderThanScreen(limited), false);
    await assertAccessible(limited);
    assert.deepEqual(limited.faults, []);
  });
});

/** The day with most passages at both cameras, and how many it has. */
async function fullestDay({ box }: ConsoleBox): Promise<{ readonly date: string; readonly count: number }> {
  const { items } = await box.client.call('passages.list', { limit: 1000 });
  const days = new Map<string, Set<string>>();
  const counts = new Map<string, number>();
  for (const item of items) {
    if (!('startedAt' in item)) continue;
    const date = dayAtSite.format(new Date(item.startedAt));
    days.set(date, (days.get(date) ?? new Set()).add(item.camera));
    counts.set(date, (counts.get(date) ?? 0) + 1);
  }
  const [first] = [...counts].filter(([date]) => days.get(date)?.size === 2).sort(([, a], [, b]) => b - a);
  assert.ok(first, 'a day with passages at both cameras');
  return { date: first[0], count: first[1] };
}

const face = (page: Page) => page.getByRole('slider', { name: 'Timeline' });
/** A line has no height, which the test kit takes for hidden. */
const marks = (page: Page) => page.locator('.timeline-face .mark-shape');
const said = (page: Page) => page.locator('.timeline-said');
const announced = (page: Page) => page.locator('#content p[role="status"].unseen');

/** Keys go from mark to mark and into one that stands for several, and the way back leads to the mark. */
async function openedByKeys(page: Page): Promise<void> {
  await face(page).focus();
  await page.keyboard.press('End');
  await page.getByText(/Mark (\d+) of \1\.$/).waitFor();
  await page.keyboard.press('Home');
  await said(page)
    .getByText(/Mark 1 of \d+\.$/)
    .waitFor();
  const first = await said(page).textContent();
  await page.keyboard.press('ArrowRight');
  await said(page)
    .getByText(/Mark 2 of \d+\.$/)
    .waitFor();
  await page.keyboard.press('ArrowDown');
  await said(page)
    .getByText(/Back door/)
    .waitFor();
  assert.notEqual(await said(page).textContent(), first);
  // A screen reader hears each mark once: from the slider.
  assert.equal(await face(page).getAttribute('aria-valuetext'), await said(page).textContent());
  assert.doesNotMatch((await announced(page).textContent()) ?? '', /Mark/);
  // A mark of several comes nearer at each step, until it stands for one.
  await page.keyboard.press('ArrowUp');
  for (let step = 0; step < 12 && new URL(page.url()).pathname === '/timeline'; step += 1) {
    const isOne = (await page.locator('.glance', { hasText: 'more' }).count()) === 0;
    if (isOne) break;
    await page.keyboard.press('Enter');
  }
  const before = await said(page).textContent();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Decision' }).waitFor();
  await page.goBack();
  await said(page)
    .getByText(before ?? '', { exact: true })
    .waitFor();
  await page.locator('.timeline-face:focus').waitFor();
}

/** The view comes nearer by keys, wheel and buttons, and the address keeps it. */
async function zoomed(page: Page): Promise<void> {
  await page.keyboard.press('0');
  await page.waitForURL((url) => !url.searchParams.has('view'));
  const far = await marks(page).count();
  await page.keyboard.press('+');
  await page.waitForURL(/view=\d+-\d+/);
  const box = await face(page).boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + box.width / 3, box.y + 60);
  await page.mouse.wheel(0, -400);
  const near = page.url();
  await page.waitForURL((url) => url.href !== near);
  await page.reload();
  await page.locator('.timeline-face .hour').first().waitFor();
  assert.match(page.url(), /view=\d+-\d+/);
  await page.getByRole('button', { name: 'Whole day' }).click();
  await page.waitForURL((url) => !url.searchParams.has('view'));
  // After the reload, the passages may still be on their way.
  await marks(page)
    .nth(far - 1)
    .waitFor({ state: 'attached' });
  assert.equal(await marks(page).count(), far);
}

async function filtered(opened: WatchedPage): Promise<void> {
  const { page } = opened;
  await page.getByLabel('Outcome').selectOption('stranger');
  await page.waitForURL(/outcome=stranger/);
  await page.locator('.timeline-face .mark-shape.attended').first().waitFor({ state: 'detached' });
  assert.ok((await marks(page).count()) > 0);
  await page.getByText('Show as a table').click();
  await page.getByRole('table', { name: 'Timeline' }).waitFor();
  assert.equal(await page.getByRole('cell', { name: 'Attended' }).count(), 0);
  await assertAccessible(opened);
  await page.getByLabel('Outcome').selectOption('');
  await page.getByLabel('Person').selectOption({ label: 'Ada Byron' });
  await page.waitForURL(/person=/);
  await page.locator('.timeline-face .mark-shape.stranger').first().waitFor({ state: 'detached' });
  await page.getByLabel('Person').selectOption('');
  await page.getByRole('button', { name: 'One lane' }).click();
  await page.locator('.lane-name').nth(1).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'One lane' }).click();
  await page.locator('.lane-name').nth(1).waitFor();
}

async function changedDays(page: Page, date: string): Promise<void> {
  await face(page).focus();
  await page.keyboard.press('Shift+ArrowLeft');
  await page.waitForURL((url) => url.searchParams.get('day') !== date);
  await page.keyboard.press('Shift+ArrowRight');
  await page.waitForURL((url) => url.searchParams.get('day') === date);
  await page.keyboard.press('t');
  await page.waitForURL((url) => !url.searchParams.has('day'));
  await page.getByLabel('Day', { exact: true }).fill(date);
  await page.waitForURL((url) => url.searchParams.get('day') === date);
}

/** On a day on which the clock shows an hour twice, each time has its zone. */
async function zoned(page: Page): Promise<void> {
  await page.goto('/timeline?day=2026-10-25');
  await page.locator('.timeline-face .hour').first().waitFor({ state: 'attached' });
  for (const text of await page.locator('.timeline-face .hour').allTextContents())
    assert.match(text, /^\d\d:00 (CEST|CET|GMT\+[12])$/);
}
