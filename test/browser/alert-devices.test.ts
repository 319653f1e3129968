import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { demoSections } from '../../scripts/seeding/seed.js';
import { withoutBuild } from '../support/box.js';
import {
  assertAccessible,
  isWiderThanScreen,
  startBrowser,
  type WatchedPage,
  withoutChromium,
} from '../support/browser.js';
import { makeAuthority } from '../support/certificate-authority.js';
import { startConsoleBox } from '../support/console-box.js';
import { openPushService, type SubscribedBrowser } from '../support/push-service.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

/**
 * Chromium subscribes only at the service of Google, which no test reaches. So `subscribe` and `getSubscription` are replaced in the
 * page: they give the subscription of the push service of the test. The service worker and its notifications are those of Chromium.
 */
const subscribing = ({ endpoint, p256dh, auth }: SubscribedBrowser): string => `{
  const subscription = {
    endpoint: ${JSON.stringify(endpoint)},
    toJSON: () => ({ endpoint: subscription.endpoint, keys: ${JSON.stringify({ p256dh, auth })} }),
    unsubscribe: async () => { localStorage.removeItem('subscribed'); return true; },
  };
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.setItem('subscribed', applicationServerKey);
    return subscription;
  };
  PushManager.prototype.getSubscription = async () => localStorage.getItem('subscribed') && subscription;
}`;

const keyGiven = (page: Page): Promise<string | null> => page.evaluate("localStorage.getItem('subscribed')");

/** Gives a message to the service worker as the browser does that has it from a push service, and returns what is shown. */
async function deliver({ page, context }: WatchedPage, data: string): Promise<unknown> {
  const devtools = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [registration] }) => {
      if (registration !== undefined) resolve(registration.registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  const { origin } = new URL(page.url());
  await devtools.send('ServiceWorker.deliverPushMessage', { origin, registrationId: await registered, data });
  let shown: unknown;
  await until('the notification', async () => {
    shown = await page.evaluate(`navigator.serviceWorker.ready
      .then((registration) => registration.getNotifications())
      .then((all) => all.map(({ title, body, tag, data }) => ({ title, body, tag, data })))`);
    return Array.isArray(shown) && shown.length > 0;
  });
  return shown;
}

describe('alerts on a device', { skip: withoutBuild || withoutChromium || withoutOpenssl }, () => {
  test('are turned on in the account, shown by the service worker, opened in the console, and end with the logout', async () => {
    await using folder = await temporaryDirectory();
    using authority = makeAuthority('push-ca');
    const caFile = join(folder.path, 'ca.pem');
    writeFileSync(caFile, authority.certificate);
    await using service = await openPushService(
      authority.issue({ commonName: 'push', hosts: ['IP:127.0.0.1'] }),
    );
    const silentCamera = '  - { id: yard, name: Yard, url: "rtsp://127.0.0.1:1/" }\n';
    const sections = (port: number): string =>
      `${demoSections(port, silentCamera)}api: { channelNetworks: [127.0.0.0/8] }
alerts:
  push: [{ id: phones, contact: owner@example.org, hosts: ["${service.host}"], caFile: "${caFile}" }]
  rules: [{ id: down, on: camera-down, minimumS: 0, severity: critical, channels: [phones] }]
`;
    await using browser = await startBrowser(['--ignore-certificate-errors']);
    await using box = await startConsoleBox({ content: 'accounts', browser, sections });
    const { client } = box.box;
    const opened = await box.openOnPhone('operator', '/account');
    const { page, context, faults } = opened;
    await context.grantPermissions(['notifications']);
    await context.addInitScript(subscribing(await service.subscribe()));
    await page.reload();
    const section = page.getByRole('region', { name: 'Alerts on your devices' });
    await section.getByText('No device shows alerts yet.').waitFor();
    await assertAccessible(opened);
    await section.getByRole('button', { name: 'Show alerts here' }).click();
    await section.getByText('This device', { exact: true }).waitFor();
    await section.getByText(/all rules/).waitFor();
    await assertAccessible(opened);
    assert.equal(await isWiderThanScreen(opened), false);

    const [tested] = await client.call('alerts.test', { channel: 'phones' });
    assert.equal(tested?.outcome, 'delivered');
    const pushed = service.messages.at(-1);
    assert.equal(await keyGiven(page), pushed?.key);
    const message = JSON.parse(pushed?.text ?? '');
    assert.deepEqual(await deliver(opened, pushed?.text ?? ''), [
      { title: message.subject, body: message.text, tag: message.id, data: message.id },
    ]);
    assert.deepEqual(await page.evaluate('caches.keys()'), [], 'nothing is kept on the device');

    await section.getByRole('button', { name: 'Choose rules' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('down').uncheck();
    await assertAccessible(opened);
    await dialog.getByRole('button', { name: 'Save rules' }).click();
    await section.getByText(/0 rules/).waitFor();

    await until('an alert', async () => (await client.call('alerts.list')).items.length > 0);
    const [alert] = (await client.call('alerts.list')).items;
    // Where a tap on the notification leads.
    await page.goto(`/alerts?alert=${alert?.id}`);
    await dialog.getByRole('heading', { name: alert?.summary ?? '' }).waitFor();
    await assertAccessible(opened);
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.notEqual(
      (await client.call('alerts.list', { alert: alert?.id ?? '' })).items[0]?.acknowledgement,
      undefined,
    );

    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('User name').waitFor();
    await until('the end of the subscription', async () => (await keyGiven(page)) === null);
    const [after] = await client.call('alerts.test', { channel: 'phones' });
    assert.equal(after?.outcome === 'delivered' && after.note, 'no device shows alerts of this rule');
    assert.deepEqual(faults, []);
  });

  test('cannot be turned on without a channel that pushes, and the app has a manifest in each language', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'accounts', browser });
    const { page, context, faults } = await box.open('operator', '/account');
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    await page.getByText('You have no passkeys.').waitFor();
    assert.equal(await page.getByText('Alerts on your devices').count(), 0);
    for (const language of ['en', 'de', 'fr']) {
      const answer = await context.request.get(`/app-${language}.webmanifest`);
      assert.equal(answer.headers()['content-type'], 'application/manifest+json');
      const { lang, icons } = await answer.json();
      assert.equal(lang, language);
      for (const { src } of icons) assert.ok((await context.request.get(src)).ok(), src);
    }
    const href = await page.locator('link[rel=manifest]').getAttribute('href');
    assert.equal(href, '/app-en.webmanifest');
    const worker = await context.request.get('/service-worker.js');
    assert.match(worker.headers()['content-security-policy'] ?? '', /script-src 'self'/);
    assert.doesNotMatch(await worker.text(), /fetch|caches|indexedDB/);
    assert.deepEqual(faults, []);
  });
});
