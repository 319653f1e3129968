import { isIP } from 'node:net';
import { z } from 'zod';
import { field } from './field.js';
import { credentialName, slugField, urlField } from './scalars.js';

/** Whether what is sent there stays in this machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

const channelId = field(
  slugField,
  'live',
  'Name of the channel in rules and in the history. No other channel has it.',
);

const caFile = field(
  z.string().startsWith('/', { error: 'must be an absolute path' }).exactOptional(),
  'live',
  'Certificates (PEM) that the server is trusted by. Absent: those of the system.',
);

/** Alerts are not read by whoever listens on the way: plain HTTP goes no further than this machine. */
const webhookUrl = urlField(
  ['https', 'http'],
  'the address',
  'remove "user:password@": a receiver knows the box by the signature of its requests ("secret")',
).superRefine((text, context) => {
  if (!URL.canParse(text)) return;
  const { protocol, hostname } = new URL(text);
  if (protocol !== 'http:' || isLoopback(hostname)) return;
  context.addIssue({
    code: 'custom',
    message: 'must begin with https://: without TLS anybody on the way could read and change alerts',
    params: { remedy: 'use https://; http:// is for servers on this machine (127.0.0.1, localhost) only' },
  });
});

/** Of a receiver of signed requests; `what` is posted there. */
export const signedPostFields = (what: string) => ({
  url: field(webhookUrl, 'live', `Where ${what} are posted to, as JSON. Redirects are not followed.`),
  secret: field(
    credentialName,
    'live',
    'Name of the secret that requests are signed with (HMAC-SHA256): 16 bytes at least, the same at the receiver.',
  ),
  caFile,
});

export function refuseCaFileWithoutTls(
  webhook: { readonly url: string; readonly caFile?: string } | null | undefined,
  context: z.RefinementCtx,
): void {
  if (webhook?.caFile === undefined || !/^http:/i.test(String(webhook.url))) return;
  context.addIssue({ code: 'custom', path: ['caFile'], message: 'has no effect without TLS' });
}

/** Runs a check on what did not validate, too, so that all problems are told at once. */
export const whenObject = {
  when: ({ value }: { readonly value: unknown }): boolean => typeof value === 'object' && value !== null,
};

export const webhookSchema = z
  .strictObject({ id: channelId, ...signedPostFields('alerts') })
  .superRefine(refuseCaFileWithoutTls, whenObject);

/** An address and nothing else (RFC 5321 section 4.1.2, without quoted forms): no name, no list, no line end. */
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
    error: 'must be the name or address of a server, such as "mail.example.org"',
  });

export const emailSchema = z
  .strictObject({
    id: channelId,
    host: field(mailHost, 'live', 'The mail server that takes messages of this box (SMTP submission).'),
    port: field(
      z.int().min(1).max(65_535).exactOptional(),
      'live',
      'Its port. Absent: 587 for `starttls`, 465 for `implicit`, 25 for `none`.',
    ),
    tls: field(
      z.enum(['starttls', 'implicit', 'none']).default('starttls'),
      'live',
      'How the connection is protected: `starttls` begins in plain and insists on TLS before anything is said, `implicit` is TLS from the first byte. `none` is for a server on this machine only. Certificates are always checked.',
    ),
    credential: field(
      credentialName.exactOptional(),
      'live',
      'Name of the secret that holds `user:password` for the mail server. Absent: the server asks for none.',
    ),
    caFile,
    from: field(mailAddress, 'live', 'Address that messages come from.'),
    to: z
      .array(field(mailAddress, 'live', 'Addresses that messages go to.'))
      .min(1)
      .max(20),
  })
  .superRefine(
    (email, context) => {
      if (email?.tls !== 'none') return;
      if (email.caFile !== undefined) {
        context.addIssue({ code: 'custom', path: ['caFile'], message: 'has no effect without TLS' });
      }
      if (isLoopback(String(email.host))) return;
      context.addIssue({
        code: 'custom',
        path: ['tls'],
        message: 'must not be none: anybody on the way could read messages and password',
        params: { remedy: 'use "starttls" or "implicit"; "none" is for a mail server on this machine only' },
      });
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  );
