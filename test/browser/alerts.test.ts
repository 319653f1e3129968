import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { demoSections } from '../../scripts/seeding/seed.js';
import { type HttpSink, openHttpSink } from '../support/alert-sinks.js';
import { withoutBuild } from '../support/box.js';
import { assertAccessible, startBrowser, type WatchedPage, withoutChromium } from '../support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../support/console-box.js';

const silentCamera = '  - { id: yard, name: Yard, url: "rtsp://127.0.0.1:1/" }\n';

/** An alert at once, on a channel whose secret does not exist. */
const sections = (
  gatePort: number,
): string => `${demoSections(gatePort, silentCamera)}api: { channelNetworks: [127.0.0.0/8] }
alerts:
  webhooks: [{ id: control-room, url: "https://127.0.0.1:9/", secret: no-such-secret }]
  rules: [{ id: down, on: camera-down, minimumS: 0, severity: critical, channels: [control-room] }]
`;

/** An administrator adds a rule that the box refuses at first, changes it, and removes it. */
async function editRules(admin: WatchedPage): Promise<void> {
  const { page, faults } = admin;
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Add rule' }).click();
  await dialog.getByLabel('Rule name').fill('down');
  await dialog.getByLabel('Number that triggers an alert').fill('3');
  await dialog.getByLabel('What to count').selectOption('visits by the same unknown person');
  await assertAccessible(admin);
  await dialog.getByRole('button', { name: 'Review change' }).click();
  await dialog.getByText('After: down: Unknown person').waitFor();
  await dialog.getByText('Invalid').waitFor();
  await assertAccessible(admin);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.getByLabel('Rule name').fill('third-visit');
  await dialog.getByRole('button', { name: 'Review change' }).click();
  await dialog.getByRole('button', { name: 'Apply changes' }).click();
  await page.getByText('When there are 3 visits by the same unknown person').waitFor();

  await page.getByRole('button', { name: 'Edit rule third-visit' }).click();
  await dialog.getByLabel('Number that triggers an alert').fill('4');
  await dialog.getByRole('button', { name: 'Review change' }).click();
  await dialog.getByText('Before: third-visit').waitFor();
  await dialog.getByRole('button', { name: 'Apply changes' }).click();
  await page.getByText('When there are 4 visits by the same unknown person').waitFor();

  await page.getByRole('button', { name: 'Remove rule third-visit' }).click();
  await dialog.getByText('The rule is removed').waitFor();
  await dialog.getByRole('button', { name: 'Apply changes' }).click();
  await page.getByRole('button', { name: 'Remove rule third-visit' }).waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
}

/** An administrator adds a channel, tests it, is asked for its secret when its address changes, and removes it. */
async function editChannels(admin: WatchedPage, sink: HttpSink): Promise<void> {
  const { page, faults } = admin;
  const dialog = page.getByRole('dialog');
  const address = `http://127.0.0.1:${sink.port}/rollcall`;
  await page.getByRole('button', { name: 'Add channel' }).click();
  await dialog.getByLabel('Channel name').fill('phone');
  await dialog.getByLabel('Kind').selectOption('ntfy');
  await dialog.getByLabel('Address of the topic').fill(`${address}-day`);
  await dialog.getByLabel('Access token').fill('a-token-that-nobody-guesses');
  await assertAccessible(admin);
  await dialog.getByRole('button', { name: 'Save channel' }).click();
  await page.getByRole('button', { name: 'Send test to phone' }).click();
  await page.getByRole('status').getByText('Delivered').waitFor();
  assert.match(sink.requests.at(-1)?.body ?? '', /^\{"topic":"rollcall-day","title":"\[test\]/);

  sink.answer = () => ({ status: 403, json: { error: 'forbidden topic' } });
  await page.getByRole('button', { name: 'Send test to phone' }).click();
  await page.getByText(/forbidden topic/).waitFor();
  await assertAccessible(admin);

  await page.getByRole('button', { name: 'Edit channel phone' }).click();
  assert.equal(await dialog.getByLabel('Address of the topic').inputValue(), `${address}-day`);
  assert.equal(await dialog.getByLabel('Access token').inputValue(), '', 'a secret is never shown');
  await dialog.getByLabel('Address of the topic').fill(`${address}-night`);
  await dialog.getByRole('button', { name: 'Save channel' }).click();
  await dialog.getByText(/would go to another server/).waitFor();
  await dialog.getByLabel('Access token').fill('another-token');
  await dialog.getByRole('button', { name: 'Save channel' }).click();
  await dialog.waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Remove channel phone' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Send test to phone' }).waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
}

/** A channel of push takes hosts of its own, shows them again, and returns to those of the makers of browsers. */
async function editPushHosts({ box }: ConsoleBox, { page, faults }: WatchedPage): Promise<void> {
  const dialog = page.getByRole('dialog');
  const hosts = dialog.getByLabel('Hosts of push services');
  const settingsOf = async () =>
    (await box.client.call('alerts.channels')).find(({ id }) => id === 'phones')?.settings;
  const save = async (): Promise<void> => {
    await dialog.getByRole('button', { name: 'Save channel' }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  await page.getByRole('button', { name: 'Add channel' }).click();
  await dialog.getByLabel('Channel name').fill('phones');
  await dialog.getByLabel('Kind').selectOption('push');
  await dialog.getByLabel('Email address for push services').fill('owner@example.org');
  await hosts.fill('push.example.org, *.example.net');
  await save();
  const contact = 'owner@example.org';
  assert.deepEqual(await settingsOf(), { contact, hosts: ['push.example.org', '*.example.net'] });
  await page.getByRole('button', { name: 'Edit channel phones' }).click();
  assert.equal(await hosts.inputValue(), 'push.example.org, *.example.net');
  await hosts.fill('');
  await save();
  assert.deepEqual(await settingsOf(), { contact });
  assert.deepEqual(faults, []);
}

/** What the form has no field for stays as it is: the address of a Telegram server of one's own. */
async function keepsAddress({ box }: ConsoleBox, { page, faults }: WatchedPage): Promise<void> {
  const url = 'https://telegram.example.org';
  const settings = { url, chat: '-1001' };
  await box.client.call('alerts.create-channel', {
    id: 'chat',
    kind: 'telegram',
    settings,
    secret: Buffer.from('7:token'),
  });
  await page.reload();
  await page.getByRole('button', { name: 'Edit channel chat' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Chat number').fill('-1002');
  await dialog.getByRole('button', { name: 'Save channel' }).click();
  await dialog.waitFor({ state: 'detached' });
  const channels = await box.client.call('alerts.channels');
  assert.deepEqual(channels.find(({ id }) => id === 'chat')?.settings, { url, chat: '-1002' });
  assert.deepEqual(faults, []);
}

describe('alerts in the console', { skip: withoutBuild || withoutChromium }, () => {
  test('shows an alert and why its delivery is late, acknowledges it, mutes its rule and tests its channel', async () => {
    await using browser = await startBrowser();
    await using box = await startConsoleBox({ content: 'accounts', browser, sections });
    const opened = await box.open('operator', '/alerts');
    const { page, faults } = opened;
    await page.getByRole('heading', { name: 'Alerts', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Acknowledge' }).waitFor();
    await assertAccessible(opened);
    await page.getByRole('row').nth(1).getByRole('button').first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('control-room').waitFor();
    await dialog.getByText(/no-such-secret/).waitFor();
    await assertAccessible(opened);
    // A phone has room for the button in the dialog alone.
    await page.setViewportSize({ width: 390, height: 780 });
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole('row').nth(1).getByText(/^\d/).nth(1).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Acknowledge' }).count(), 0);

    await page.getByRole('button', { name: 'Mute rule down' }).click();
    await page.getByLabel('Duration').selectOption('4 hours');
    await dialog.getByRole('button', { name: 'Mute' }).click();
    await page.getByText(/^Muted until/).waitFor();
    await page.getByRole('button', { name: 'Unmute' }).click();
    await page.getByText(/^Muted until/).waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Send test to control-room' }).click();
    await page.getByText('What to do:').waitFor();
    await assertAccessible(opened);
    assert.deepEqual(faults, []);

    const viewer = await box.open('technician', '/alerts');
    await viewer.page.getByText('control-room').first().waitFor();
    await viewer.page.getByRole('button', { name: 'Mute rule down' }).waitFor();
    assert.equal(await viewer.page.getByRole('button', { name: 'Add rule' }).count(), 0);
    assert.deepEqual(viewer.faults, []);

    await editRules(await box.open('admin', '/alerts'));
    await using sink = await openHttpSink();
    await editChannels(await box.open('admin', '/alerts'), sink);
    await keepsAddress(box, await box.open('admin', '/alerts'));
    await editPushHosts(box, await box.open('admin', '/alerts'));
  });
});
