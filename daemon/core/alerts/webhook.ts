import { createHmac } from 'node:crypto';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import type { AlertsConfig } from '../../contract/settings/schema.js';
import { readAuthorities } from '../../host/certificate-authorities.js';
import { openCredential } from '../../host/credentials.js';
import type { AlertMessage } from '../../kernel/alerts/alert-message.js';
import { camerasOf } from '../../kernel/alerts/occurrence-watch.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError, operational } from '../../kernel/errors.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { refusal } from '../../words/errors.js';
import type { AlertChannel, ChannelContext, SendOutcome } from './channel.js';
import { channelError, explainSocketError, failedForNow, refusedForGood } from './channel-errors.js';
import { withDeadline } from './deadline.js';

export type WebhookConfig = AlertsConfig['webhooks'][number];

/** From the name lookup to the status of the answer. */
const limitMs = 15_000;
const smallestSecretBytes = 16;

/** Posts signed alerts. Does not follow redirects, and reads only the status of the answer. */
export function openWebhook(config: WebhookConfig, context: ChannelContext, clock: Clock): AlertChannel {
  const { id } = config;
  const server = serverOf(config);
  return {
    id,
    kind: 'webhook',
    async send(message, signal) {
      try {
        const body = webhookBody(message, context.identity);
        const given = { body, idempotencyKey: message.id, limitMs, signal };
        return outcomeOf(await postSigned(config, given, context, clock), server);
      } catch (error) {
        if (isRollcallError(error) && error.kind === 'defect') throw error;
        return failedForNow(explainSocketError(reasonOf(error), server));
      }
    },
  };
}

const serverOf = ({ id, url }: WebhookConfig): string => `webhook ${id} (${new URL(url).host})`;

export interface SignedPost {
  /** JSON. */
  readonly body: string;
  /** Equal for repetitions of the same message. */
  readonly idempotencyKey: string;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** Posts a signed body and resolves with the status of the answer. Rejects with the reason why it could not be posted. */
export async function postSigned(
  config: WebhookConfig,
  { body, idempotencyKey, limitMs, signal }: SignedPost,
  context: Pick<ChannelContext, 'secretsDirectory' | 'version'>,
  clock: Clock,
): Promise<number> {
  const timestamp = String(Math.floor(clock.wallMs() / 1000));
  const headers = {
    'content-type': 'application/json',
    'user-agent': `rollcall/${context.version}`,
    'idempotency-key': idempotencyKey,
    'rollcall-timestamp': timestamp,
    'rollcall-signature': await signatureOf(config, context, timestamp, body),
  };
  const tls = await tlsOptions(config);
  const late = (): Error => channelError('silent', serverOf(config));
  return withDeadline({ clock, limitMs, signal, late }, (limited) =>
    post(new URL(config.url), { ...tls, headers, signal: limited }, body),
  );
}

async function signatureOf(
  { id, secret: name }: WebhookConfig,
  { secretsDirectory }: Pick<ChannelContext, 'secretsDirectory'>,
  timestamp: string,
  body: string,
): Promise<string> {
  const secret = await openCredential(name, { secretsDirectory });
  try {
    // Editors add a line end to a file; the receiver uses the secret without it.
    const length = endOfSecret(secret);
    if (length < smallestSecretBytes) {
      throw refusal('webhook-secret-short', { id, name });
    }
    return webhookSignature(secret.subarray(0, length), timestamp, body);
  } finally {
    secret.fill(0);
  }
}

function endOfSecret(secret: Uint8Array): number {
  const [beforeLast, last] = secret.subarray(-2);
  if (secret.at(-1) !== 0x0a) return secret.length;
  return secret.length - (beforeLast === 0x0d && last === 0x0a ? 2 : 1);
}

/** Certificates and their host names are always checked. */
async function tlsOptions({ id, caFile }: WebhookConfig): Promise<RequestOptions> {
  return {
    ...(caFile === undefined ? {} : { ca: await readAuthorities(caFile, `caFile of webhook ${id}`) }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  };
}

/** Resolves with the status of the answer. Uses its own connection and closes it. */
function post(url: URL, options: RequestOptions, body: string): Promise<number> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const onAnswer = (response: IncomingMessage): void => {
      response.on('error', reject);
      resolve(response.statusCode ?? 0);
      response.destroy();
    };
    const sent = request(url, { ...options, method: 'POST', agent: false }, onAnswer);
    // After the answer, the promise is settled and an error of the connection has no effect.
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The reason of an aborted request, or the error itself. */
function reasonOf(error: unknown): unknown {
  return error instanceof Error && error.name === 'AbortError' && error.cause !== undefined
    ? error.cause
    : error;
}

/** 408 and 429 are temporary (RFC 9110 section 15.5.9, RFC 6585 section 4); other refusals would repeat. */
const temporary = new Set([408, 429]);

function outcomeOf(status: number, server: string): SendOutcome {
  if (status >= 200 && status < 300) return { outcome: 'delivered', note: null };
  const says = `${server}: it answered with HTTP status ${status}`;
  if (status >= 300 && status < 400) {
    const remedy = 'Set url to the address of the redirect; redirects are not followed.';
    return refusedForGood(operational('webhook-redirected', says, { remedy, details: { status } }));
  }
  if (status >= 400 && status < 500 && !temporary.has(status)) {
    const remedy = 'Check url, and that the receiver has the same secret. Read the log of the receiver.';
    return refusedForGood(operational('webhook-refused', says, { remedy, details: { status } }));
  }
  const remedy = 'Read the log of the receiver. The box sends the alert again automatically.';
  return failedForNow(
    operational('webhook-unavailable', says, { remedy, details: { status }, retryable: true }),
  );
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
