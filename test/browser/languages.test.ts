import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { demoSections } from '../../scripts/seeding/seed.js';
import { withoutBuild } from '../support/box.js';
import { startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';
import { englishWords } from '../support/english-words.js';

/** Pages that show what is English in every language: lines of a log, and the text of a file. */
const english = ['/system/logs', '/system/configuration/text'];
const places = [
  ...['/', '/review', '/live', '/cameras', '/cameras/add', '/passages', '/timeline', '/alerts', '/people'],
  ...['/people/enrol', '/people/add', '/people/import', '/people/change', '/people/erase', '/strangers'],
  ...['/attendance', '/attendance/shifts', '/events'],
  ...['/outbox', '/audit', '/accuracy', '/system', '/system/users', '/system/roles', '/system/api-keys'],
  ...['/system/approvals', '/system/gallery', '/system/backups', '/system/identity', '/system/screens'],
  ...['/system/configuration', '/system/retention', '/system/models', '/system/broker', '/system/doctor'],
  ...['/system/host', '/account'],
].filter((path) => !english.includes(path));

/** What the made-up data have in English: somebody wrote it. */
const written = ['Made up for a demonstration.'];

/** The texts of a page, without those that name things of the program: code, and what the page says is of another language. */
const shownTexts = `(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (parent === null || parent.closest('code, pre, script, noscript, textarea, [lang]:not(html)') !== null) continue;
    const text = node.textContent.trim();
    if (text !== '' && !${JSON.stringify(written)}.includes(text)) texts.push(text);
  }
  return texts;
})()`;

/** Each language opens every page, as fast as it can. */
const sections = (port: number): string =>
  `${demoSections(port)}api: { limits: { default: 1000, heavy: 60, days: 60, stream: 100 } }\n`;

describe('the console in other languages', { skip: withoutBuild || withoutChromium }, () => {
  test('shows no English sentence on any page of a box with made-up data', async (all) => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'past', browser, sections });
    const { client } = box.box;
    const { page, context } = await box.open('admin', '/account');
    const [person] = box.seeded?.persons ?? [];
    assert.ok(person !== undefined);
    const { items: passages } = await client.call('passages.list', { limit: 100 });
    // One passage of each reason: it is the reason that has the sentence.
    const byReason = new Map(
      passages.flatMap((passage) => ('reason' in passage ? [[passage.reason, passage.id] as const] : [])),
    );
    const details = [`/people/${person.id}`, ...[...byReason.values()].map((id) => `/passages/${id}`)];
    for (const language of ['de', 'fr'])
      await all.test(language, async () => {
        const changed = await context.request.patch('/api/v1/auth/preferences', {
          headers: { origin: box.url },
          data: { language },
        });
        assert.ok(changed.ok(), await changed.text());
        // From then on by links: each reload of the console would ask the box for much that it knows.
        await page.goto('/');
        await page.locator(`html[lang=${language}]`).waitFor({ state: 'attached' });
        const found: string[] = [];
        for (const path of [...places, ...details]) {
          await open(page, path);
          const texts = (await page.evaluate(shownTexts)) as readonly string[];
          assert.ok(texts.length > 3, `${path} shows ${texts.length} texts`);
          // Values of settings, and the titles of English pages, are in quotes.
          const sentences = texts.filter((text) =>
            englishWords.test(text.replaceAll(/`[^`]*`|'[^']*'/g, '')),
          );
          found.push(...sentences.map((text) => `${path}: ${text}`));
        }
        assert.deepEqual(found, []);
      });
  });
});

/** Follows a link within the console, and waits until the page has what it shows. */
async function open(page: Page, path: string): Promise<void> {
  await page.evaluate(`(() => {
    const link = Object.assign(document.createElement('a'), { href: ${JSON.stringify(path)} });
    document.body.append(link);
    link.click();
    link.remove();
  })()`);
  await page.waitForURL((url) => url.pathname === path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  // The pictures of a passage are loaded when they come into view.
  if (path.startsWith('/passages/')) await page.locator('.what').first().waitFor();
  else await page.locator('.loading').first().waitFor({ state: 'detached' });
  if (path === '/system/doctor') await page.locator('.findings').first().waitFor();
}
