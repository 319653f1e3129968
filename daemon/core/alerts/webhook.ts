import { createHmac } from 'node:crypto';
import type { AlertsConfig } from '../../contract/settings/schema.js';
import type { AlertMessage } from '../../kernel/alerts/alert-message.js';
import { camerasOf } from '../../kernel/alerts/occurrence-watch.js';
import type { Clock } from '../../kernel/clock.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { refusal } from '../../words/errors.js';
import type { AlertChannel, ChannelContext } from './channel.js';
import { explainAnswer, type HttpAnswer, type HttpPost, outcomeOf, postOnce } from './http-post.js';
import { withoutLineEnd } from './secret-text.js';

export type WebhookConfig = AlertsConfig['webhooks'][number];

/** From the name lookup to the status of the answer. */
const limitMs = 15_000;
export const smallestSecretBytes = 16;

/** Posts signed alerts. */
export function openWebhook(config: WebhookConfig, context: ChannelContext, clock: Clock): AlertChannel {
  const { id } = config;
  const server = serverOf(config);
  return {
    id,
    kind: 'webhook',
    send(message, signal) {
      const body = webhookBody(message, context.identity);
      const given = { body, idempotencyKey: message.id, limitMs, signal };
      const explain = (answer: HttpAnswer) => explainAnswer(answer, server, 'webhook');
      return outcomeOf(server, explain, () => postSigned(config, given, context, clock));
    },
  };
}

const serverOf = ({ id, url }: WebhookConfig): string => `webhook ${id} (${new URL(url).host})`;

export interface SignedPost extends Pick<HttpPost, 'limitMs' | 'signal'> {
  /** JSON. */
  readonly body: string;
  /** Equal for repetitions of the same message. */
  readonly idempotencyKey: string;
}

/** Posts a signed body. Rejects with the reason why it could not be posted. */
export async function postSigned(
  config: WebhookConfig,
  { body, idempotencyKey, limitMs, signal }: SignedPost,
  { version, bounds, openSecret }: Pick<ChannelContext, 'version' | 'bounds' | 'openSecret'>,
  clock: Clock,
): Promise<HttpAnswer> {
  const timestamp = String(Math.floor(clock.wallMs() / 1000));
  const headers = {
    'content-type': 'application/json',
    'user-agent': `rollcall/${version}`,
    'idempotency-key': idempotencyKey,
    'rollcall-timestamp': timestamp,
    'rollcall-signature': await signatureOf(config, openSecret, timestamp, body),
  };
  const { caFile } = config;
  const [url, server] = [new URL(config.url), serverOf(config)];
  return postOnce({ url, server, caFile, headers, body, limitMs, signal, bounds }, clock);
}

async function signatureOf(
  { id, secret: name }: WebhookConfig,
  openSecret: ChannelContext['openSecret'],
  timestamp: string,
  body: string,
): Promise<string> {
  const bytes = await openSecret(name);
  try {
    const secret = withoutLineEnd(bytes);
    if (secret.length < smallestSecretBytes) throw refusal('webhook-secret-short', { id, name });
    return webhookSignature(secret, timestamp, body);
  } finally {
    bytes.fill(0);
  }
}

/** The posted JSON, documented in docs/reference/alerts.md. Within one `version` only new fields are added. */
export function webhookBody(message: AlertMessage, { siteId, boxId }: BoxIds): string {
  const { id, atMs, phase, rule, on, severity, subject, text, parts } = message;
  return JSON.stringify({
    version: 1,
    id,
    time: isoTime(atMs),
    site: siteId,
    box: boxId,
    phase,
    rule,
    on,
    severity,
    subject,
    text,
    parts: parts.map((part) => ({
      camera: part.cameraId,
      cameraName: part.cameraName,
      cameras: camerasOf(part),
      strangers: part.strangers ?? [],
      count: part.count,
      from: isoTime(part.fromMs),
      to: part.untilMs === null ? null : isoTime(part.untilMs),
      code: part.code,
      about: part.about ?? [],
      worse: part.isWorse === true,
      firstSequence: part.firstSequence,
      lastSequence: part.lastSequence,
    })),
  });
}

/** `v1=` and the HMAC-SHA256 (RFC 2104) of `<timestamp>.<body>`, hexadecimal. */
export function webhookSignature(secret: Uint8Array, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}
