import type { AlertMessage } from '../../kernel/alerts/alert-message.js';
import type { Clock } from '../../kernel/clock.js';
import { refusal } from '../../words/errors.js';
import type { AlertChannel, ChannelContext } from './channel.js';
import { explainAnswer, type HttpAnswer, type HttpKind, outcomeOf, postOnce } from './http-post.js';
import { isHeaderText, withoutLineEnd } from './secret-text.js';

/** What a service takes as one alert. */
interface ServiceRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A service with its own form of requests, which passes alerts on to people. */
export interface AlertService {
  readonly id: string;
  readonly kind: HttpKind;
  /** The host of the server, for errors. */
  readonly host: string;
  readonly caFile?: string | undefined;
  /** The name of the secret; undefined: none is sent. */
  readonly credential: string | undefined;
  /** `secret`: empty without a credential. */
  readonly request: (message: AlertMessage, secret: string) => ServiceRequest;
}

/** From the name lookup to the status of the answer. */
const limitMs = 15_000;

/** Posts alerts to a service. It gets subject and text: no pictures, no IDs of people, and no names of people. */
export function openService(service: AlertService, context: ChannelContext, clock: Clock): AlertChannel {
  const { id, kind, host, caFile, credential, request } = service;
  const server = `${kind} ${id} (${host})`;
  const { bounds, version, openSecret } = context;
  return {
    id,
    kind,
    send(message, signal) {
      const explain = (answer: HttpAnswer) => explainAnswer(answer, server, kind);
      return outcomeOf(server, explain, async () => {
        const secret = credential === undefined ? '' : textOf(server, await openSecret(credential));
        const { url, headers, body } = request(message, secret);
        const all = { ...headers, 'user-agent': `rollcall/${version}` };
        const answer = await postOnce(
          { url, server, caFile, headers: all, body, limitMs, signal, bounds },
          clock,
        );
        return secret === '' ? answer : { ...answer, says: withoutSecret(answer.says, secret) };
      });
    },
  };
}

/** Some servers repeat what they refuse: the secret, the header of a login, or the part of the secret behind the user. */
function withoutSecret(says: string, secret: string): string {
  const hidden = [secret, Buffer.from(secret).toString('base64'), secret.slice(secret.indexOf(':') + 1)];
  return hidden.filter((part) => part !== '').reduce((text, part) => text.replaceAll(part, '…'), says);
}

function textOf(server: string, bytes: Buffer): string {
  try {
    const text = Buffer.from(withoutLineEnd(bytes)).toString('utf8');
    if (!isHeaderText(text)) throw refusal('channel-secret-form', { server });
    return text;
  } finally {
    bytes.fill(0);
  }
}
