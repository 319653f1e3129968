import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Response, Route } from 'playwright-core';
import { demoSections } from '../../scripts/seeding/seed.js';
import { withoutBuild } from '../support/box.js';
import { startBrowser, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';
import { descendantsOf } from '../support/processes.js';
import { until } from '../support/until.js';

/** The daemon among the processes below `pid`. */
function coreOf(pid: number): number {
  const found = descendantsOf(pid).find((each) =>
    readFileSync(`/proc/${each}/cmdline`, 'utf8').includes('rollcalld.js'),
  );
  assert.ok(found);
  return found;
}

/** The answer to a request over the limit, which holds for another second. */
const overLimit = {
  status: 429,
  json: {
    error: {
      ...{ code: 'rate-limited', message: 'you used this 100 times in a minute, which is the limit' },
      ...{ remedy: 'Wait 1 s and send the request again.', details: { limit: 100, retryAfterS: 1 } },
    },
  },
};

/**
 * Waits until the page has read an answer. Chromium sometimes never tells so, and then the answer, which comes from this machine, was
 * read long before this gives up waiting.
 */
async function readByPage(response: Response): Promise<void> {
  const giveUp = new AbortController();
  const longEnough = sleep(10_000, undefined, { signal: giveUp.signal }).catch(() => undefined);
  await Promise.race([response.finished(), longEnough]);
  giveUp.abort();
  // A busy page handles it some time after it has come, and before what it asks for from then on.
  await response.frame().evaluate("fetch('/', { cache: 'no-store' }).then((later) => later.text())");
}

const skip = withoutBuild || withoutChromium;

describe('the console of a box that is silent at times', { skip }, () => {
  let browser: Browser;
  let box: ConsoleBox;

  before(async () => {
    browser = await startBrowser();
    box = await startConsoleBox({ content: 'accounts', browser });
  });
  after(async () => {
    await box[Symbol.asyncDispose]();
    await browser.close();
  });

  test('is asked again by itself after its limit of requests, and not for every moment of silence', async () => {
    const { page } = await box.open('admin', '/');
    // The clock of the page stands still but for what the test lets pass.
    await page.clock.install();
    await page.reload();
    let [asked, answered] = [0, 0];
    page.on('response', (response) => {
      if (response.url().includes('/api/v1/persons?')) answered += 1;
    });
    await page.route('**/api/v1/persons?*', async (route) => {
      asked += 1;
      return asked > 1 ? route.continue() : route.fulfill(overLimit);
    });
    await page.locator('#pages').getByRole('link', { name: 'People', exact: true }).click();
    await page.getByText(/which is the limit/).waitFor();
    await page.clock.runFor(1000);
    await page.getByText(/which is the limit/).waitFor({ state: 'hidden' });
    assert.equal(asked, 2);

    // A busy box answers the question whether it is there only now and then.
    const lost = page.getByText('The box does not answer. The console keeps trying');
    let isSilent = true;
    await page.route('**/api/v1/health/live', (route) => (isSilent ? route.abort() : route.continue()));
    for (let time = 0; time < 3; time += 1) {
      isSilent = true;
      await page.clock.runFor(2500);
      await lost.waitFor();
      isSilent = false;
      await page.clock.runFor(2000);
      await lost.waitFor({ state: 'hidden' });
      if (time > 0) continue;
      // This answer, too, must be there before the next silence begins.
      await page.clock.runFor(1);
      await until('the people to be there again', () => answered === 3);
    }
    assert.equal(asked, 3, 'once for three moments of silence within 10 s');
    await page.clock.runFor(10_000);
    await until('the last one to be made up for', () => asked === 4);
  });

  test('shows why it does not open at a reload, not a login, and opens once the box admits the user', async () => {
    const { page } = await box.open('admin', '/account');
    await page.clock.install();
    let asked = 0;
    const busy = { status: 503, json: { error: { code: 'internal', message: 'a part has failed' } } };
    await page.route('**/api/v1/auth/me', (route) => {
      asked += 1;
      return asked > 2 ? route.continue() : route.fulfill(asked === 1 ? busy : overLimit);
    });
    await page.reload();
    await page.getByText('A part has failed.').waitFor();
    assert.equal(await page.getByLabel('Password').count(), 0);
    await page.clock.runFor(5000);
    await page.getByText(/which is the limit/).waitFor();
    await page.clock.runFor(5000);
    await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor();
  });

  test('is not asked whether it is there while it answers a page every two seconds', async () => {
    const { page } = await box.open('admin', '/');
    await page.clock.install();
    let asked = 0;
    await page.route('**/api/v1/health/live', (route) => {
      asked += 1;
      return route.continue();
    });
    await page.goto('/system/gallery');
    await page.getByRole('heading', { level: 2 }).first().waitFor();
    for (let time = 0; time < 10; time += 1) {
      const fetched = page.waitForResponse('**/api/v1/gallery');
      await page.clock.runFor(2000);
      await readByPage(await fetched);
    }
    assert.equal(asked, 0, 'questions within 20 s');
  });

  test('is silent only where nothing answers, and is then asked in one row of questions', async () => {
    const { page } = await box.open('admin', '/');
    await page.clock.install();
    await page.goto('/system');
    await page.getByRole('heading', { level: 1 }).waitFor();
    const lost = page.getByText('The box does not answer. The console keeps trying');
    const live = '**/api/v1/health/live';
    const refused = (code: string) => ({ status: 503, json: { error: { code, message: 'wait a little' } } });
    const answered = async (afterMs: number): Promise<void> => {
      const answer = page.waitForResponse(live);
      await page.clock.runFor(afterMs);
      await answer;
    };
    const fire = (name: string): Promise<void> => page.evaluate(`dispatchEvent(new Event('${name}'))`);

    await page.route(live, (route) => route.fulfill(refused('busy')));
    await answered(2500);
    assert.equal(await lost.count(), 0, 'a gate that is busy');
    await fire('offline');
    await answered(2000);
    assert.equal(await lost.count(), 1, 'a gate that is busy, after silence');
    await page.unroute(live);
    await page.clock.runFor(2000);
    await lost.waitFor({ state: 'hidden' });
    await page.route(live, (route) => route.fulfill(refused('core-unreachable')));
    await page.clock.runFor(2500);
    await lost.waitFor();
    await page.unroute(live);
    await page.clock.runFor(2000);
    await lost.waitFor({ state: 'hidden' });

    let asked = 0;
    await page.route(live, (route) => {
      asked += 1;
      return route.abort();
    });
    await fire('offline');
    for (let time = 0; time < 3; time += 1) {
      await page.clock.runFor(500);
      await fire('online');
      await until('the question', () => asked === time + 1);
    }
    for (let time = 0; time < 20; time += 1) await page.clock.runFor(500);
    assert.ok(asked <= 3 + 5, `${asked} questions: in 10 s, and when the browser was online again`);
    await page.unrouteAll();

    // Both the question and what the page fetches are on their way; then only the page gets its answer.
    const loaded = page.waitForResponse('**/api/v1/gallery');
    await page.goto('/system/gallery');
    await readByPage(await loaded);
    const held: Route[] = [];
    let questions = 0;
    await page.route('**/api/v1/gallery', (route) => void held.push(route));
    await page.route(live, () => {
      questions += 1;
    });
    const late = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/health/live'));
    await until('both', async () => {
      await page.clock.runFor(500);
      return held.length > 0 && questions > 0;
    });
    await held[0]?.continue();
    await late;
    await page.clock.runFor(1);
    assert.equal(await lost.count(), 0, 'a slow answer, and another one meanwhile');
  });

  test('is asked again only for what it refused, and only while this is wanted', async () => {
    const { page } = await box.open('admin', '/');
    await page.clock.install();
    const cursors: (string | null)[] = [];
    let isOverLimit = true;
    await page.route('**/api/v1/users*', async (route) => {
      const cursor = new URL(route.request().url()).searchParams.get('cursor');
      cursors.push(cursor);
      if (cursor !== null)
        return isOverLimit ? route.fulfill(overLimit) : route.fulfill({ json: { data: [] } });
      const response = await route.fetch();
      return route.fulfill({
        response,
        json: { ...(await response.json()), meta: { nextCursor: 'second' } },
      });
    });
    await page.goto('/system/users');
    await page.getByText(/which is the limit/).waitFor();
    await page.clock.runFor(500);
    isOverLimit = false;
    await page.clock.runFor(500);
    await page.getByText(/which is the limit/).waitFor({ state: 'hidden' });
    // How often the second page was refused depends on how long the page took to say so.
    const [first, ...repeated] = cursors;
    assert.equal(first, null);
    assert.ok(repeated.length >= 2, `${repeated.length} questions for the second page`);
    assert.ok(
      repeated.every((cursor) => cursor === 'second'),
      'the page that was answered is not asked for again',
    );

    let asked = 0;
    await page.route('**/api/v1/strangers?*', (route) => {
      if (new URL(route.request().url()).searchParams.get('limit') !== '1') return route.continue();
      asked += 1;
      return route.fulfill(overLimit);
    });
    const list = page.waitForResponse(/strangers\?.*limit=100/);
    await page.goto('/strangers');
    await list;
    await until('the number of those set aside', () => asked === 1);
    const aside = page.waitForResponse(/strangers\?(?=.*limit=100).*set-aside/);
    await page.getByLabel('State').selectOption('set-aside');
    await aside;
    for (let time = 0; time < 4; time += 1) await page.clock.runFor(500);
    assert.equal(asked, 1, 'the number is not shown beside those set aside');
  });
});

describe('the console of a box with faults', { skip }, () => {
  test('says so when a camera has failed, when the box hangs, and when the browser is offline', async () => {
    await using browser = await startBrowser();
    const sections = (port: number): string =>
      demoSections(port).replaceAll('enabled: false', 'enabled: true');
    await using box = await startConsoleBox({ content: 'accounts', browser, sections });
    const core = coreOf(process.pid);
    const { page, context } = await box.open('admin', '/');
    const health = page.getByRole('region', { name: 'Now' });
    // Nothing answers at the addresses of these cameras.
    await health.getByText(/cameras? ha(s a|ve) problems?\./).waitFor();
    assert.equal(await health.getByText('The box and its cameras are working.').count(), 0);

    const lost = page.getByText('The box does not answer. The console keeps trying');
    process.kill(core, 'SIGSTOP');
    try {
      await lost.waitFor();
      await health.getByText('The box does not answer.').waitFor();
      const links = page.locator('#pages').getByRole('link');
      const count = await links.count();
      assert.ok(count >= 10, `${count} pages`);
      for (let at = 0; at < count; at += 1) {
        await links.nth(at).click();
        await page.getByRole('heading', { level: 1 }).waitFor();
        assert.ok(await lost.isVisible(), `${page.url()} says that the box is silent`);
      }
      await links.first().click();
    } finally {
      process.kill(core, 'SIGCONT');
    }
    await lost.waitFor({ state: 'hidden' });
    await health.getByText(/cameras? ha(s a|ve) problems?\./).waitFor();

    await context.setOffline(true);
    await lost.waitFor();
    await context.setOffline(false);
    await lost.waitFor({ state: 'hidden' });
  });
});
