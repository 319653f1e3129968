// Measures the console in a real browser: how Lighthouse scores its pages, and how lists of a large site answer and scroll.
//   npm run build && scripts/bench console [pages | lists] [--page NAME...] [--persons 10000] [--passages 100000] [--calls 30]
import type { Page } from 'playwright-core';
import { startBrowser } from '../../test/support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../../test/support/console-box.js';
import { readOptions } from '../options.js';
import { demoSections } from '../seeding/seed.js';
import { scorePages } from './console-lighthouse.js';
import { fill, measureLists } from './console-lists.js';

const { values, positionals } = readOptions('scripts/bench console [pages | lists]', {
  allowPositionals: true,
  options: {
    persons: { type: 'string', default: '10000' },
    passages: { type: 'string', default: '100000' },
    calls: { type: 'string', default: '30' },
    page: { type: 'string', multiple: true, default: [] },
  },
});
const [part] = positionals;

/** As the demo box, without the limits that callers in a hurry meet. */
const sections = (gatePort: number): string =>
  `${demoSections(gatePort)}api: { limits: { default: 100000, pictures: 100000 } }\n`;

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
if (part !== 'lists') await scorePages(box, values.page);
if (part !== 'pages') {
  await fill(box, { persons: Number(values.persons), passages: Number(values.passages) });
  await measureLists(box, Number(values.calls));
  await measureScrolling(box);
}
