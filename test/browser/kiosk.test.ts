import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScreenItem } from '../../daemon/contract/screens.js';
import { cameras } from '../../scripts/seeding/past.js';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, withoutChromium } from '../support/browser.js';
import { startConsoleBox } from '../support/console-box.js';

const lines = (...items: readonly ScreenItem[]): string =>
  [...items.map((item) => ({ item })), { success: true }].map((line) => JSON.stringify(line)).join('\n');

describe('the screen of prompts', { skip: withoutBuild || withoutChromium }, () => {
  test('is paired by its address, shows prompts, opens nothing else, and ends when it is removed', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'accounts', browser });

    const console = await box.open('admin', '/system/screens');
    await console.page.getByText('No displays are paired').waitFor();
    await console.page.getByRole('button', { name: 'Add display' }).click();
    await console.page.getByLabel('Location').fill('Main entrance');
    await console.page.getByRole('dialog').getByRole('button', { name: 'Add display' }).click();
    await console.page.getByRole('heading', { name: 'Open this link on the tablet' }).waitFor();
    await console.page.getByRole('img', { name: 'QR code of the link for the tablet' }).waitFor();
    await assertAccessible(console);
    const address = new URL((await console.page.getByRole('dialog').locator('code').textContent()) ?? '');
    await console.page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await console.page.getByText('Waiting for tablet').waitFor();

    const tablet = await box.openUnknown('/kiosk', [360, 640]);
    const { page } = tablet;
    await page.getByRole('heading', { name: 'This device is not paired' }).waitFor();
    await assertAccessible(tablet);
    await page.goto('about:blank');
    await page.goto(`/kiosk${address.hash}`);
    await page.getByRole('button', { name: 'Pair device' }).click();
    await page.getByRole('heading', { name: 'The camera is not sending video' }).waitFor();
    assert.equal(page.url(), `${box.url}/kiosk`);
    await page.getByRole('button', { name: 'Deutsch' }).click();
    await page.getByRole('heading', { name: 'Die Kamera liefert kein Bild' }).waitFor();
    await assertAccessible(tablet);
    const refused = await tablet.context.request.get('/api/v1/persons');
    assert.equal(refused.status(), 403);

    // No camera of this box sees a person: what the box would say comes from here.
    const state: ScreenItem = { kind: 'state', name: 'Main entrance', isStreaming: true, isAsking: true };
    const prompt = { kind: 'prompt', nonce: 'q83vEjRWeJASNFZ4kKvN7w', of: 3 } as const;
    const asked: ScreenItem = {
      ...prompt,
      state: 'asked',
      position: 1,
      action: 'turn-left',
      answerMs: 60_000,
    };
    const said = [lines(state, asked)];
    await page.route('**/api/v1/challenges/stream*', async (route) => {
      const body = said.shift();
      // Without further words the stream stays open.
      if (body !== undefined) await route.fulfill({ body, contentType: 'application/x-ndjson' });
    });
    const shown = page.waitForRequest('**/api/v1/challenges/shown');
    await page.reload();
    await page.getByRole('heading', { name: 'Turn your head to the left' }).waitFor();
    await page.getByText('Step 1 of 3').waitFor();
    const told = { camera: cameras.in, nonce: prompt.nonce, position: 1 };
    assert.deepEqual((await shown).postDataJSON(), told);
    await assertAccessible(tablet);
    await page.unroute('**/api/v1/challenges/stream*');

    await console.page.getByRole('button', { name: /^Remove display/ }).click();
    await console.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await console.page.getByText('No displays are paired').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'This device is not paired' }).waitFor();
    assert.deepEqual([...console.faults, ...tablet.faults], []);
  });
});
