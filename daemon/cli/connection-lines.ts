import type { CameraTest } from '../contract/cameras.js';
import { remedyBelow } from '../contract/command-line.js';
import { said } from '../kernel/said.js';
import { unprotectedLogin } from '../vision/ingest/failure-explanations.js';
import { inLanguage, type Language } from '../words/language.js';

/** Encryption, login and certificate of the connection. */
export function connectionLines(
  { connection }: Pick<CameraTest, 'connection'>,
  language: Language,
): readonly string[] {
  if (connection === undefined) return [];
  const { isEncrypted, certificate, login } = connection;
  const { say } = language;
  const lines = [
    say('terminal/connection', {
      wire: isEncrypted ? 'TLS' : said('terminal/not-encrypted'),
      login: said(`terminal/login-${login ?? 'none'}`),
    }),
  ];
  if (certificate !== null) {
    const { subject, issuer, names, validFrom, validUntil, fingerprint } = certificate;
    lines.push(
      say('terminal/certificate', { subject, names }),
      `  ${say('terminal/certificate-signed', { issuer, validFrom, validUntil })}`,
      `  ${say('terminal/certificate-fingerprint', { fingerprint })}`,
    );
  }
  if (login === 'basic' && !isEncrypted) {
    const { message, remedy } = inLanguage(unprotectedLogin, language);
    lines.push(`${say('terminal/login-warning', { text: message })}${remedyBelow(say, remedy)}`);
  }
  return lines;
}

/** Why a camera or a device could not be asked, what to do, and how far the connection came. */
export function failedTest(
  title: string,
  failure: Extract<CameraTest, { readonly outcome: 'failed' }>,
  language: Language,
): string {
  const { message, remedy, code } = inLanguage(failure, language);
  const text = language.say('terminal/titled', { title, text: `${message} (${code})` });
  return [`${text}${remedyBelow(language.say, remedy)}`, ...connectionLines(failure, language)].join('\n');
}
