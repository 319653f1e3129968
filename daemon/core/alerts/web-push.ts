import type { AlertsConfig } from '../../contract/settings/schema.js';
import { encryptPush, mostPushBytes } from '../../host/web-push.js';
import type { AlertMessage } from '../../kernel/alerts/alert-message.js';
import { pushAddress } from '../../kernel/alerts/push-host.js';
import type { Clock } from '../../kernel/clock.js';
import { counted } from '../../kernel/counted.js';
import type { AlertChannel, ChannelContext, SendOutcome } from './channel.js';
import { explainAnswer, outcomeOf, postOnce } from './http-post.js';

/** From the name lookup to the status of the answer. */
const limitMs = 15_000;
/** So long a push service keeps an alert for a device that is switched off, in seconds: as long as the box tries to send it. */
const keptS = 24 * 3600;

/** A browser of a user that shows alerts. */
export interface PushDevice {
  readonly id: string;
  readonly userId: string;
  readonly endpoint: string;
  readonly p256dh: Uint8Array;
  readonly auth: Uint8Array;
}

/** The devices of the users of the box. */
export interface PushDevices {
  /** Those that do not have the alert yet. */
  wanting(message: AlertMessage): readonly PushDevice[];
  /** The header with which the box shows a push service who it is. */
  authorization(origin: string, contact: string): string;
  sent(id: string, message: AlertMessage): void;
  gone(device: PushDevice): void;
}

export interface PushContext extends ChannelContext {
  /** The networks besides the Internet in which a push service may be (`api.channelNetworks`, CIDR). */
  readonly networks: readonly string[];
  readonly devices: PushDevices;
}

type DeviceOutcome = SendOutcome | { readonly outcome: 'gone' };

/** Pushes alerts to the browsers of users, encrypted for each: push services learn when and how much, but not what. */
export function openPush(
  { id, contact, hosts, caFile }: AlertsConfig['push'][number],
  { version, networks, devices }: PushContext,
  clock: Clock,
): AlertChannel {
  const sendOne = async (
    device: PushDevice,
    message: AlertMessage,
    signal: AbortSignal,
  ): Promise<DeviceOutcome> => {
    const url = pushAddress(device.endpoint, hosts);
    // Its host is no longer allowed, or another channel pushes there.
    if (url === undefined) return { outcome: 'delivered', note: null };
    const server = `push ${id} (${url.host})`;
    const headers = {
      authorization: devices.authorization(url.origin, contact),
      'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream',
      ttl: String(keptS),
      urgency: message.severity === 'info' ? 'normal' : 'high',
      // Of several with the same topic, a push service keeps the last one (RFC 8030 section 5.4).
      topic: message.id.replaceAll('-', ''),
      'user-agent': `rollcall/${version}`,
    };
    const body = encryptPush(pushedText(message), device);
    let isGone = false;
    const outcome = await outcomeOf(
      server,
      (answer) => explainAnswer(answer, server, 'push'),
      async () => {
        const bounds = { publicOr: networks };
        const answer = await postOnce({ url, server, caFile, headers, body, limitMs, signal, bounds }, clock);
        isGone = answer.status === 404 || answer.status === 410;
        return answer;
      },
    );
    return isGone ? { outcome: 'gone' } : outcome;
  };
  return {
    id,
    kind: 'push',
    async send(message, signal) {
      const wanting = devices.wanting(message);
      const outcomes = await Promise.all(
        wanting.map(async (device) => {
          const sent = await sendOne(device, message, signal);
          if (sent.outcome === 'delivered') devices.sent(device.id, message);
          if (sent.outcome === 'gone') devices.gone(device);
          return sent;
        }),
      );
      return outcomeOfAll(outcomes.filter((each) => each.outcome !== 'gone'));
    },
  };
}

/** What became of an alert for all devices. While one of them may still get it, the alert is sent again to those without it. */
function outcomeOfAll(outcomes: readonly SendOutcome[]): SendOutcome {
  if (outcomes.length === 0) return { outcome: 'delivered', note: 'no device shows alerts of this rule' };
  const failed = outcomes.filter((each) => each.outcome === 'failed');
  const later = failed.find(({ isFinal }) => !isFinal);
  if (later !== undefined) return later;
  const [refused] = failed;
  if (refused === undefined) return { outcome: 'delivered', note: null };
  if (failed.length === outcomes.length) return refused;
  return {
    outcome: 'delivered',
    note: `refused for ${failed.length} of ${counted(outcomes.length, 'device')}`,
  };
}

/** What the service worker of the console shows (daemon/console/service-worker.mjs). The text is cut to what fits. */
export function pushedText({ id, subject, text }: Pick<AlertMessage, 'id' | 'subject' | 'text'>): Buffer {
  for (let length = text.length; ; length = Math.floor(length * 0.9)) {
    const shown = length < text.length ? `${text.slice(0, length)}…` : text;
    const bytes = Buffer.from(JSON.stringify({ id, subject: subject.slice(0, 300), text: shown }));
    if (bytes.length <= mostPushBytes) return bytes;
  }
}
