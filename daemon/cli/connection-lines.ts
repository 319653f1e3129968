import type { CameraTest } from '../contract/cameras.js';
import { unprotectedLogin } from '../vision/ingest/failure-explanations.js';

/** Encryption, login and certificate of the connection. */
export function connectionLines({ connection }: Pick<CameraTest, 'connection'>): readonly string[] {
  if (connection === undefined) return [];
  const { isEncrypted, certificate, login } = connection;
  const logins = { digest: 'login by Digest', basic: 'login by Basic' };
  const how = login === null ? 'no login' : logins[login];
  const lines = [`connection: ${isEncrypted ? 'TLS' : 'not encrypted'}, ${how}`];
  if (certificate !== null) {
    const { subject, issuer, names, validFrom, validUntil, fingerprint } = certificate;
    lines.push(
      `certificate: ${subject}, for ${names}`,
      `  signed by ${issuer}, valid from ${validFrom} until ${validUntil}`,
      `  fingerprint: ${fingerprint}`,
    );
  }
  if (login === 'basic' && !isEncrypted) {
    lines.push(`WARNING: ${unprotectedLogin.message}\n  what to do: ${unprotectedLogin.remedy}`);
  }
  return lines;
}
