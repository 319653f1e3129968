import type { AlertsConfig } from '../../contract/settings/schema.js';
import type { Clock } from '../../kernel/clock.js';
import type { Severity } from '../../kernel/severity.js';
import type { AlertChannel, ChannelContext } from './channel.js';
import { openService } from './service-channel.js';

const json = { 'content-type': 'application/json' } as const;

/** Of ntfy: from 1 to 5, where 3 is usual and 5 rings through silence. */
const priorities: Readonly<Record<Severity, number>> = { info: 3, warning: 4, critical: 5 };

/** Publishes to a topic of an ntfy server, as JSON: https://docs.ntfy.sh/publish/#publish-as-json. */
export function openNtfy(
  { id, url, caFile, credential }: AlertsConfig['ntfy'][number],
  context: ChannelContext,
  clock: Clock,
): AlertChannel {
  const [, root = '/', topic = ''] = /^(.*\/)([^/]+)\/?$/.exec(new URL(url).pathname) ?? [];
  return openService(
    {
      ...{ id, kind: 'ntfy', host: new URL(url).host, caFile, credential },
      request: ({ subject, text, severity, phase }, token) => ({
        url: new URL(root, url),
        headers: { ...json, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
        body: JSON.stringify({
          ...{ topic, title: subject, message: text },
          priority: phase === 'raised' ? priorities[severity] : priorities.info,
        }),
      }),
    },
    context,
    clock,
  );
}

/** Sends to a chat by a bot: https://core.telegram.org/bots/api#sendmessage. The address has the token of the bot. */
export function openTelegram(
  { id, url, chat, caFile, credential }: AlertsConfig['telegram'][number],
  context: ChannelContext,
  clock: Clock,
): AlertChannel {
  return openService(
    {
      ...{ id, kind: 'telegram', host: new URL(url).host, caFile, credential },
      request: ({ text, severity }, token) => ({
        url: new URL(`${url.replace(/\/+$/, '')}/bot${pathWord(token)}/sendMessage`),
        headers: json,
        body: JSON.stringify({
          ...{ chat_id: chat, text },
          link_preview_options: { is_disabled: true },
          disable_notification: severity === 'info',
        }),
      }),
    },
    context,
    clock,
  );
}

/** A token in a path, with its colon as it is. */
const pathWord = (token: string): string => encodeURIComponent(token).replaceAll('%3A', ':');

/** Sends the subject as a text message by a gateway that takes the requests of Twilio: https://www.twilio.com/docs/messaging/api. */
export function openSms(
  { id, url, from, number, caFile, credential }: AlertsConfig['sms'][number],
  context: ChannelContext,
  clock: Clock,
): AlertChannel {
  return openService(
    {
      ...{ id, kind: 'sms', host: new URL(url).host, caFile, credential },
      request: ({ subject }, login) => ({
        url: new URL(url),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Basic ${Buffer.from(login, 'utf8').toString('base64')}`,
        },
        body: new URLSearchParams({ To: number, From: from, Body: subject }).toString(),
      }),
    },
    context,
    clock,
  );
}
