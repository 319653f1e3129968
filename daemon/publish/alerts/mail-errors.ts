import { operational, type RollcallError } from '../../base/errors.js';
import { asLine } from '../../domain/alerts/alert-template.js';
import type { SendOutcome } from './channel.js';
import { channelError, explainSocketError, failedForNow, refusedForGood } from './channel-errors.js';

/** What the mail library tells of an error, where it does. */
interface MailError {
  readonly code: string | undefined;
  /** Of the reply (RFC 5321 section 4.2). */
  readonly responseCode: number | undefined;
  readonly response: string | undefined;
  readonly command: string | undefined;
}

function factsOf(error: Error): MailError {
  const text = (key: string): string | undefined => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === 'string' ? value : undefined;
  };
  const responseCode: unknown = Reflect.get(error, 'responseCode');
  return {
    code: text('code'),
    responseCode: typeof responseCode === 'number' ? responseCode : undefined,
    response: text('response'),
    command: text('command'),
  };
}

/** A negative reply of the server: 5yz is for good, 4yz for now (RFC 5321 section 4.2.1). */
export function explainMailFailure(error: unknown, server: string): SendOutcome {
  if (!(error instanceof Error)) throw error;
  const facts = factsOf(error);
  const { responseCode = 0, code } = facts;
  if (responseCode >= 400) {
    const refusal = explainReply(facts, server);
    // Whoever sits on the way can make a server look as if it had no STARTTLS: that is no word of the server.
    const isFinal = responseCode >= 500 && facts.command !== 'STARTTLS';
    return isFinal ? refusedForGood(refusal) : failedForNow(refusal);
  }
  if (code === 'EAUTH') return failedForNow(authError(server, 'offers no way to log in that this box knows'));
  if (code === 'ETIMEDOUT') return failedForNow(channelError('silent', server));
  return failedForNow(explainSocketError(error, server));
}

function authError(server: string, says: string): RollcallError {
  return operational('mail-auth-refused', `${server}: it ${says}`, {
    remedy: 'Correct the secret that credential names, or the account of this box on the mail server.',
  });
}

function explainReply(
  { code, command, response = '', responseCode }: MailError,
  server: string,
): RollcallError {
  // What follows the number could repeat the password.
  if (code === 'EAUTH') return authError(server, `refuses user or password (SMTP ${responseCode})`);
  const details = { responseCode };
  if (command === 'STARTTLS') {
    const says = `${server}: it offers no STARTTLS (SMTP ${responseCode}), and without TLS nothing is sent`;
    const remedy = 'Switch STARTTLS on at the mail server, or set tls to `implicit` with the port for that.';
    return operational('mail-no-starttls', says, { remedy, details });
  }
  const what = { 'MAIL FROM': 'the sender', 'RCPT TO': 'the recipients' }[command ?? ''] ?? 'the message';
  return operational('mail-refused', `${server}: it refuses ${what}: ${asLine(response)}`, {
    remedy: 'Check from and to, and what the mail server allows this box; its log says more.',
    details,
  });
}
