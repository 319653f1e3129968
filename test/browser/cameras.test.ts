import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
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
import { devicePassword, deviceUser, startOnvifDevice } from '../support/onvif-device.js';
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

describe('the cameras in the console', { skip: withoutBuild || withoutChromium }, () => {
  test('show what a camera sees, what stands in the way, and one stream for each account', async () => {
    const small = await testClip({ codec: 'hevc', widthPx: 320, heightPx: 180, framesPerS: 10 });
    const mounts = { '/door': await visitorClip('ada'), '/yard': small };
    await using cameras = await startRtspServer({ mounts });
    await using browser = await startBrowser();
    const url = cameras.url('/door');
    await using box = await startConsoleBox({
      ...{ content: 'accounts', browser },
      sections: (port) => `site: { id: test-site, timeZone: Europe/Paris }
box: { id: test-box }
gate: { port: ${port} }
api: { cameraNetworks: [127.0.0.0/8] }
vision: { provider: cpu }
cameras:
  - { id: door, name: Front door, url: "${url}", direction: in }
  - { id: yard, name: Yard, url: "${cameras.url('/yard')}", direction: in }
`,
    });
    await enrolAda(box);
    await enrolAtTheCamera(box);
    const technician = await box.open('technician', '/cameras');
    await listed(technician);
    await watched(technician);
    await smooth(technician);
    await severalAtOnce(box);
    await unplayable(box);
    await onlyOnce(technician);
    await onlyOneDevice(box, technician);
    await named(box);
    await added(box, technician, url);
    await tuned(box, technician);
    await deleted(technician);
    const viewer = await box.open('viewer', '/cameras/door');
    await viewer.page.getByRole('heading', { name: 'You cannot view this page' }).waitFor();
    assert.deepEqual([...technician.faults, ...viewer.faults], []);
  });
});

async function enrolAda({ box }: ConsoleBox): Promise<void> {
  await using photos = await writeEnrolmentPhotos();
  const photographs = [await readFile(photos.files.ada)];
  const { outcome } = await box.client.call('persons.enrol', { name: 'Ada Lovelace', photographs });
  assert.equal(outcome, 'enrolled');
}

/** A guided enrolment gets its pictures from the camera that streams: the box judges them, and keeps one from the front. */
async function enrolAtTheCamera({ box: { client } }: ConsoleBox): Promise<void> {
  const { id } = await client.call('enrolments.begin', { person: { name: 'Ada at the door' } });
  const take = (cameraId: string) => client.call('enrolments.take-camera-picture', { id, cameraId });
  await assert.rejects(take('attic'), { code: 'no-such-camera' });
  await until('a picture from the front that the box keeps', async () => {
    const taken = await take('door').catch((error: unknown) => {
      if (!isRollcallError(error, 'camera-not-streaming')) throw error;
    });
    return taken?.enrolment.pictures.some(({ step }) => step === 'front') === true;
  });
  const [kept] = (await client.call('enrolments.show', { id })).pictures;
  const jpeg = await client.call('enrolments.read-picture', { id, pictureId: kept?.id ?? '' });
  assert.deepEqual([...jpeg.subarray(0, 2)], [0xff, 0xd8]);
  await client.call('enrolments.abandon', { id });
}

async function listed(technician: WatchedPage): Promise<void> {
  const { page } = technician;
  await page.getByText('Streaming', { exact: true }).first().waitFor();
  await page
    .getByText(/in 24 hours/)
    .first()
    .waitFor();
  await assertAccessible(technician);
  await page.getByRole('link', { name: 'Front door' }).click();
}

async function watched(technician: WatchedPage): Promise<void> {
  const { page } = technician;
  await anotherPicture(page);
  await page.getByText('Only you are watching').waitFor();
  await drawnBox(page);
  const face = page.getByRole('heading', { name: /Face \d+/ }).first();
  await face.waitFor();
  // A technician reads decisions, but no names.
  await page.locator('.sighted .why').first().waitFor();
  assert.doesNotMatch((await page.locator('main').textContent()) ?? '', /Ada/);
  await assertAccessible(technician);
}

/** Both cameras at once, and one by its key, while the box sends nothing of the other. */
async function severalAtOnce(box: ConsoleBox): Promise<void> {
  const operator = await box.open('operator', '/live');
  const { page, context, faults } = operator;
  const shown = 'canvas[data-captured-at]';
  await page.locator('.live-tile', { hasText: 'Front door' }).locator(shown).waitFor();
  await page.locator('.live-tile', { hasText: 'Yard' }).locator(shown).waitFor();
  await assertAccessible(operator);
  await page.keyboard.press('2');
  await page.waitForURL(/camera=yard/);
  await page.locator('.live-tile', { hasText: 'Front door' }).waitFor({ state: 'hidden' });
  await until('no viewer of the camera that is out of sight', async () => {
    const { viewers = 0 } = await box.box.client.call('cameras.show', { id: 'door' });
    return viewers === 1;
  });
  await page.keyboard.press('Escape');
  await page.locator('.live-tile', { hasText: 'Front door' }).waitFor();
  await page.getByRole('button', { name: 'Enlarge Front door' }).click();
  await page.waitForURL(/camera=door/);
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await isWiderThanScreen(operator), false);
  assert.deepEqual(faults, []);
  await context.close();
}

/** The video plays on, and the analysed pictures come back. */
async function smooth(technician: WatchedPage): Promise<void> {
  const { page } = technician;
  const button = page.getByRole('button', { name: 'Smooth video' });
  await button.click();
  await page.getByText('Live video from the camera.').waitFor();
  const secondsShown = async (): Promise<number> =>
    Number(await page.evaluate("document.querySelector('.live video').currentTime"));
  const before = await secondsShown();
  await until('the video to play on', async () => (await secondsShown()) > before + 1);
  assert.equal(await page.evaluate("document.querySelector('.live video').videoWidth"), 960);
  await page.getByText('Only you are watching').waitFor();
  await assertAccessible(technician);
  await button.click();
  await anotherPicture(page);
}

/** Where the browser plays no H.265, the page says so and goes back to the analysed pictures. */
async function unplayable(box: ConsoleBox): Promise<void> {
  const { page, context, faults } = await box.open('operator', '/cameras/yard');
  await anotherPicture(page);
  await page.getByRole('button', { name: 'Smooth video' }).click();
  const type = 'video/mp4; codecs="hvc1.1.6.L60.90"';
  const isPlayed = await page.evaluate(`MediaSource.isTypeSupported('${type}')`);
  const said = isPlayed ? 'Live video from the camera.' : 'This browser cannot play HEVC video';
  await page.getByText(said).waitFor();
  if (!isPlayed) await anotherPicture(page);
  assert.deepEqual([...faults], []);
  await context.close();
}

/** Of two windows, one waits. Usually it is the second; when the camera was lost for a moment, either may get the pictures again. */
async function onlyOnce({ page, context }: WatchedPage): Promise<void> {
  const second = await context.newPage();
  await second.goto('/cameras/door');
  const isWaiting = (each: Page) => each.getByText('This camera is open in another window').isVisible();
  await until('one window to wait', async () => (await isWaiting(second)) || (await isWaiting(page)));
  const [waiting, showing] = (await isWaiting(second)) ? [second, page] : [page, second];
  await waiting.getByRole('button', { name: 'Watch here instead' }).click();
  await anotherPicture(waiting);
  await until('the other window to wait', () => isWaiting(showing));
  await second.close();
}

/** Another device of the same account is told what the box says, and gets the pictures when the first one lets go. */
async function onlyOneDevice(box: ConsoleBox, { page }: WatchedPage): Promise<void> {
  await page.goto('/cameras/door');
  await anotherPicture(page);
  const other = await box.open('technician', '/cameras/door');
  await other.page.locator('.live-state').getByText('You read this stream already').waitFor();
  await page.goto('/cameras');
  await anotherPicture(other.page);
  await other.context.close();
  await page.goto('/cameras/door');
}

async function named(box: ConsoleBox): Promise<void> {
  const operator = await box.open('operator', '/cameras/door', [360, 740]);
  const { page } = operator;
  await page.locator('.nearest', { hasText: 'Ada Lovelace' }).first().waitFor();
  await page
    .locator('.nearest', { hasText: /similarity [01]\.\d\d, 0\.\d\d required/ })
    .first()
    .waitFor();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save image' }).click(),
  ]);
  assert.match(saved.suggestedFilename(), /^door-.*\.jpg$/);
  assert.equal(await isWiderThanScreen(operator), false);
  assert.deepEqual(operator.faults, []);
  await operator.context.close();
}

async function added({ box }: ConsoleBox, technician: WatchedPage, url: string): Promise<void> {
  const { page } = technician;
  await page.getByText('This camera is defined in the configuration file.').first().waitFor();
  await page.goto('/cameras');
  await page.getByRole('link', { name: 'Add camera' }).click();
  const save = page.getByRole('button', { name: 'Add camera' });
  await page.getByText('Test the camera first.').waitFor();
  assert.equal(await save.isDisabled(), true);
  // A mistyped address is refused at once: the box is not asked.
  let tests = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/cameras/test')) tests += 1;
  });
  await page.getByRole('textbox', { name: 'Address' }).fill(url.replace('rtsp', 'rtps'));
  await page.getByRole('button', { name: 'Test camera' }).click();
  await page.getByText('The address must start with rtsp:// or rtsps://.').waitFor();
  await page.getByRole('textbox', { name: 'Address' }).fill(`${url}-that-is-not-there`);
  await page.getByRole('button', { name: 'Test camera' }).click();
  await page.getByText('What to do:').waitFor();
  assert.equal(tests, 1);
  await page.getByRole('button', { name: 'Add camera despite failed test' }).waitFor();
  await assertAccessible(technician);
  await chosen(technician, url);
  await page.getByRole('button', { name: 'Test camera' }).click();
  await page.getByText('The camera is sending video').waitFor();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Side gate');
  assert.equal(await page.getByRole('textbox', { name: 'ID', exact: true }).inputValue(), 'side-gate');
  await page.getByLabel('Direction', { exact: true }).selectOption('out');
  await assertAccessible(technician);
  await save.click();
  await page.getByRole('heading', { name: 'Side gate', level: 1 }).waitFor();
  const { isOwn, direction } = await box.client.call('cameras.show', { id: 'side-gate' });
  assert.deepEqual([isOwn, direction], [true, 'out']);
}

/** Finds a device, and takes the streams that it tells after one login: no address is typed. */
async function chosen({ page }: WatchedPage, url: string): Promise<void> {
  const seen = { codec: 'H264', widthPx: 1280, heightPx: 720, fps: 10 };
  const profiles = [
    { token: '1', name: 'Main', ...seen, uri: url },
    { token: '2', name: 'Sub', ...seen, widthPx: 640, heightPx: 360, uri: `${url}?sub` },
    { token: '3', name: 'Inner', ...seen, uri: 'rtsp://10.0.0.10/1' },
  ];
  await using device = await startOnvifDevice({ profiles });
  const services = ['http://10.0.0.10/onvif/device_service', `${device.origin}/onvif/device_service`];
  // Nothing in the network of a test answers WS-Discovery.
  await page.route('**/cameras/discover', (route) =>
    route.fulfill({
      json: {
        data: {
          devices: [{ address: '127.0.0.1', name: 'Hall', services, cameraIds: [] }],
          isCutShort: false,
        },
      },
    }),
  );
  await page.getByRole('button', { name: 'Find cameras' }).click();
  await page.getByRole('button', { name: 'Use this address' }).click();
  await page.getByText(`The box can ask ${device.origin}`).waitFor();
  await page.getByRole('textbox', { name: 'Camera user name' }).fill(deviceUser);
  await page.getByLabel('Camera password').fill('wrong');
  await page.getByRole('button', { name: 'Read streams' }).click();
  await page.getByText('The device refuses the user or the password.').waitFor();
  await page.getByLabel('Camera password').fill(devicePassword);
  await page.getByRole('button', { name: 'Read streams' }).click();
  await page.getByText('3 streams found.').waitFor();
  const main = page.getByLabel('Main stream');
  assert.equal(await page.getByRole('textbox', { name: 'Address' }).inputValue(), url);
  assert.equal(await main.locator('option:checked').innerText(), 'Main · H264 · 1280×720 · 10 fps');
  const sub = page.getByRole('combobox', { name: 'Substream' });
  await sub.selectOption({ label: 'Sub · H264 · 640×360 · 10 fps' });
  assert.equal(await page.getByRole('textbox', { name: 'Substream' }).inputValue(), `${url}?sub`);
  await sub.selectOption({ label: 'None' });
  assert.equal(await main.getByText('10.0.0.10').count(), 0, 'another host needs a yes');
  await page.getByLabel('Also list streams on other hosts.').check();
  assert.equal(await main.getByText('10.0.0.10').count(), 1);
}

async function tuned({ box }: ConsoleBox, technician: WatchedPage): Promise<void> {
  const { page } = technician;
  const { client } = box;
  const smallest = page.getByLabel('Smallest face (pixels)');
  await smallest.fill('60');
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByText(/^Of the last \d+ passages?, \d+ would have a different outcome/).waitFor();
  const proving = page.getByLabel('Frame rate until liveness is confirmed');
  const rate = await proving.inputValue();
  await proving.fill('20');
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByText(/^Of the last \d+ passages?, \d+ would have a different outcome/).waitFor();
  await assertAccessible(technician);
  await proving.fill(rate);
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText('The new values of Side gate are in effect.').waitFor();
  const { settings } = await client.call('cameras.show', { id: 'side-gate' });
  assert.equal(settings.smallestFacePx, 60);

  await smallest.fill('70');
  await client.call('cameras.change', { id: 'side-gate', direction: 'in' });
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText('Code changed-meanwhile').waitFor();
  await page.getByRole('button', { name: 'Reload' }).click();
  await until('the stored value', async () => (await smallest.inputValue()) === '60');
}

async function deleted({ page }: WatchedPage): Promise<void> {
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Recorded passages and events are kept.').waitFor();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'Cameras', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Front door' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Side gate' }).count(), 0);
}
