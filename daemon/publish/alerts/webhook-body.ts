import { createHmac } from 'node:crypto';
import type { AlertMessage } from '../../domain/alerts/alert-message.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { isoTime } from '../../domain/iso-time.js';

/** The JSON that is posted; documented in docs/alerts.md. Grows by new fields only while `version` stays. */
export function webhookBody(message: AlertMessage, { siteId, boxId }: BoxIdentity): string {
  const { id, atMs, phase, rule, on, severity, subject, text, parts } = message;
  return JSON.stringify({
    version: 1,
    id,
    time: isoTime(atMs),
    site: siteId,
    box: boxId,
    phase,
    rule,
    on,
    severity,
    subject,
    text,
    parts: parts.map((part) => ({
      camera: part.cameraId,
      cameraName: part.cameraName,
      count: part.count,
      from: isoTime(part.fromMs),
      to: part.untilMs === null ? null : isoTime(part.untilMs),
      code: part.code,
      about: part.about ?? [],
      worse: part.isWorse === true,
      firstSequence: part.firstSequence,
      lastSequence: part.lastSequence,
    })),
  });
}

/** `v1=` and the HMAC-SHA256 (RFC 2104) of `<timestamp>.<body>`, hexadecimal. */
export function webhookSignature(secret: Uint8Array, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}
