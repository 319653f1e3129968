import { type IncomingMessage, request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import { readAuthorities } from '../../host/certificate-authorities.js';
import { asLine } from '../../kernel/alerts/alert-template.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';
import type { SendOutcome } from './channel.js';
import { channelError, explainSocketError, failedForNow, refusedForGood } from './channel-errors.js';
import { withDeadline } from './deadline.js';
import { type Bounds, connectionWithin } from './reachable-server.js';

/** A request to one server. It does not follow redirects. */
export interface HttpPost {
  readonly url: URL;
  /** The server in errors: its name and port, without path, user or password. */
  readonly server: string;
  readonly caFile?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** From the name lookup to the status of the answer. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly bounds: Bounds;
}

export interface HttpAnswer {
  readonly status: number;
  /** What the server says about a refusal, if it says it as text or JSON; one line. Empty for a success, which is not read. */
  readonly says: string;
}

/** More of an answer is not read. */
const mostAnswerBytes = 1024;

/** Posts once, over its own connection. Rejects with the reason why it could not be posted. */
export async function postOnce(post: HttpPost, clock: Clock): Promise<HttpAnswer> {
  const { url, server, caFile, headers, body, limitMs, signal, bounds } = post;
  const options: RequestOptions = {
    ...(caFile === undefined ? {} : { ca: await readAuthorities(caFile, `caFile of ${server}`) }),
    ...connectionWithin(url.hostname, bounds),
    ...{ headers, minVersion: 'TLSv1.2', rejectUnauthorized: true },
  };
  const late = (): Error => channelError('silent', server);
  return withDeadline({ clock, limitMs, signal, late }, (limited) =>
    send(url, { ...options, signal: limited }, body),
  );
}

function send(url: URL, options: RequestOptions, body: HttpPost['body']): Promise<HttpAnswer> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const onAnswer = (response: IncomingMessage): void => {
      response.on('error', () => undefined);
      const { statusCode: status = 0 } = response;
      const isRead = status >= 400 && isReadable(response);
      void (isRead ? startOf(response) : Promise.resolve('')).then((says) => {
        response.destroy();
        resolve({ status, says: withoutPath(says, url) });
      });
    };
    const sent = request(url, { ...options, method: 'POST', agent: false }, onAnswer);
    // After the answer, the promise is settled and an error of the connection has no effect.
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Path and query may be secrets, and some servers repeat them. */
function withoutPath(says: string, { pathname, search }: URL): string {
  const hidden = [pathname + search, pathname, search].filter((part) => part.length > 1);
  return hidden.reduce((text, part) => text.replaceAll(part, '…'), says);
}

const isReadable = ({ headers }: IncomingMessage): boolean =>
  /^(?:text\/plain|application\/(?:[\w.+-]+\+)?json)\b/i.test(headers['content-type'] ?? '');

async function startOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes >= mostAnswerBytes) break;
    }
  } catch {
    // The status counts, and as much of the text as has come.
  }
  return asLine(Buffer.concat(chunks).subarray(0, mostAnswerBytes).toString('utf8'));
}

/** What became of an alert that is posted, or why it could not be posted. */
export async function outcomeOf(
  server: string,
  explain: (answer: HttpAnswer) => SendOutcome,
  post: () => Promise<HttpAnswer>,
): Promise<SendOutcome> {
  try {
    return explain(await post());
  } catch (error) {
    if (isRollcallError(error) && error.kind === 'defect') throw error;
    return failedForNow(explainSocketError(reasonOf(error), server));
  }
}

/** The reason of an aborted request, or the error itself. */
function reasonOf(error: unknown): unknown {
  return error instanceof Error && error.name === 'AbortError' && error.cause !== undefined
    ? error.cause
    : error;
}

/** 408 and 429 are temporary (RFC 9110 section 15.5.9, RFC 6585 section 4); other refusals would repeat. */
const temporary = new Set([408, 429]);

const byService = { redirected: 'service-redirected', unavailable: 'service-unavailable' } as const;

/** The errors about the answers of each kind of server. */
const answerErrors = {
  webhook: {
    redirected: 'webhook-redirected',
    refused: 'webhook-refused:alert',
    unavailable: 'webhook-unavailable',
  },
  ntfy: { ...byService, refused: 'service-refused:ntfy' },
  telegram: { ...byService, refused: 'service-refused:telegram' },
  sms: { ...byService, refused: 'service-refused:sms' },
  push: { ...byService, refused: 'service-refused:push' },
} as const;

/** A kind of server that takes alerts over HTTP. */
export type HttpKind = keyof typeof answerErrors;

/** What an answer means. */
export function explainAnswer(
  { status, says: answered }: HttpAnswer,
  server: string,
  kind: HttpKind,
): SendOutcome {
  if (status >= 200 && status < 300) return { outcome: 'delivered', note: null };
  const { redirected, refused, unavailable } = answerErrors[kind];
  const values = { server, status, answered: answered === '' ? '' : `: ${answered}` };
  const details = { status };
  if (status >= 300 && status < 400) return refusedForGood(failure(redirected, values, { details }));
  if (status >= 400 && status < 500 && !temporary.has(status))
    return refusedForGood(failure(refused, values, { details }));
  return failedForNow(failure(unavailable, values, { details, retryable: true }));
}
