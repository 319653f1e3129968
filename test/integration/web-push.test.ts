import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { AlertDevice } from '../../daemon/contract/alert-devices.js';
import type { Caller } from '../../daemon/contract/caller.js';
import { mostDevices } from '../../daemon/core/accounts/push-devices.js';
import { openPush, pushedText } from '../../daemon/core/alerts/web-push.js';
import { mostPushBytes } from '../../daemon/host/web-push.js';
import { pushHosts } from '../../daemon/kernel/alerts/push-host.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import {
  type AccountsFixture,
  atTheBox,
  codeOf,
  goodPassword,
  withAccounts,
} from '../support/accounts-fixture.js';
import { alertAtMs, alertMessageOf, secretsFolder } from '../support/alert-messages.js';
import { makeAuthority } from '../support/certificate-authority.js';
import { openPushService, type PushService, type SubscribedBrowser } from '../support/push-service.js';
import { withoutOpenssl } from '../support/test-certificate.js';

const never = new AbortController().signal;

describe('alerts on the devices of users', { skip: withoutOpenssl }, () => {
  const authority = makeAuthority('push-ca');
  const secrets = secretsFolder();
  after(() => {
    authority[Symbol.dispose]();
    secrets[Symbol.dispose]();
  });
  const caFile = secrets.file('push-ca.pem', authority.certificate);
  const certificate = authority.issue({ commonName: 'push', hosts: ['IP:127.0.0.1'] });

  /** Runs a test with a push service, and the accounts of a box that may post there. */
  async function withPush(
    work: (box: AccountsFixture, service: PushService, send: typeof channelSend) => Promise<void>,
  ): Promise<void> {
    await using service = await openPushService(certificate);
    await withAccounts((box) => work(box, service, (...given) => channelSend(...given)), {
      pushHosts: () => [service.host],
    });
  }

  /** What became of an alert. `networks`: where a push service may be besides the Internet. */
  async function channelSend(
    box: AccountsFixture,
    service: PushService,
    message = alertMessageOf(),
    networks: readonly string[] = ['127.0.0.0/8'],
  ): Promise<string> {
    const config = { id: 'phones', contact: 'owner@example.org', hosts: [service.host], caFile };
    const context = { ...secrets.context, networks, devices: box.accounts.devices };
    const sent = await openPush(config, context, new VirtualClock(alertAtMs)).send(message, never);
    return sent.outcome === 'failed' ? sent.error.code : (sent.note ?? sent.outcome);
  }

  /** A user with a device. */
  async function userWithDevice(
    box: AccountsFixture,
    service: PushService,
    { name = 'olga', role = 'operator', cameras, rules }: UserWish = {},
  ): Promise<{ caller: Caller; browser: SubscribedBrowser; device: AlertDevice; id: string }> {
    const id = await box.addUser(name, role, cameras);
    const { caller } = await box.login(name);
    const browser = await service.subscribe();
    const device = await box.accounts.handlers['alerts.add-device']({ ...browser, rules }, box.call(caller));
    return { caller, browser, device, id };
  }
  interface UserWish {
    readonly name?: string;
    readonly role?: string;
    readonly cameras?: readonly string[];
    readonly rules?: string[];
  }

  test('arrive encrypted for the browser, signed for its push service, and without names or IDs of people', () =>
    withPush(async (box, service, send) => {
      await box.claim();
      const { caller, device } = await userWithDevice(box, service);
      const message = alertMessageOf();
      assert.equal(await send(box, service, message), 'delivered');
      const [pushed, ...more] = service.messages;
      assert.ok(pushed !== undefined && more.length === 0);
      const { id, subject, text } = message;
      assert.deepEqual(JSON.parse(pushed.text), { id, subject, text });
      assert.equal(pushed.claims['sub'], 'mailto:owner@example.org');
      const { publicKey, devices } = await box.accounts.handlers['alerts.devices']({}, box.call(caller));
      assert.equal(pushed.key, publicKey);
      const { ttl, urgency, topic, 'content-encoding': encoding } = pushed.headers;
      assert.deepEqual(
        { ttl, urgency, topic, encoding },
        { ttl: '86400', urgency: 'high', topic: id.replaceAll('-', ''), encoding: 'aes128gcm' },
      );
      assert.deepEqual(devices, [{ ...device, lastSentAt: new Date(box.clock.wallMs()).toISOString() }]);
    }));

  test('go to users who may read the alert now, on the devices that show its rule', () =>
    withPush(async (box, service, send) => {
      await box.claim();
      const message = alertMessageOf();
      const { browser } = await userWithDevice(box, service, { name: 'all' });
      const chosen = await userWithDevice(box, service, { name: 'chosen', rules: [message.rule] });
      await userWithDevice(box, service, { name: 'other', rules: ['another-rule'] });
      const atGate = await userWithDevice(box, service, { name: 'at-gate', cameras: ['gate'] });
      const { handlers } = box.accounts;
      const gone = await userWithDevice(box, service, { name: 'gone' });
      await handlers['users.change']({ id: gone.id, isDisabled: true }, box.call(atTheBox));
      assert.equal(await send(box, service, message), 'delivered');
      const got = new Set(service.messages.map(({ to }) => to));
      assert.deepEqual(got, new Set([browser, chosen.browser, atGate.browser]));
      const elsewhere = message.parts.map((part) => ({ ...part, cameraId: 'yard' as never }));
      await send(
        box,
        service,
        alertMessageOf({ id: '019cad8f-65c1-76e5-8bb3-dc7c7e384dee', parts: elsewhere }),
      );
      assert.equal(service.messages.filter(({ to }) => to === atGate.browser).length, 1);
      const test = alertMessageOf({
        id: '019cad8f-65c1-76e5-8bb3-dc7c7e384def',
        phase: 'test',
        rule: 'test',
      });
      await send(box, service, test);
      assert.equal(service.messages.filter(({ to }) => to === chosen.browser).length, 3);
    }));

  test('are tried again for the devices that do not have them, and only for those', () =>
    withPush(async (box, service, send) => {
      await box.claim();
      const first = await userWithDevice(box, service, { name: 'first' });
      const second = await userWithDevice(box, service, { name: 'second' });
      service.answer = (to) => (to === second.browser ? 503 : 201);
      assert.equal(await send(box, service), 'service-unavailable');
      service.answer = () => 201;
      assert.equal(await send(box, service), 'delivered');
      assert.deepEqual(
        service.messages.map(({ to }) => to),
        [first.browser, second.browser],
      );
    }));

  test('remove a device that its push service no longer knows, and say so in the audit log', () =>
    withPush(async (box, service, send) => {
      await box.claim();
      const kept = await userWithDevice(box, service, { name: 'kept' });
      const { caller, browser, device, id } = await userWithDevice(box, service, { name: 'lost' });
      service.answer = (to) => (to === browser ? 410 : 201);
      assert.equal(await send(box, service), 'delivered');
      const { devices } = await box.accounts.handlers['alerts.devices']({}, box.call(caller));
      assert.deepEqual(devices, []);
      const entry = box.entries.find(({ action }) => action === 'user.device-removed');
      assert.deepEqual(
        [entry?.by.actor, entry?.subject, entry?.details],
        ['daemon', id, { device: device.id }],
      );
      assert.equal(service.messages.at(-1)?.to, kept.browser);
    }));

  test('follow no redirect, and say which push service refused', () =>
    withPush(async (box, service, send) => {
      await box.claim();
      await userWithDevice(box, service);
      service.answer = () => 307;
      assert.equal(await send(box, service), 'service-redirected');
      assert.equal(service.requests(), 1);
      service.answer = () => 403;
      assert.equal(await send(box, service), 'service-refused');
      const second = await userWithDevice(box, service, { name: 'second' });
      service.answer = (to) => (to === second.browser ? 201 : 403);
      assert.equal(await send(box, service), 'refused for 1 of 2 devices');
    }));

  test('are sent to no address of the box or its networks, whatever the browser names', () =>
    withPush(async (box, service, send) => {
      await box.claim();
      await userWithDevice(box, service);
      assert.equal(await send(box, service, alertMessageOf(), []), 'channel-address-refused');
      assert.equal(await send(box, service, alertMessageOf(), ['192.168.0.0/16']), 'channel-address-refused');
      assert.equal(service.requests(), 0);
    }));

  test('are refused for addresses that are not those of a push service', () =>
    withPush(async (box, service) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const browser = await service.subscribe();
      const add = (changes: Partial<SubscribedBrowser>) =>
        codeOf(() =>
          box.accounts.handlers['alerts.add-device']({ ...browser, ...changes }, box.call(caller)),
        );
      for (const endpoint of [
        'http://127.0.0.1/x',
        'https://127.0.0.1/x',
        'https://fcm.googleapis.com/x',
        `https://user:password@${service.host}/x`,
        'x',
      ])
        assert.equal(await add({ endpoint }), 'push-service-refused', endpoint);
      assert.equal(await add({ p256dh: Buffer.alloc(65, 4).toString('base64url') }), 'push-key-refused');
      for (let count = 0; count < mostDevices; count += 1)
        assert.equal(await add({ endpoint: `${browser.endpoint}/${count}` }), 'none');
      assert.equal(await add({}), 'too-many-devices');
      // The same browser again takes its own place.
      assert.equal(await add({ endpoint: `${browser.endpoint}/0` }), 'none');
    }));

  test('need a channel that pushes', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const { handlers } = box.accounts;
      assert.deepEqual(await handlers['alerts.devices']({}, box.call(caller)), { devices: [] });
      const browser = { endpoint: `https://${pushHosts[0]}/x`, p256dh: '', auth: '' };
      assert.equal(
        await codeOf(() => handlers['alerts.add-device'](browser, box.call(caller))),
        'push-not-offered',
      );
    }));
});

describe('a device that shows alerts', { skip: withoutOpenssl }, () => {
  const authority = makeAuthority('device-ca');
  after(() => authority[Symbol.dispose]());
  const certificate = authority.issue({ commonName: 'push', hosts: ['IP:127.0.0.1'] });

  async function withDevice(
    work: (
      box: AccountsFixture,
      user: { readonly id: string; readonly caller: Caller; readonly device: AlertDevice },
      devicesOf: (caller: Caller) => Promise<readonly string[]>,
    ) => Promise<void>,
  ): Promise<void> {
    await using service = await openPushService(certificate);
    await withAccounts(
      async (box) => {
        await box.claim();
        const id = await box.addUser('olga', 'operator');
        const { caller } = await box.login('olga');
        const browser = await service.subscribe();
        const device = await box.accounts.handlers['alerts.add-device'](browser, box.call(caller));
        await work(box, { id, caller, device }, async (of) =>
          (await box.accounts.handlers['alerts.devices']({}, box.call(of))).devices.map((each) => each.id),
        );
      },
      { pushHosts: () => [service.host] },
    );
  }

  test('belongs to one user, who changes its rules and removes it', () =>
    withDevice(async (box, { caller, device }, devicesOf) => {
      const { handlers } = box.accounts;
      const { caller: other } = await box.login('anna');
      assert.deepEqual(await devicesOf(other), []);
      for (const id of [device.id, 'd-unknown']) {
        const call = box.call(id === device.id ? other : caller);
        assert.equal(await codeOf(() => handlers['alerts.remove-device']({ id }, call)), 'no-such-device');
        assert.equal(await codeOf(() => handlers['alerts.change-device']({ id }, call)), 'no-such-device');
      }
      const chosen = { id: device.id, rules: ['gate', 'gate'] };
      assert.deepEqual(await handlers['alerts.change-device'](chosen, box.call(caller)), {
        ...device,
        rules: ['gate'],
      });
      assert.deepEqual(await handlers['alerts.change-device']({ id: device.id }, box.call(caller)), device);
      await box.restart();
      assert.deepEqual(await devicesOf(caller), [device.id]);
      await box.accounts.handlers['alerts.remove-device']({ id: device.id }, box.call(caller));
      assert.deepEqual(await devicesOf(caller), []);
      assert.deepEqual(
        box.actions().filter((action) => action.startsWith('user.device')),
        ['user.device-added', 'user.device-changed', 'user.device-changed', 'user.device-removed'],
      );
    }));

  test('stays when its session expires', () =>
    withDevice(async (box, { device }, devicesOf) => {
      box.clock.advanceBy(100 * 86_400_000);
      const { caller } = await box.login('olga');
      assert.deepEqual(await devicesOf(caller), [device.id]);
    }));

  for (const [what, end] of [
    ['its session is ended', (box, { caller }) => box.accounts.handlers['auth.logout']({}, box.call(caller))],
    [
      'the password is changed in another session',
      async (box) => {
        const { caller } = await box.login('olga');
        const passwords = { oldPassword: goodPassword, newPassword: 'ein anderer Satz reicht auch' };
        await box.accounts.handlers['auth.change-password'](passwords, box.call(caller));
      },
    ],
    [
      'an administrator ends all sessions',
      (box, { id }) => box.accounts.handlers['users.end-sessions']({ id }, box.call(atTheBox)),
    ],
    [
      'the account is disabled',
      (box, { id }) => box.accounts.handlers['users.change']({ id, isDisabled: true }, box.call(atTheBox)),
    ],
    [
      'the account is removed',
      (box, { id }) => box.accounts.handlers['users.remove']({ id }, box.call(atTheBox)),
    ],
  ] as const satisfies readonly (readonly [
    string,
    (box: AccountsFixture, user: { readonly id: string; readonly caller: Caller }) => unknown,
  ])[]) {
    test(`goes when ${what}`, () =>
      withDevice(async (box, user) => {
        assert.equal(box.accounts.devices.wanting(alertMessageOf()).length, 1);
        await end(box, user);
        assert.deepEqual(box.accounts.devices.wanting(alertMessageOf()), []);
      }));
  }
});

test('the text of a push is cut to what fits', () => {
  const long = {
    id: '019cad8f-65c1-76e5-8bb3-dc7c7e384ded',
    subject: 'ü'.repeat(5000),
    text: '山'.repeat(5000),
  };
  const bytes = pushedText(long);
  assert.ok(bytes.length <= mostPushBytes && bytes.length > 2000, `${bytes.length}`);
  assert.match(JSON.parse(bytes.toString()).text, /^山+…$/);
});
