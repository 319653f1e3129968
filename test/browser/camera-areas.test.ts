import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { withoutBuild } from '../support/box.js';
import {
  assertAccessible,
  isWiderThanScreen,
  startBrowser,
  type WatchedPage,
  withoutChromium,
} from '../support/browser.js';
import { testClip } from '../support/clips.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { until } from '../support/until.js';

test('masks and zones of a camera are drawn with the pointer and the keyboard', {
  skip: withoutBuild || withoutChromium,
}, async () => {
  await using cameras = await startRtspServer({ mounts: { '/door': await testClip({ seconds: 20 }) } });
  await using browser = await startBrowser();
  const url = cameras.url('/door');
  await using box = await startConsoleBox({
    ...{ content: 'accounts', browser },
    // The server of the test is at the host and port of a camera that the owner configured.
    sections: (port) => `site: { id: test-site, timeZone: Europe/Paris }
box: { id: test-box }
gate: { port: ${port} }
vision: { provider: cpu }
cameras:
  - { id: gate, name: Gate, url: "${url}", enabled: false }
`,
  });
  await box.box.client.call('cameras.create', { id: 'door', name: 'Front door', url });
  const technician = await box.open('technician', '/cameras/door');
  const { page } = technician;
  await page.getByRole('button', { name: 'Smooth video' }).waitFor();
  await page.getByRole('link', { name: 'Edit zones and masks' }).click();
  await page.getByRole('img', { name: 'Current image from Front door' }).waitFor();
  await page.getByText('Nothing is masked, and faces count everywhere.').waitFor();
  await assertAccessible(technician);
  await drawnByPointer(page);
  await movedByKeys(page);
  await drawnByKeys(technician);
  await saved(box, page);
  await onAPhone(box);
  await withoutPicture(page);
  assert.deepEqual(technician.faults, []);
});

/** A disabled camera has no picture that could be asked for. */
async function withoutPicture(page: Page): Promise<void> {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(new URL('/cameras/gate/areas', page.url()).href);
  await page.getByText('Nothing is masked, and faces count everywhere.').waitFor();
  assert.ok(asked.some((url) => url.endsWith('/cameras/gate')));
  assert.deepEqual(
    asked.filter((url) => url.includes('snapshot')),
    [],
  );
}

const corner = (page: Page, area: string, number: number): Locator =>
  page.getByRole('button', { name: new RegExp(`^${area}: corner ${number} of `) });

/** Clicks places of the picture, as shares of its size. */
async function clickAt(page: Page, ...places: readonly (readonly [number, number])[]): Promise<void> {
  const { width = 0, height = 0 } = (await page.locator('.areas').boundingBox()) ?? {};
  for (const [x, y] of places) {
    await page.locator('.areas').click({ position: { x: x * (width - 1), y: y * (height - 1) } });
  }
}

async function drawnByPointer(page: Page): Promise<void> {
  const undo = page.getByRole('button', { name: 'Undo' });
  assert.equal(await undo.isDisabled(), true);
  await page.getByRole('button', { name: 'Add privacy mask' }).click();
  // The first and the second corner snap to the edge of the picture; the last click lies on the first corner.
  await clickAt(page, [0.005, 0.2], [0.005, 0.6], [0.4, 0.6], [0.4, 0.2], [0.005, 0.205]);
  await corner(page, 'Privacy mask', 4).waitFor();
  assert.match(
    (await corner(page, 'Privacy mask', 1).getAttribute('aria-label')) ?? '',
    /1 of 4, 0% from the left, 20% from the top/,
  );
  const handle = await corner(page, 'Privacy mask', 3).boundingBox();
  assert.ok(handle);
  const [x, y] = [handle.x + handle.width / 2, handle.y + handle.height / 2];
  const { width = 0 } = (await page.locator('.areas').boundingBox()) ?? {};
  // A corner that is only tapped, or whose drag is cut short, stays.
  await page.mouse.click(x + 5, y + 5);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + width / 5, y, { steps: 4 });
  await corner(page, 'Privacy mask', 3).dispatchEvent('pointercancel');
  await page.mouse.up();
  await corner(page, 'Privacy mask', 3).and(page.locator('[aria-label*=" 40% from the left"]')).waitFor();
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + width / 20, y, { steps: 4 });
  await page.mouse.move(x + width / 10, y, { steps: 4 });
  await page.mouse.up();
  await corner(page, 'Privacy mask', 3).and(page.locator('[aria-label*=" 50% from the left"]')).waitFor();
  await undo.click();
  await corner(page, 'Privacy mask', 3).and(page.locator('[aria-label*=" 40% from the left"]')).waitFor();
  await page.getByRole('button', { name: 'Redo' }).click();
  await corner(page, 'Privacy mask', 3).and(page.locator('[aria-label*=" 50% from the left"]')).waitFor();
}

async function movedByKeys(page: Page): Promise<void> {
  await corner(page, 'Privacy mask', 1).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ArrowRight');
  await corner(page, 'Privacy mask', 2).and(page.locator('[aria-label*="62% from the top"]')).waitFor();
  await page.keyboard.press('Insert');
  await corner(page, 'Privacy mask', 5).waitFor();
  await page.keyboard.press('Delete');
  await page.keyboard.press('Control+z');
  await corner(page, 'Privacy mask', 5).waitFor();
  await page.keyboard.press('Control+Shift+Z');
  await until('the corner to go again', async () => (await corner(page, 'Privacy mask', 5).count()) === 0);
}

async function drawnByKeys(technician: WatchedPage): Promise<void> {
  const { page } = technician;
  await page.getByRole('button', { name: 'Add detection zone' }).click();
  await page.getByText('Detection zone: select the first corner.').waitFor();
  await page.locator('[role=application][aria-label^="Detection zone: arrow keys move"]:focus').waitFor();
  for (const keys of [[], ['ArrowRight', 10], ['ArrowDown', 20]] as const) {
    const [key = '', times = 0] = keys;
    for (let time = 0; time < times; time++) await page.keyboard.press(key);
    await page.keyboard.press('Space');
  }
  // A second corner at the same place is none.
  await page.keyboard.press('Space');
  // Ctrl+Z takes back the last corner of the outline, not what was drawn before.
  await page.keyboard.press('Control+z');
  await page.getByText('Detection zone: 2 corners.').waitFor();
  assert.equal(await page.locator('polygon.mask').count(), 1);
  await page.keyboard.press('Space');
  await page.getByText('Detection zone: 3 corners.').waitFor();
  await assertAccessible(technician);
  await page.keyboard.press('Enter');
  await corner(page, 'Detection zone', 3).waitFor();
  await page.getByRole('textbox', { name: '2. Detection zone: name' }).fill('Doorway');
  await corner(page, 'Detection zone Doorway', 3).waitFor();
  await page.getByRole('button', { name: 'Add ignored zone' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Add ignored zone' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await assertAccessible(technician);
}

async function saved({ box }: ConsoleBox, page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText('Zones and masks of Front door were updated.').waitFor();
  await page.getByRole('img', { name: 'Current image from Front door' }).waitFor();
  const { settings } = await box.client.call('cameras.show', { id: 'door' });
  const [mask] = settings.masks;
  assert.deepEqual([settings.masks.length, mask?.points.length], [1, 4]);
  assert.deepEqual(
    settings.zones.map(({ use, name, points }) => [use, name, points]),
    [
      [
        'detect',
        'Doorway',
        [
          { x: 0.5, y: 0.5 },
          { x: 0.6, y: 0.5 },
          { x: 0.6, y: 0.7 },
        ],
      ],
    ],
  );
  await page.goto('/cameras/door');
  await page.getByText('This camera has privacy masks.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Smooth video' }).count(), 0);
  // Another user changes the camera meanwhile.
  await page.goto('/cameras/door/areas');
  await page.getByRole('button', { name: 'Delete Privacy mask' }).click();
  await box.client.call('cameras.change', { id: 'door', direction: 'in' });
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText('Code changed-meanwhile').waitFor();
  await page.getByRole('button', { name: 'Reload' }).click();
  // What the user did is kept, and they are told.
  await page.getByText('Someone else has changed this since you started.').waitFor();
  assert.equal(await corner(page, 'Privacy mask', 1).count(), 0);
  await page.getByRole('button', { name: 'Save changes' }).click();
  await until('the mask to be gone', async () => {
    const shown = await box.client.call('cameras.show', { id: 'door' });
    return shown.settings.masks.length === 0;
  });
}

async function onAPhone(box: ConsoleBox): Promise<void> {
  const phone = await box.open('technician', '/cameras/door/areas', [390, 844]);
  await phone.page.getByRole('img', { name: 'Current image from Front door' }).waitFor();
  await corner(phone.page, 'Detection zone Doorway', 1).waitFor();
  assert.equal(await isWiderThanScreen(phone), false);
  await assertAccessible(phone);
  assert.deepEqual(phone.faults, []);
}
