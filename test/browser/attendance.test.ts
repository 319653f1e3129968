import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';

const phone = [360, 740] as const;

describe('attendance in the console', { skip: withoutBuild || withoutChromium }, () => {
  test('shows today, a week, a month and a person, saves tables, corrects a day, and previews shifts', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser });
    const opened = await box.open('admin', '/attendance');
    const { page, faults } = opened;
    await page.getByRole('heading', { name: 'Attendance', level: 1 }).waitFor();
    await page.getByText(/^Generated/).waitFor();
    await assertAccessible(opened);

    await weekOf(page, box);
    await assertAccessible(opened);
    assert.deepEqual(await clippedDays(page), []);
    await savesTables(page, box);
    await page.getByRole('link', { name: 'Month' }).click();
    await page.getByRole('list', { name: 'Legend' }).waitFor();
    await assertAccessible(opened);
    assert.deepEqual(await clippedDays(page), []);
    await staysInView(page);
    await opensAtToday(box, 'week');
    await opensAtToday(box, 'month');

    // From the week to the month of its Monday, a day of work that is over: the month of its Sunday may have none yet.
    await page.getByRole('link', { name: 'Week', exact: true }).click();
    await page.getByRole('link', { name: 'Ada Byron', exact: true }).click();
    await correctsADay(page);
    await assertAccessible(opened);
    await page.setViewportSize({ width: phone[0], height: phone[1] });
    await assertAccessible(opened);
    assert.deepEqual(await tooWide(page), []);
    assert.deepEqual(await headsAfterScrolling(page), [0, 0]);
    await page.setViewportSize({ width: 1280, height: 900 });

    await changesShifts(page);
    await assertAccessible(opened);
    assert.deepEqual(faults, []);
  });
});

/** Opens the last week that is over: the past of the box has its days. */
async function weekOf(page: Page, box: ConsoleBox): Promise<void> {
  await page.getByRole('link', { name: 'Week', exact: true }).click();
  await page.getByRole('link', { name: 'Previous' }).click();
  await page.waitForURL(/view=week&day=/);
  for (const { name } of box.seeded?.persons ?? []) {
    await page.getByRole('link', { name, exact: true }).waitFor();
  }
  await page
    .getByRole('link', { name: /^Chidi Okafor, .*Overtime/ })
    .first()
    .waitFor();
}

async function savesTables(page: Page, box: ConsoleBox): Promise<void> {
  const saved = async (form: string): Promise<Buffer> => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: form, exact: true }).click();
    return readFile(await (await download).path());
  };
  const csv = (await saved('CSV')).toString('utf8');
  assert.match(csv, /^\ufeffPerson,External ID,Name,Date,Shift,.*\r\n/);
  const sheet = strFromU8(unzipSync(await saved('XLSX'))['xl/worksheets/sheet1.xml'] ?? new Uint8Array());
  for (const { id, name } of box.seeded?.persons ?? []) {
    assert.match(csv, new RegExp(`^${id},demo-\\d+,${name},\\d{4}-`, 'm'), `CSV: ${name}`);
    assert.ok(sheet.includes(`>${name}</t>`), `XLSX: ${name}`);
  }
}

async function correctsADay(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'Ada Byron', level: 1 }).waitFor();
  await page
    .getByRole('button', { name: /^Correct \w{3},/ })
    .first()
    .click();
  await page.getByLabel('Correction').selectOption('Arrived at');
  await page.getByLabel('Time', { exact: true }).fill('eight');
  await page.getByLabel('Reason').fill('the camera was covered');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Save correction' }).click();
  await dialog.getByText('Code correction-refused').waitFor();
  await page.getByLabel('Time', { exact: true }).fill('08:44');
  await dialog.getByRole('button', { name: 'Save correction' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: '08:44' }).waitFor();
  await page.getByText('the camera was covered').waitFor();
}

async function changesShifts(page: Page): Promise<void> {
  await page.goto('/attendance/shifts');
  const begins = page.getByLabel('Starts at', { exact: true }).first();
  await begins.fill('06:00');
  await page.getByText(/would be different/).waitFor();
  await page.getByRole('button', { name: 'Apply changes' }).click();
  await page.getByText('The rules were saved.').waitFor();
  await page.reload();
  await begins.waitFor();
  assert.equal(await begins.inputValue(), '06:00');
}

/** What is wider than the window, and not in a part that scrolls by itself. */
const tooWide = (page: Page): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>(`[...document.querySelectorAll('main *')]
    .filter((each) => each.closest('.table, .grid-table, .unseen') === null)
    .filter((each) => each.getBoundingClientRect().right > innerWidth)
    .map((each) => each.outerHTML.slice(0, 120))`);

/** The texts of cells that are cut off, and of days that are beyond the edge of the table. */
const clippedDays = (page: Page): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>(`{
    const edge = document.querySelector('.grid-table').getBoundingClientRect().right;
    [...document.querySelectorAll('.grid-table .day, .grid-table th')]
      .filter((each) =>
        each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight || each.getBoundingClientRect().right > edge)
      .map((each) => each.textContent);
  }`);

/** How far the head of a table and the names of its rows are from its edges after it was scrolled to its end, pixels. */
const headsAfterScrolling = (page: Page): Promise<readonly number[]> =>
  page.evaluate<readonly number[]>(`{
    const table = document.querySelector('.table');
    table.style.maxBlockSize = '8rem';
    table.scrollTo(table.scrollWidth, table.scrollHeight);
    const { left, top } = table.getBoundingClientRect();
    const of = (selector) => table.querySelector(selector).getBoundingClientRect();
    [of('tbody th').left - left, of('thead th').top - top].map((px) => Math.abs(Math.round(px)));
  }`);

/** On a phone, where not all days fit, today does, beside the names. */
async function opensAtToday(box: ConsoleBox, view: 'week' | 'month'): Promise<void> {
  const { page, context, faults } = await box.open('admin', `/attendance?view=${view}`, phone);
  await page.locator('.grid-table [aria-current="date"]').waitFor();
  const [left, right, namesEnd, edge] = await page.evaluate<readonly number[]>(`{
    const grid = document.querySelector('.grid-table');
    const today = grid.querySelector('[aria-current="date"]').closest('th').getBoundingClientRect();
    const names = grid.querySelector('thead th').getBoundingClientRect();
    [today.left, today.right, names.right, grid.getBoundingClientRect().right].map(Math.round);
  }`);
  assert.ok(
    (left ?? 0) >= (namesEnd ?? 1) && (right ?? 1) <= (edge ?? 0),
    `${left} to ${right} in ${namesEnd} to ${edge}`,
  );
  assert.deepEqual(faults, []);
  await context.close();
}

/** On a phone the days scroll, and many persons do, which a low grid stands for. The name beside a day and the day above it stay. */
async function staysInView(page: Page): Promise<void> {
  await page.setViewportSize({ width: phone[0], height: phone[1] });
  const edges = await page.evaluate<readonly number[]>(`{
    const grid = document.querySelector('.grid-table');
    grid.style.maxBlockSize = '8rem';
    grid.scrollTo(grid.scrollWidth, grid.scrollHeight);
    const { left, right, top } = grid.getBoundingClientRect();
    const of = (selector) => grid.querySelector(selector).getBoundingClientRect();
    [of('td').left - left, of('thead th').top - top, of('thead th:last-child').right - right].map((px) => Math.abs(Math.round(px)));
  }`);
  assert.deepEqual(edges, [0, 0, 0]);
  await page.setViewportSize({ width: 1280, height: 900 });
}
