// Measures the console in a real browser: how its pages load on a slow phone, scored as Lighthouse scores; and how lists of a large
// site answer and scroll.
//   npm run build && scripts/bench console [--persons 10000] [--passages 100000] [--calls 30] [--only-lists]
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { findingsOf, startBrowser } from '../../test/support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../../test/support/console-box.js';
import { demoSections } from '../seeding/seed.js';
import { fill, measureLists } from './console-lists.js';
import { quantile } from './measuring.js';

const { values } = parseArgs({
  options: {
    persons: { type: 'string', default: '10000' },
    passages: { type: 'string', default: '100000' },
    calls: { type: 'string', default: '30' },
    'only-lists': { type: 'boolean', default: false },
  },
});

/** As the demo box, without the limits that callers in a hurry meet. */
const sections = (gatePort: number): string =>
  `${demoSections(gatePort)}api: { limits: { default: 100000, pictures: 100000 } }\n`;

/** A phone in the Wi-Fi of the box: a quarter of this processor, 30 Mbit/s, 10 ms there and back. */
const phone = { slowdown: 4, bytesPerS: 30e6 / 8, latencyMs: 10 };

interface Load {
  readonly firstMs: number;
  readonly largestMs: number;
  readonly blockingMs: number;
  readonly shift: number;
}

/** Collects, from the first moment on, what Lighthouse measures by the same interfaces of the browser. */
const collector = `
  globalThis.measured = { firstMs: 0, largestMs: 0, blockingMs: 0, shift: 0 };
  const watch = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  watch('paint', ({ name, startTime }) => { if (name === 'first-contentful-paint') measured.firstMs = startTime; });
  watch('largest-contentful-paint', ({ startTime }) => { measured.largestMs = startTime; });
  watch('longtask', ({ duration }) => { measured.blockingMs += Math.max(0, duration - 50); });
  watch('layout-shift', ({ value, hadRecentInput }) => { if (!hadRecentInput) measured.shift += value; });
`;

/** The error function (Abramowitz and Stegun 7.1.26), as Lighthouse computes it. */
function errorFunction(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}

/** The score of a figure: 0.5 at `median`, 0.9 at `tenth`, on a log-normal curve (Lighthouse 12, statistics.js). */
function scoreOf(value: number, tenth: number, median: number): number {
  if (value <= 0) return 1;
  const x = (Math.log(value / median) * 0.9061938024368232) / -Math.log(tenth / median);
  return Math.min(1, Math.max(0, (1 - errorFunction(x)) / 2));
}

/** Weights and curves of Lighthouse 12 for phones, without the Speed Index, which needs a film. */
function performanceOf({ firstMs, largestMs, blockingMs, shift }: Load): number {
  const parts: readonly (readonly [weight: number, score: number])[] = [
    [10, scoreOf(firstMs, 1800, 3000)],
    [25, scoreOf(largestMs, 2500, 4000)],
    [30, scoreOf(blockingMs, 200, 600)],
    [25, scoreOf(shift, 0.1, 0.25)],
  ];
  const weights = parts.reduce((sum, [weight]) => sum + weight, 0);
  return Math.round((100 * parts.reduce((sum, [weight, score]) => sum + weight * score, 0)) / weights);
}

async function measureLoads({ open, openUnknown }: ConsoleBox): Promise<void> {
  console.log('pages on a phone (processor 4 times slower, 30 Mbit/s), nothing cached; median of 3 loads');
  for (const path of [
    'login',
    '/',
    '/cameras',
    '/passages',
    '/people',
    '/strangers',
    '/attendance',
    '/events',
    '/system',
  ]) {
    const loads: Load[] = [];
    let findings = 0;
    let faults = 0;
    for (let turn = 0; turn < 3; turn += 1) {
      const opened =
        path === 'login' ? await openUnknown('/docs', [390, 780]) : await open('admin', '/docs', [390, 780]);
      const { page, context } = opened;
      await page.addInitScript(collector);
      const session = await context.newCDPSession(page);
      await session.send('Network.enable');
      await session.send('Network.emulateNetworkConditions', {
        ...{ offline: false, latency: phone.latencyMs },
        ...{ downloadThroughput: phone.bytesPerS, uploadThroughput: phone.bytesPerS },
      });
      await session.send('Emulation.setCPUThrottlingRate', { rate: phone.slowdown });
      await page.goto(path === 'login' ? '/' : path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
      // What comes late, such as pictures, moves the page, too.
      await page.waitForTimeout(1500);
      loads.push(await page.evaluate<Load>('measured'));
      await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
      if (turn === 0) findings = (await findingsOf(page)).length;
      faults += opened.faults.length;
      await context.close();
    }
    const middle = (key: keyof Load): number =>
      quantile(
        loads.map((load) => load[key]),
        0.5,
      );
    const load = {
      firstMs: middle('firstMs'),
      largestMs: middle('largestMs'),
      blockingMs: middle('blockingMs'),
      shift: middle('shift'),
    };
    console.log(
      `  ${path}: performance ${performanceOf(load)}; first paint ${load.firstMs.toFixed(0)} ms, largest ${load.largestMs.toFixed(0)} ms, blocked ${load.blockingMs.toFixed(0)} ms, shift ${load.shift.toFixed(3)}; ${findings} findings of axe; ${faults} errors or foreign requests`,
    );
  }
}

/** Scrolls a list by whole windows, as fast as the browser draws, and looks for moments without rows. */
async function measureScrolling({ open }: ConsoleBox): Promise<void> {
  for (const [path, row] of [
    ['/people', 'main tbody tr:not([aria-hidden]) a'],
    ['/passages', 'main a[href^="/passages/"]'],
  ] as const) {
    const { page, context } = await open('admin', path);
    await page.locator(row).first().waitFor();
    const { windows, holes, heightPx } = await scroll(page, row);
    console.log(
      `scrolling ${path}: ${windows} windows, ${holes} of them empty when they were drawn, ${heightPx} px high at the end`,
    );
    await context.close();
  }
}

async function scroll(
  page: Page,
  row: string,
): Promise<{ windows: number; holes: number; heightPx: number }> {
  return page.evaluate(`(async () => {
    let holes = 0;
    const windows = 150;
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    for (let turn = 0; turn < windows; turn += 1) {
      window.scrollBy(0, innerHeight);
      await frame();
      await frame();
      const seen = [...document.querySelectorAll(${JSON.stringify(row)})].some((each) => {
        const { top, bottom } = each.getBoundingClientRect();
        return bottom > innerHeight * 0.3 && top < innerHeight * 0.7;
      });
      if (!seen) holes += 1;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    return { windows, holes, heightPx: document.documentElement.scrollHeight };
  })()`);
}

await using browser = await startBrowser();
await using box = await startConsoleBox({ content: 'past', browser, sections });
const onlyLists = values['only-lists'];
if (!onlyLists) await measureLoads(box);
await fill(box, { persons: Number(values.persons), passages: Number(values.passages) });
await measureLists(box, Number(values.calls));
if (!onlyLists) await measureScrolling(box);
