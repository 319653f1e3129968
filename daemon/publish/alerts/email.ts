import { isIP } from 'node:net';
import type { SendMailOptions } from 'nodemailer/lib/mailer';
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';
import type { Clock } from '../../base/clock.js';
import { counted } from '../../base/counted.js';
import { isRollcallError } from '../../base/errors.js';
import type { AlertsConfig } from '../../config/schema.js';
import type { AlertMessage } from '../../domain/alerts/alert-message.js';
import { readAuthorities } from '../../host/certificate-authorities.js';
import { openUserPassword } from '../../host/user-password-secret.js';
import type { AlertChannel, ChannelContext } from './channel.js';
import { channelError, failedForNow } from './channel-errors.js';
import { withDeadline } from './deadline.js';
import { explainMailFailure } from './mail-errors.js';
import { submitMail } from './mail-submission.js';

export type EmailConfig = AlertsConfig['emails'][number];

/** From the first look-up of the name to the acceptance of the message. */
const limitMs = 45_000;
const defaultPorts = { starttls: 587, implicit: 465, none: 25 } as const;

/** Sends alerts as plain-text messages to a mail server. */
export function openEmail(config: EmailConfig, context: ChannelContext, clock: Clock): AlertChannel {
  const { id, host, port = defaultPorts[config.tls] } = config;
  const server = `e-mail ${id} (${host}:${port})`;
  const late = (): Error => channelError('silent', server);
  return {
    id,
    kind: 'email',
    async send(message, signal) {
      try {
        const options = { ...(await transportOptions(config, context)), host, port };
        const mail = mailOf(message, config, context);
        const { accepted, rejected } = await withDeadline({ clock, limitMs, signal, late }, (limited) =>
          submitMail(options, mail, limited),
        );
        const note = `refused for ${rejected} of ${counted(accepted + rejected, 'recipient')}`;
        return { outcome: 'delivered', note: rejected === 0 ? null : note };
      } catch (error) {
        if (isRollcallError(error) && error.kind === 'defect') throw error;
        return isRollcallError(error) ? failedForNow(error) : explainMailFailure(error, server);
      }
    },
  };
}

/** Certificates are always checked, and so is that they are made for the host. */
async function transportOptions(
  { id, host, tls, caFile, credential }: EmailConfig,
  { secretsDirectory }: ChannelContext,
): Promise<SMTPTransportOptions> {
  const login =
    credential === undefined ? undefined : await openUserPassword(credential, { secretsDirectory });
  return {
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: {
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(caFile === undefined ? {} : { ca: await readAuthorities(caFile, `caFile of e-mail ${id}`) }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
    },
    // Without this a server that offers no login would get messages without one.
    ...(login === undefined ? {} : { auth: { user: login.user, pass: login.password }, forceAuth: true }),
    ...{ connectionTimeout: limitMs, greetingTimeout: limitMs, socketTimeout: limitMs },
  };
}

/** The same alert has the same Message-ID however often it is sent. */
function mailOf(
  { id, atMs, subject, text, severity }: AlertMessage,
  { from, to }: EmailConfig,
  { identity }: ChannelContext,
): SendMailOptions {
  return {
    from: { name: `rollcall ${identity.siteId}/${identity.boxId}`, address: from },
    to: to.map((address) => ({ name: '', address })),
    ...{ subject, text, date: new Date(atMs) },
    messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    ...(severity === 'critical' ? { priority: 'high' } : {}),
    // RFC 3834: no holiday notice answers.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Rollcall-Alert': id },
  };
}
