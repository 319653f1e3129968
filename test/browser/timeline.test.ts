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
const timeZone = 'Europe/Paris';
const dayAtSite = new Intl.DateTimeFormat('en-CA', { timeZone });
const clockAtSite = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium' });

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
    await keptFocus(page, date);
    await ledFromPassage(page, date);
    await zoned(page);
    await scrubbed(opened, await picturedPassage(box));
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

/** The time of a passage leads to its mark on the day. */
async function ledFromPassage(page: Page, date: string): Promise<void> {
  await page.goto(`/timeline?day=${date}`);
  await marks(page).first().waitFor({ state: 'attached' });
  await face(page).focus();
  await page.keyboard.press('Home');
  await page.waitForURL(/at=/);
  const at = new URL(page.url()).searchParams.get('at');
  await page.goto(`/passages/${at}`);
  await page.getByRole('link', { name: /\d\d:\d\d:\d\d/ }).click();
  await page.waitForURL(
    ({ pathname, searchParams }) =>
      pathname === '/timeline' && searchParams.get('day') === date && searchParams.get('at') === at,
  );
  await said(page)
    .getByText(/Mark \d+ of \d+\.$/)
    .waitFor();
}

/** A mark that a filter hides does not take the focus from the user who changes the filter. */
async function keptFocus(page: Page, date: string): Promise<void> {
  await page.goto(`/timeline?day=${date}`);
  await marks(page).first().waitFor({ state: 'attached' });
  await face(page).focus();
  await page.keyboard.press('Home');
  await page.waitForURL(/at=/);
  const [at, lane] = ['at', 'lane'].map((name) => new URL(page.url()).searchParams.get(name) ?? '');
  await page.goto(
    `/timeline?${new URLSearchParams({ day: date, at: at ?? '', lane: lane ?? '', outcome: 'attack' })}`,
  );
  await announced(page)
    .getByText(/on this day/)
    .waitFor({ state: 'attached' });
  const outcome = page.getByLabel('Outcome');
  await outcome.focus();
  await page.keyboard.press('Home');
  await outcome.selectOption('');
  await said(page)
    .getByText(/Mark \d+ of \d+\.$/)
    .waitFor();
  await outcome.and(page.locator(':focus')).waitFor();
}

/** On a day on which the clock shows an hour twice, each time has its zone. */
async function zoned(page: Page): Promise<void> {
  await page.goto('/timeline?day=2026-10-25');
  await page.locator('.timeline-face .hour').first().waitFor({ state: 'attached' });
  for (const text of await page.locator('.timeline-face .hour').allTextContents())
    assert.match(text, /^\d\d:00 (CEST|CET|GMT\+[12])$/);
}

/** A passage with an image: most have none. `atS`: when it began, seconds after midnight at the site. */
interface PicturedPassage {
  readonly day: string;
  readonly camera: string;
  readonly atS: number;
}

async function picturedPassage({ box: { client } }: ConsoleBox): Promise<PicturedPassage> {
  const { items } = await client.call('strangers.list', {});
  const id = items.flatMap(({ pictured }) => pictured ?? [])[0];
  assert.ok(id, 'an unknown person with an image');
  const { startedAt, camera } = await client.call('passages.show', { passage: id });
  const [hour = 0, minute = 0, second = 0] = clockAtSite.format(new Date(startedAt)).split(':').map(Number);
  return { day: dayAtSite.format(new Date(startedAt)), camera, atS: 3600 * hour + 60 * minute + second };
}

/** A cursor that rests shows the picture; one that passes by leaves no trace in the audit log. */
async function scrubbed({ page }: WatchedPage, { day, camera, atS }: PicturedPassage): Promise<void> {
  await page.clock.install();
  await page.goto(`/timeline?${new URLSearchParams({ day, camera, view: `${atS - 3600}-${atS + 3600}` })}`);
  await marks(page).first().waitFor({ state: 'attached' });
  await page.clock.pauseAt(Date.now() + 60_000);
  const requested: string[] = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  const places = await Promise.all((await marks(page).all()).map((place) => place.boundingBox()));
  const shown = await face(page).boundingBox();
  const [first] = places;
  assert.ok(shown && first && places.length > 1);
  // The last stop is the passage with the image, in the middle of the view.
  for (const place of [...places, { ...first, x: shown.x + shown.width / 2, width: 0 }]) {
    if (place !== null) await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
    // Long enough to be drawn, too short to rest.
    await page.clock.runFor(50);
  }
  await page.clock.resume();
  await page.locator('.glance.passing .badge').waitFor();
  await page.locator('.glance img').waitFor();
  const pictures = requested.filter((path) => path.endsWith('/picture'));
  assert.equal(pictures.length, 1, `${pictures.length} pictures at ${places.length} marks`);
  await page.mouse.move(0, 0);
  await page.locator('.glance').waitFor({ state: 'detached' });
}
