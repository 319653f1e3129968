// Takes the pictures of docs/tour: a seeded box, its console in a browser, and every page in light colours, and in dark ones on a phone.
//   npm run build && node --import tsx scripts/console-tour.ts [PAGE...]
// Where the console shows a person, the pictures show a drawing: no real face is in the documentation.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { startBrowser } from '../test/support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../test/support/console-box.js';
import { personnelScopes } from '../test/support/personnel-tasks.js';
import { until } from '../test/support/until.js';
import { drawnPortrait } from './drawn-portrait.js';
import { demoAlerts, demoFields, enrichDemo } from './seeding/enrich.js';
import { demoSections } from './seeding/seed.js';
import { type Stop, stops } from './tour-stops.js';
import { scenarioSchema } from './virtual-camera/scenario.js';
import { startVirtualCamera } from './virtual-camera/virtual-camera.js';

const folder = fileURLToPath(new URL('../docs/tour', import.meta.url));
const wide = [1280, 800] as const;
const phone = [390, 780] as const;

/** How a page is taken: by day at a desk, and by night on a phone. Three pictures of each would be too large for the repository. */
const looks = [
  { ending: '', words: 'light', size: wide, colorScheme: 'light' },
  { ending: '-phone', words: 'dark, on a phone', size: phone, colorScheme: 'dark' },
] as const;

/** A corridor without people. */
const corridor = scenarioSchema.parse({
  ...{ widthPx: 960, heightPx: 540, framesPerS: 15 },
  scenes: [{ kind: 'empty', seconds: 4 }],
});

const ofPictures = /\/api\/v1\/.*(\/pictures?|\/photographs\/[^/?]+)(\?|$)/;

/** Whom a picture shows, by the IDs of persons, passages, and events in its address. */
async function knownPeople({ box: { client }, seeded }: ConsoleBox): Promise<ReadonlyMap<string, string>> {
  const people = new Map<string, string>(seeded?.persons.map(({ id, name }) => [id, name]));
  const { items } = await client.call('passages.list', { limit: 1000 });
  for (const item of items) {
    const who = 'person' in item ? item.person?.name : 'stranger' in item ? item.stranger?.id : undefined;
    if (who === undefined) continue;
    people.set(item.id, who);
    if ('events' in item) for (const event of item.events) people.set(String(event), who);
  }
  return people;
}

/** Answers every request for the picture of a person with a drawing, as far as the box has one. */
async function drawFaces(context: BrowserContext, people: ReadonlyMap<string, string>): Promise<void> {
  await context.route(ofPictures, async (route) => {
    const response = await route.fetch().catch(() => undefined);
    // The page has gone.
    if (response === undefined) return;
    const parts = new URL(route.request().url()).pathname.split('/');
    const who = parts.flatMap((part) => people.get(part) ?? [])[0] ?? parts.join('/');
    const body = drawnPortrait(who);
    await route.fulfill(response.ok() ? { response, body, contentType: 'image/svg+xml' } : { response });
  });
}

async function take(box: ConsoleBox, stop: Stop, people: ReadonlyMap<string, string>): Promise<void> {
  const { name, route = '/', path, shows, isPublic } = stop;
  const { page, context } = await (isPublic
    ? box.openUnknown('/docs', wide)
    : box.open('admin', '/docs', wide));
  await drawFaces(context, people);
  await page.goto((await path?.(box, page)) ?? route);
  let bytes = 0;
  for (const { ending, size, colorScheme } of looks) {
    await page.setViewportSize({ width: size[0], height: stop.heightPx ?? size[1] });
    await page.emulateMedia({ colorScheme });
    await shows?.(page);
    await settled(page);
    await page.evaluate(usualPlace(box.box.directory));
    const picture = await small(await page.screenshot());
    await writeFile(join(folder, `${name}${ending}.webp`), picture);
    bytes += picture.length;
  }
  process.stdout.write(`${name}: ${Math.round(bytes / 1000)} kB\n`);
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  await context.close();
}

/** Streams never let the network fall silent, so this waits for what the page shows. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
  await until('the pictures in view', () =>
    page.evaluate(
      '[...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight)',
    ),
  );
}

/** Shows the usual folder of a box where the page names that of the tour. The page is not made of this program: its code is a text. */
const usualPlace = (directory: string): string => `{
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode())
    texts.currentNode.data = texts.currentNode.data.replaceAll(${JSON.stringify(directory)}, '/var/lib/rollcall');
}`;

/** Few colours compress well without loss; letters stay sharp. */
async function small(png: Buffer): Promise<Buffer> {
  const flat = await sharp(png).png({ palette: true, colours: 96, dither: 0 }).toBuffer();
  return sharp(flat).webp({ lossless: true, effort: 6 }).toBuffer();
}

/** Another user asks for the erasure of a person, which the user of the tour may approve. */
async function askForErasure(box: ConsoleBox): Promise<void> {
  await box.box.client.call('roles.create', { name: 'personnel', scopes: [...personnelScopes] });
  const { page, context } = await box.open('personnel', `/people/${box.seeded?.persons.at(-1)?.id}`);
  const erase = { name: 'Erase permanently' };
  await page.getByRole('button', erase).click();
  await page.getByRole('dialog').getByRole('button', erase).click();
  await page.getByText('Code approval-required').waitFor();
  await context.close();
}

/** A camera that streams, and one that the owner has configured at the same place. */
const configured = (url: string): string => `  - { id: gate, name: Gate, url: "${url}", enabled: false }\n`;

/** The page that shows all pictures. */
function overview(): string {
  const rows = stops.map(({ name, title }) => {
    const pictures = looks.map(({ ending, words }) => `![${title}, ${words}](${name}${ending}.webp)`);
    return `| ${title} | ${pictures.join(' | ')} |`;
  });
  return `# The console in pictures

Every page of the console, in light colours, and in dark ones on a phone. The people are made up, and drawings stand in for faces. \`scripts/console-tour.ts\` takes the pictures and writes this page; [the tutorial](../tutorial/console.md) explains what you see.

| page | light | dark, on a phone |
|---|---|---|
${rows.join('\n')}
`;
}

const wanted = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'README.md'), overview());
await using camera = await startVirtualCamera({ scenario: corridor, onProgress: () => undefined });
await using browser = await startBrowser();
await using box = await startConsoleBox({
  ...{ content: 'past', browser },
  sections: (port) =>
    `${demoSections(port, configured(camera.url))}api: { secondPerson: [erase], limits: { default: 1000, heavy: 60, stream: 100 } }\n${demoAlerts}${demoFields}`,
});
await box.box.client.call('cameras.create', {
  id: 'entrance',
  name: 'Entrance',
  url: camera.url,
  direction: 'in',
});
await enrichDemo(box.box, { persons: box.seeded?.persons ?? [] });
await askForErasure(box);
const people = await knownPeople(box);
for (const stop of stops) {
  if (wanted.length === 0 || wanted.includes(stop.name)) await take(box, stop, people);
}
