import { type IncomingMessage, request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import type { Clock } from '../../base/clock.js';
import { badInput, isRollcallError, operational } from '../../base/errors.js';
import type { AlertsConfig } from '../../config/schema.js';
import { readAuthorities } from '../../host/certificate-authorities.js';
import { openCredential } from '../../host/credentials.js';
import type { AlertChannel, ChannelContext, SendOutcome } from './channel.js';
import { channelError, explainSocketError, failedForNow, refusedForGood } from './channel-errors.js';
import { withDeadline } from './deadline.js';
import { webhookBody, webhookSignature } from './webhook-body.js';

export type WebhookConfig = AlertsConfig['webhooks'][number];

/** From the first look-up of the name to the status of the answer. */
const limitMs = 15_000;
const smallestSecretBytes = 16;

/** Posts alerts, signed. Redirects are not followed, and of an answer nothing but its status is read. */
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
  /** The same for what is the same message. */
  readonly idempotencyKey: string;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** Posts a body, signed, and resolves with the status of the answer. Rejects with what keeps it from being posted. */
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
    // Editors end a file with a line end; the receiver has the secret without it.
    const length = endOfSecret(secret);
    if (length < smallestSecretBytes) {
      throw badInput('webhook-secret-short', `the secret of webhook ${id} has fewer than 16 bytes`, {
        remedy: `write a long random one into the secret "${name}", such as 'openssl rand -hex 32' makes`,
      });
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

/** Certificates are always checked, and so is that they are made for the host. */
async function tlsOptions({ id, caFile }: WebhookConfig): Promise<RequestOptions> {
  return {
    ...(caFile === undefined ? {} : { ca: await readAuthorities(caFile, `caFile of webhook ${id}`) }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  };
}

/** Resolves with the status of the answer. A connection of its own, which ends with it. */
function post(url: URL, options: RequestOptions, body: string): Promise<number> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const onAnswer = (response: IncomingMessage): void => {
      response.on('error', reject);
      resolve(response.statusCode ?? 0);
      response.destroy();
    };
    const sent = request(url, { ...options, method: 'POST', agent: false }, onAnswer);
    // After the answer this is only how the connection ended: the promise is settled.
    sent.on('error', reject);
    sent.end(body);
  });
}

/** What an aborted request was aborted for. */
function reasonOf(error: unknown): unknown {
  return error instanceof Error && error.name === 'AbortError' && error.cause !== undefined
    ? error.cause
    : error;
}

/** 408 and 429 ask for patience (RFC 9110 section 15.5.9, RFC 6585 section 4); other refusals would come again. */
const passing = new Set([408, 429]);

function outcomeOf(status: number, server: string): SendOutcome {
  if (status >= 200 && status < 300) return { outcome: 'delivered', note: null };
  const says = `${server}: it answered with HTTP status ${status}`;
  if (status >= 300 && status < 400) {
    const remedy = 'Write the address that it redirects to as url: redirects are not followed.';
    return refusedForGood(operational('webhook-redirected', says, { remedy, details: { status } }));
  }
  if (status >= 400 && status < 500 && !passing.has(status)) {
    const remedy = 'Check url, and that the receiver has the same secret; its log says why it refuses.';
    return refusedForGood(operational('webhook-refused', says, { remedy, details: { status } }));
  }
  const remedy = 'Look at the log of the receiver; alerts are sent again by themselves.';
  return failedForNow(
    operational('webhook-unavailable', says, { remedy, details: { status }, retryable: true }),
  );
}
