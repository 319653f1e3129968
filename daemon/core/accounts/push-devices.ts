import { createHash } from 'node:crypto';
import type { AlertDevice, alertDeviceOperations } from '../../contract/alert-devices.js';
import type { Call, Handlers } from '../../contract/handlers.js';
import { isPushKey } from '../../host/web-push.js';
import type { AlertMessage } from '../../kernel/alerts/alert-message.js';
import { pushAddress } from '../../kernel/alerts/push-host.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { type AccountsContext, changeAudited, entryOf, noteUse, scopesOf } from './accounts-context.js';
import { ownAccount } from './auth-handlers.js';
import type { PushDeviceRow } from './push-devices-store.js';
import { readCameras } from './users-store.js';

/** Devices of one account. */
export const mostDevices = 10;
/** Devices of all accounts: an alert goes to all of them within a minute. */
export const mostDevicesOfBox = 200;
/** Alerts of which the box remembers who has them, until it starts again. */
const mostServed = 100;

type DevicesContext = Pick<
  AccountsContext,
  'database' | 'users' | 'devices' | 'audit' | 'clock' | 'logger' | 'keys'
>;

/** The devices of users that show alerts, for the channel that sends them. */
export class PushDevices {
  readonly #context: DevicesContext;
  /** By alert, the devices that have it: while one device waits for a retry, the others must not show the alert again. */
  readonly #served = new Map<string, Set<string>>();

  constructor(context: DevicesContext) {
    this.#context = context;
  }

  /**
   * The devices that show this alert and do not have it yet: their users may read it now, and chose its rule. A test goes to all who
   * may read alerts.
   */
  wanting({ id: alert, rule, phase, parts }: AlertMessage): readonly PushDeviceRow[] {
    const { devices, users } = this.#context;
    return devices.all().filter(({ id, userId, rules }) => {
      if (this.#served.get(alert)?.has(id) === true) return false;
      const user = users.byId(userId);
      if (user === undefined || user.isDisabled === 1 || user.mustChange === 1) return false;
      if (!scopesOf(this.#context, user).includes('alerts:read')) return false;
      const cameras = readCameras(user.cameras);
      const isForUser = parts.every(
        ({ cameraId }) => cameraId === null || cameras?.includes(cameraId) !== false,
      );
      return isForUser && (phase === 'test' || readRules(rules)?.includes(rule) !== false);
    });
  }

  authorization(origin: string, contact: string): string {
    const { keys, clock } = this.#context;
    return keys.vapid.authorization(origin, contact, clock.wallMs());
  }

  sent(id: string, { id: alert }: Pick<AlertMessage, 'id'>): void {
    const { devices, clock } = this.#context;
    const served = this.#served.get(alert) ?? new Set();
    this.#served.delete(alert);
    this.#served.set(alert, served.add(id));
    const [oldest = alert] = this.#served.keys();
    if (this.#served.size > mostServed) this.#served.delete(oldest);
    noteUse(this.#context, () => devices.sent(id, clock.wallMs()));
  }

  /** The push service no longer knows the device. */
  gone({ id, userId }: Pick<PushDeviceRow, 'id' | 'userId'>): void {
    const { database, devices, audit } = this.#context;
    database.transaction(() => {
      if (devices.remove(id) === 0) return;
      const by = { actor: 'daemon', origin: 'alerts' } as const;
      audit.append({ by, action: 'user.device-removed', subject: userId, details: { device: id } });
    });
  }
}

/** Users add, list, change and remove their devices. `hosts`: of push services; undefined where no channel pushes. */
export function pushDeviceHandlers(
  context: AccountsContext,
  hosts: () => readonly string[] | undefined,
): Handlers<typeof alertDeviceOperations> {
  const { devices, keys } = context;
  const change = (
    id: string,
    call: Call,
    action: 'user.device-changed' | 'user.device-removed',
    work: () => void,
  ): void =>
    changeAudited(context, () => {
      const { userId: subject } = requireDevice(context, id, call);
      work();
      return { result: undefined, entry: entryOf(call.caller, { action, subject, details: { device: id } }) };
    });
  return {
    'alerts.devices': (_, call) => ({
      devices: devices.ofUser(ownAccount(context, call).id).map(showDevice),
      ...present({ publicKey: hosts() === undefined ? undefined : keys.vapid.publicKey }),
    }),
    'alerts.add-device': (input, call) => addDevice(context, hosts(), input, call),
    'alerts.change-device'({ id, rules }, call) {
      change(id, call, 'user.device-changed', () => devices.change(id, storedRules(rules)));
      return showDevice(requireDevice(context, id, call));
    },
    'alerts.remove-device'({ id }, call) {
      change(id, call, 'user.device-removed', () => devices.remove(id));
      return { id };
    },
  };
}

function requireDevice(context: AccountsContext, id: string, call: Call): PushDeviceRow {
  const found = context.devices.ofUser(ownAccount(context, call).id).find((each) => each.id === id);
  if (found === undefined) throw refusal('no-such-device', {}, { details: { id } });
  return found;
}

function addDevice(
  context: AccountsContext,
  hosts: readonly string[] | undefined,
  input: Parameters<Handlers<typeof alertDeviceOperations>['alerts.add-device']>[0],
  call: Call,
): AlertDevice {
  const { devices, clock } = context;
  const { caller } = call;
  if (hosts === undefined) throw refusal('push-not-offered');
  const url = pushAddress(input.endpoint, hosts);
  if (url === undefined) throw refusal('push-service-refused', { hosts: hosts.join(', ') });
  const p256dh = Buffer.from(input.p256dh, 'base64url');
  if (!isPushKey(p256dh)) throw refusal('push-key-refused');
  const user = ownAccount(context, call);
  const row: PushDeviceRow = {
    id: `d-${createHash('sha256').update(input.endpoint).digest().toString('base64url', 0, 16)}`,
    ...{ userId: user.id, sessionId: caller.sessionId ?? '', endpoint: input.endpoint },
    ...{ p256dh, auth: Buffer.from(input.auth, 'base64url'), rules: storedRules(input.rules) },
    ...{ agent: caller.agent?.slice(0, 256) ?? null, createdAtMs: clock.wallMs(), lastSentAtMs: null },
  };
  return changeAudited(context, () => {
    const others = devices.all().filter(({ id }) => id !== row.id);
    if (others.filter(({ userId }) => userId === user.id).length >= mostDevices)
      throw refusal('too-many-devices:account', { most: mostDevices });
    if (others.length >= mostDevicesOfBox) throw refusal('too-many-devices:box', { most: mostDevicesOfBox });
    devices.put(row);
    const details = { device: row.id };
    return {
      result: showDevice(row),
      entry: entryOf(caller, { action: 'user.device-added', subject: user.id, details }),
    };
  });
}

function showDevice({ id, endpoint, rules, agent, createdAtMs, lastSentAtMs }: PushDeviceRow): AlertDevice {
  return {
    ...{ id, service: new URL(endpoint).host, createdAt: isoTime(createdAtMs) },
    ...present({
      agent: agent ?? undefined,
      rules: readRules(rules),
      lastSentAt: lastSentAtMs === null ? undefined : isoTime(lastSentAtMs),
    }),
  };
}

const storedRules = (rules: readonly string[] | undefined): string | null =>
  rules === undefined ? null : JSON.stringify([...new Set(rules)]);

function readRules(text: string | null): readonly string[] | undefined {
  if (text === null) return undefined;
  const given: unknown = JSON.parse(text);
  return Array.isArray(given) ? given.filter((each): each is string => typeof each === 'string') : [];
}
