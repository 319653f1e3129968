import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page, type Request } from 'playwright-core';
import sharp from 'sharp';

const executablePath = '/usr/bin/chromium';

/** For a test's `skip`: tests of the console drive Debian's chromium. */
export const withoutChromium: string | false =
  !existsSync(executablePath) && 'chromium is not installed (scripts/setup --with-tests)';

/** How long a step may take: the slowest machine of tests needs a third of it, and photographs wait for all else. */
export const patienceMs = 180_000;

/** Characters that are told of a page. */
const longestTold = 1500;

/** Starts the browser. `args` are further switches of chromium. */
export async function startBrowser(args: readonly string[] = []): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: ['--disable-dev-shm-usage', '--lang=en', ...args],
  });
  const close = browser.close.bind(browser);
  browser.close = async (options) => {
    // The runner repeats this where the test failed: a wait that ended in vain does not say what was there instead.
    try {
      if (process.env['ROLLCALL_TESTED_BY'] !== undefined) await tellPages(browser);
    } finally {
      await close(options);
    }
  };
  return browser;
}

/** Prints what the open pages show, a line each. */
async function tellPages(browser: Browser): Promise<void> {
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    const text = await page.locator('body').innerText({ timeout: 1000 }).catch(String);
    console.log(
      `shown at ${new URL(page.url()).pathname}: ${text.replace(/\s+/g, ' ').slice(0, longestTold)}`,
    );
  }
}

/** A page of a browser, and what it did that a page of the box must not do. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Requests to other hosts, errors of the page, and what the policy of the page forbade. */
  readonly faults: readonly string[];
}

export interface PageOptions {
  readonly url: string;
  /** Width and height of the window, pixels. */
  readonly size?: readonly [width: number, height: number];
  readonly locale?: string;
  readonly permissions?: readonly string[];
  /** A phone: fingers, and pages as wide as it is. */
  readonly isPhone?: boolean;
}

/** Opens a page with nothing stored. */
export async function openPage(browser: Browser, options: PageOptions): Promise<WatchedPage> {
  const [width, height] = options.size ?? [1280, 900];
  const context = await browser.newContext({
    ...{ baseURL: options.url, ignoreHTTPSErrors: true, locale: options.locale ?? 'en-GB' },
    ...{
      viewport: { width, height },
      reducedMotion: 'reduce',
      permissions: [...(options.permissions ?? [])],
    },
    ...(options.isPhone && { hasTouch: true, isMobile: true }),
  });
  context.setDefaultTimeout(patienceMs);
  const faults: string[] = [];
  const own = new URL(options.url).host;
  const note = (request: Request, end: string): void => {
    const { protocol, host } = new URL(request.url());
    if (['data:', 'blob:'].includes(protocol) || host === own) return;
    faults.push(`request to ${request.url()}: ${end}`);
  };
  context.on('requestfinished', (request) => note(request, 'sent'));
  context.on('requestfailed', (request) => note(request, request.failure()?.errorText ?? 'failed'));
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`error: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // The browser notes each answer of the API that is an error; the page shows those itself.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) faults.push(text);
  });
  return { page, context, faults };
}

/**
 * Mean difference of the window and a picture in the repository, 0 to 255, both in grey and reduced to a sixteenth of their
 * width: fonts of another machine count little, another layout or another theme counts much.
 */
export async function differenceFrom({ page }: Pick<WatchedPage, 'page'>, picture: string): Promise<number> {
  const small = async (source: Buffer | string): Promise<Buffer> =>
    sharp(source).resize({ width: 80, height: 50, fit: 'fill' }).greyscale().raw().toBuffer();
  const [seen, known] = await Promise.all([small(await page.screenshot()), small(picture)]);
  return seen.reduce((sum, value, index) => sum + Math.abs(value - (known[index] ?? 0)), 0) / seen.length;
}

/** True where the page can be moved sideways: something in it is too wide. */
export function isWiderThanScreen({ page }: Pick<WatchedPage, 'page'>): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Rules about colours: all that differs between light and dark. */
const colourRules = ['color-contrast', 'link-in-text-block'] as const;

/** Checks the page in light and dark against WCAG 2.2 AA and the best practices of axe. */
export async function assertAccessible({ page }: Pick<WatchedPage, 'page'>): Promise<void> {
  assert.deepEqual(await findingsOf(page), [], page.url());
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await findingsOf(page, colourRules), [], `dark: ${page.url()}`);
  await page.emulateMedia({ colorScheme: 'light' });
}

/** What axe finds on the page as it is now; by default with all its rules, and the one of WCAG 2.2 that it leaves out unasked. */
export async function findingsOf(page: Page, only?: readonly string[]): Promise<readonly string[]> {
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axeSource);
  return page.evaluate(async (chosen) => {
    // `axe` is what the script above has defined in the page.
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResult> } };
    const which = chosen
      ? { runOnly: { type: 'rule', values: chosen } }
      : { rules: { 'target-size': { enabled: true } } };
    const { violations } = await axe.run({ ...which, resultTypes: ['violations'] });
    return violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
    );
  }, only);
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}
