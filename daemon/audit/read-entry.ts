import type { AuditDetails, AuditEntry } from './audit-entry.js';
import type { EntryRow } from './audit-rows.js';

/** An entry for those who read the log. Details that are no JSON any more (verify tells why) are shown as unreadable. */
export function readEntry({
  sequence,
  atMs,
  actor,
  origin,
  action,
  subject,
  details,
  hash,
}: EntryRow): AuditEntry {
  return {
    sequence,
    atMs,
    actor,
    origin,
    action,
    ...(subject === '' ? {} : { subject }),
    details: readDetails(details),
    hash: Buffer.from(hash).toString('hex'),
  };
}

function readDetails(text: string): AuditDetails {
  try {
    return JSON.parse(text) as AuditDetails;
  } catch {
    return { unreadable: true };
  }
}
