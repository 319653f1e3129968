import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { withoutBuild } from '../support/box.js';
import {
  assertAccessible,
  isWiderThanScreen,
  startBrowser,
  type WatchedPage,
  withoutChromium,
} from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { visitorClip } from '../support/scenes.js';
import { until } from '../support/until.js';

/** When the picture was taken that the page shows. The page is not made of this program: its code is a text. */
const shownAt = "document.querySelector('.live canvas')?.dataset.capturedAt";

/** Waits until another picture is shown than the one before. */
async function anotherPicture(page: Page): Promise<void> {
  const before: unknown = await page.evaluate(shownAt);
  await until('another picture', async () => {
    const now: unknown = await page.evaluate(shownAt);
    return typeof now === 'string' && now !== before;
  });
}

/** Waits until the canvas shows a box in one of its colours. */
async function drawnBox(page: Page): Promise<void> {
  const look = `(() => {
    const canvas = document.querySelector('.live canvas');
    const style = getComputedStyle(canvas);
    const tones = ['recognised', 'waiting', 'unseen'];
    const colours = tones.map((tone) => Number('0x' + style.getPropertyValue('--live-' + tone).trim().slice(1)));
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const counts = colours.map(() => 0);
    for (let at = 0; at < data.length; at += 4) {
      const which = colours.indexOf((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
      if (which >= 0) counts[which] += 1;
    }
    return counts.some((count) => count > 100);
  })()`;
  await until('a box around a face', async () => (await page.evaluate(look)) === true);
}

describe('the cameras in the console', { skip: withoutBuild || withoutChromium, timeout: 240_000 }, () => {
  test('show what a camera sees, what stands in the way, and one stream for each account', async () => {
    await using cameras = await startRtspServer({ mounts: { '/door': await visitorClip('ada') } });
    await using browser = await startBrowser();
    const url = cameras.url('/door');
    await using box = await startConsoleBox({
      ...{ content: 'accounts', browser },
      sections: (port) => `site: { id: test-site, timeZone: Europe/Paris }
box: { id: test-box }
gate: { port: ${port} }
vision: { provider: cpu }
cameras:
  - { id: door, name: Front door, url: "${url}", direction: in }
`,
    });
    await enrolAda(box);
    const technician = await box.open('technician', '/cameras');
    await listed(technician);
    await watched(technician);
    await onlyOnce(technician);
    await named(box);
    const viewer = await box.open('viewer', '/cameras/door');
    await viewer.page.getByRole('heading', { name: 'Your account may not see this page' }).waitFor();
    assert.deepEqual([...technician.faults, ...viewer.faults], []);
  });
});

async function enrolAda({ box }: ConsoleBox): Promise<void> {
  await using photos = await writeEnrolmentPhotos();
  const photographs = [await readFile(photos.files.ada)];
  const { outcome } = await box.client.call('persons.enrol', { name: 'Ada Lovelace', photographs });
  assert.equal(outcome, 'enrolled');
}

async function listed(technician: WatchedPage): Promise<void> {
  const { page } = technician;
  await page.getByText('Streaming', { exact: true }).waitFor();
  await page.getByText(/in 24 hours/).waitFor();
  await assertAccessible(technician);
  await page.getByRole('link', { name: 'Front door' }).click();
}

async function watched(technician: WatchedPage): Promise<void> {
  const { page } = technician;
  await anotherPicture(page);
  await page.getByText('One viewer watches this camera').waitFor();
  await drawnBox(page);
  const face = page.getByRole('heading', { name: /Face \d+/ }).first();
  await face.waitFor();
  // A technician reads decisions, but no names.
  await page.locator('.face .why').first().waitFor();
  assert.doesNotMatch((await page.locator('main').textContent()) ?? '', /Ada/);
  await assertAccessible(technician);
}

async function onlyOnce({ page, context }: WatchedPage): Promise<void> {
  const second = await context.newPage();
  await second.goto('/cameras/door');
  await second.getByText('Another window shows this camera').waitFor();
  await second.getByRole('button', { name: 'Show it here instead' }).click();
  await anotherPicture(second);
  await page.getByText('Another window shows this camera').waitFor();
  await second.close();
}

async function named(box: ConsoleBox): Promise<void> {
  const operator = await box.open('operator', '/cameras/door', [360, 740]);
  const { page } = operator;
  await page.locator('.nearest', { hasText: 'Ada Lovelace' }).first().waitFor();
  await page
    .locator('.nearest', { hasText: /similarity [01]\.\d\d, needs 0\.\d\d/ })
    .first()
    .waitFor();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save a picture' }).click(),
  ]);
  assert.match(saved.suggestedFilename(), /^door-.*\.jpg$/);
  assert.equal(await isWiderThanScreen(operator), false);
  assert.deepEqual(operator.faults, []);
}
