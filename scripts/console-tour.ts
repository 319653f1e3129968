// Takes the pictures of docs/tutorial/console.md: a seeded box, its console in a browser, a picture of each page.
//   npm run build && node --import tsx scripts/console-tour.ts [PAGE...]
// Where the console shows a person, the pictures show a drawing: no real face is in the documentation.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { startBrowser } from '../test/support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../test/support/console-box.js';
import { until } from '../test/support/until.js';

const folder = fileURLToPath(new URL('../docs/tour', import.meta.url));
const wide = [1280, 800] as const;
const phone = [390, 780] as const;

/** A stop of the tour. */
interface Stop {
  readonly name: string;
  readonly path: string;
  /** What is seen when the page is complete. */
  readonly shows: (page: Page) => Promise<unknown>;
  readonly size?: readonly [width: number, height: number];
  readonly isDark?: true;
  readonly isUnknown?: true;
}

const heading =
  (name: string | RegExp) =>
  (page: Page): Promise<void> =>
    page.getByRole('heading', { name, level: 1 }).waitFor();

async function firstLink(page: Page, selector: string): Promise<void> {
  await page.locator(selector).first().click();
  await page.waitForLoadState('networkidle');
}

const stops: readonly Stop[] = [
  { name: 'login', path: '/', isUnknown: true, shows: heading('Log in') },
  { name: 'now', path: '/', shows: heading('Now') },
  { name: 'now-phone', path: '/', size: phone, isDark: true, shows: heading('Now') },
  { name: 'passages', path: '/passages', shows: heading('Passages') },
  {
    name: 'passage',
    path: '/passages?outcome=attended&reason=attended',
    // High enough for the eyes.
    size: [1280, 1080],
    shows: async (page) => {
      await firstLink(page, 'main a[href^="/passages/"]:has(img)');
      await page.getByRole('heading', { name: 'Eyes' }).waitFor();
    },
  },
  { name: 'people', path: '/people', shows: heading('People') },
  { name: 'person', path: '/people', shows: (page) => firstLink(page, 'main td a[href^="/people/p-"]') },
  { name: 'enrol', path: '/people/enrol', shows: heading(/Enrol/) },
  { name: 'strangers', path: '/strangers', shows: heading('Unknown people') },
  { name: 'attendance', path: '/attendance', shows: heading('Attendance') },
  { name: 'cameras', path: '/cameras', shows: heading('Cameras') },
  { name: 'camera-add', path: '/cameras/add', shows: heading(/camera/i) },
  { name: 'accuracy', path: '/accuracy', shows: heading('Accuracy') },
  { name: 'alerts', path: '/alerts', shows: heading('Alerts') },
  { name: 'events', path: '/events', shows: heading('Events') },
  { name: 'audit', path: '/audit', shows: heading('Audit log') },
  { name: 'system', path: '/system', shows: heading('System') },
  { name: 'configuration', path: '/system/configuration', shows: heading('Configuration') },
];

/** A head and shoulders, instead of every picture of a person. */
const drawing = await sharp(
  Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160" width="320" height="320"><rect width="160" height="160" fill="#c9d4de"/><circle cx="80" cy="62" r="30" fill="#8396a8"/><path d="M22 160c0-38 26-56 58-56s58 18 58 56z" fill="#8396a8"/></svg>',
  ),
)
  .jpeg()
  .toBuffer();

const ofPictures = /\/api\/v1\/.*(\/pictures?|\/photographs\/[^/?]+|\/snapshot)(\?|$)/;

/** Answers every request for a picture with the drawing, as far as the box has one. */
async function hideFaces(context: BrowserContext): Promise<void> {
  await context.route(ofPictures, async (route) => {
    const response = await route.fetch().catch(() => undefined);
    // The page has gone.
    if (response === undefined) return;
    await route.fulfill(
      response.ok() ? { response, body: drawing, contentType: 'image/jpeg' } : { response },
    );
  });
}

async function take(
  box: ConsoleBox,
  { name, path, shows, size = wide, isDark, isUnknown }: Stop,
): Promise<void> {
  const { page, context } = isUnknown
    ? await box.openUnknown('/docs', size)
    : await box.open('admin', '/docs', size);
  await hideFaces(context);
  await page.emulateMedia({ colorScheme: isDark ? 'dark' : 'light' });
  // Streams never let the network fall silent.
  await page.goto(path);
  await shows(page);
  await page.locator('.loading').first().waitFor({ state: 'detached' });
  await until('the pictures in view', () =>
    page.evaluate(
      '[...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight)',
    ),
  );
  const picture = await sharp(await page.screenshot())
    .png({ palette: true, colours: 128, effort: 10 })
    .toBuffer();
  await writeFile(join(folder, `${name}.png`), picture);
  process.stdout.write(`${name}: ${Math.round(picture.length / 1000)} kB\n`);
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  await context.close();
}

const wanted = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await using browser = await startBrowser();
await using box = await startConsoleBox({ content: 'past', browser });
for (const stop of stops) {
  if (wanted.length === 0 || wanted.includes(stop.name)) await take(box, stop);
}
