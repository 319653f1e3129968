import { isIP } from 'node:net';
import { z } from 'zod';
import { pushHosts } from '../../kernel/alerts/push-host.js';
import { whenObject } from './cross-checks.js';
import { credentialName, slugField, urlField } from './scalars.js';
import { field } from './setting-field.js';

/** True for addresses of this machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

const channelId = field(
  slugField,
  'live',
  'Name of the channel in rules and in the history. Each channel has its own.',
);

const caFile = field(
  z.string().startsWith('/', { error: 'must be an absolute path' }).exactOptional(),
  'live',
  'File with the certificates (PEM) of the authorities that the box trusts for this server. Absent: those of the system.',
);

/** Plain HTTP is allowed to this machine only: alerts must not be readable on the network. */
const alertUrl = (insteadOfUser?: string): z.ZodString =>
  urlField(['https', 'http'], 'the address', insteadOfUser).superRefine((text, context) => {
    if (!URL.canParse(text)) return;
    const { protocol, hostname } = new URL(text);
    if (protocol !== 'http:' || isLoopback(hostname)) return;
    context.addIssue({
      code: 'custom',
      message: 'must begin with https://: without TLS, others on the network could read and change alerts',
      params: {
        remedy: 'Use https://; http:// is allowed only for servers on this machine (127.0.0.1, localhost).',
      },
    });
  });

const webhookUrl = alertUrl(
  'remove "user:password@"; the receiver checks the signature of the requests ("secret") instead',
);

/** The settings of a receiver of signed requests; `what` is posted there. */
export const signedPostFields = (what: string) => ({
  url: field(webhookUrl, 'live', `URL that ${what} are posted to, as JSON. Redirects are not followed.`),
  secret: field(
    credentialName,
    'live',
    'Name of the secret that signs the requests (HMAC-SHA256). It has at least 16 bytes, and the receiver has the same.',
  ),
  caFile,
});

export function refuseCaFileWithoutTls(
  webhook: { readonly url: string; readonly caFile?: string } | null | undefined,
  context: z.RefinementCtx,
): void {
  if (webhook?.caFile === undefined || !/^http:/i.test(String(webhook.url))) return;
  context.addIssue({
    code: 'custom',
    path: ['caFile'],
    message: 'has no effect without TLS',
    params: { remedy: 'Use https:// in url, or remove this line.' },
  });
}

export const webhookSchema = z
  .strictObject({ id: channelId, ...signedPostFields('alerts') })
  .superRefine(refuseCaFileWithoutTls, whenObject);

/** One bare address (RFC 5321 section 4.1.2, without quoted forms): no display name, no list, no line end. */
const mailAddress = z
  .string()
  .max(254)
  .regex(
    /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
    {
      error: 'must be one e-mail address, such as "guard@example.org"',
    },
  );

const hostName = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

const mailHost = z
  .string()
  .refine((host) => host.length <= 253 && (isIP(host) !== 0 || hostName.test(host)), {
    error: 'must be the host name or IP address of a server, such as "mail.example.org"',
  });

export const emailSchema = z
  .strictObject({
    id: channelId,
    host: field(mailHost, 'live', 'Mail server that accepts messages from this box (SMTP submission).'),
    port: field(
      z.int().min(1).max(65_535).exactOptional(),
      'live',
      'Port of the mail server. Absent: 587 for `starttls`, 465 for `implicit`, 25 for `none`.',
    ),
    tls: field(
      z.enum(['starttls', 'implicit', 'none']).default('starttls'),
      'live',
      'How the connection is protected. `starttls` connects without TLS and requires TLS before it sends a message or password. `implicit` uses TLS from the first byte. `none` is allowed only for a server on this machine. Certificates are always checked.',
    ),
    credential: field(
      credentialName.exactOptional(),
      'live',
      'Name of the secret that holds `user:password` for the mail server. Absent: the box sends no login.',
    ),
    caFile,
    from: field(mailAddress, 'live', 'Sender address of the messages.'),
    to: z
      .array(field(mailAddress, 'live', 'Addresses that receive the messages.'))
      .min(1)
      .max(20),
  })
  .superRefine((email, context) => {
    if (email?.tls !== 'none') return;
    if (email.caFile !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['caFile'],
        message: 'has no effect without TLS',
        params: { remedy: 'Set tls to starttls or implicit, or remove this line.' },
      });
    }
    if (isLoopback(String(email.host))) return;
    context.addIssue({
      code: 'custom',
      path: ['tls'],
      message: 'must not be none: without TLS, others on the network could read messages and password',
      params: {
        remedy: 'Use "starttls" or "implicit"; "none" is allowed only for a mail server on this machine.',
      },
    });
  }, whenObject);

export const ntfySchema = z
  .strictObject({
    id: channelId,
    url: field(
      alertUrl().refine((text) => !URL.canParse(text) || /\/[-\w]{1,64}\/?$/.test(new URL(text).pathname), {
        error: 'must end with a topic, such as "https://ntfy.example.org/rollcall-k3v9x2"',
      }),
      'live',
      'Topic of an ntfy server, such as `https://ntfy.example.org/rollcall-k3v9x2`. Without access control, whoever knows the topic can read the alerts.',
    ),
    credential: field(
      credentialName.exactOptional(),
      'live',
      'Name of the secret that holds the access token of ntfy. Absent: the box sends none.',
    ),
    caFile,
  })
  .superRefine(refuseCaFileWithoutTls, whenObject);

export const telegramSchema = z
  .strictObject({
    id: channelId,
    chat: field(
      z.string().regex(/^(?:-?\d{1,20}|@\w{5,32})$/, {
        error:
          'must be the number of a chat, such as "-1001234567890", or the name of a channel, such as "@alerts"',
      }),
      'live',
      'Chat that receives the alerts: its number as text, or the name of a public channel with `@`.',
    ),
    credential: field(credentialName, 'live', 'Name of the secret that holds the token of the bot.'),
    url: field(
      alertUrl().default('https://api.telegram.org/'),
      'live',
      'Server of the Bot API, if you run your own.',
    ),
    caFile,
  })
  .superRefine(refuseCaFileWithoutTls, whenObject);

const phoneNumber = /^\+[1-9]\d{6,14}$/;

export const smsSchema = z
  .strictObject({
    id: channelId,
    url: field(
      alertUrl(),
      'live',
      'Address of the gateway that takes text messages as Twilio does, such as `https://api.twilio.com/2010-04-01/Accounts/AC…/Messages.json`.',
    ),
    credential: field(
      credentialName,
      'live',
      'Name of the secret that holds the login of the gateway, `user:password`.',
    ),
    from: field(
      z.string().refine((text) => phoneNumber.test(text) || /^[A-Za-z0-9 ]{1,11}$/.test(text), {
        error: 'must be a number such as "+498912345678", or up to 11 letters and digits',
      }),
      'live',
      'Sender: a number or a name that the gateway allows.',
    ),
    number: field(
      z.string().regex(phoneNumber, { error: 'must be a number such as "+498912345678"' }),
      'live',
      'Phone number that receives the messages, with `+` and country code.',
    ),
    caFile,
  })
  .superRefine(refuseCaFileWithoutTls, whenObject);

export const pushSchema = z.strictObject({
  id: channelId,
  contact: field(
    mailAddress,
    'live',
    'E-mail address of the owner of the box. Push services get it with every alert, and write to it if the box sends too much.',
  ),
  hosts: z
    .array(
      field(
        z.string().regex(/^(?:\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/, {
          error:
            'must be a host in lower-case letters, such as "push.example.org", or "*.example.org" for all hosts below it',
        }),
        'live',
        'Hosts of push services that the box may post to. A browser names its own; users whose browser names another cannot turn on alerts. Default: those of Google, Mozilla, Apple, and Microsoft.',
      ),
    )
    .min(1)
    .max(20)
    .default([...pushHosts]),
  caFile,
});
