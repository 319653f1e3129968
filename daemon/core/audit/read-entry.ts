import type { AuditDetails, AuditEntry } from './audit-entry.js';
import type { EntryRow } from './audit-rows.js';

/** An entry for readers of the log. Damaged details are shown as `unreadable`; verification reports the reason. */
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

const unreadable: AuditDetails = { unreadable: true };

function readDetails(text: string): AuditDetails {
  try {
    const details: unknown = JSON.parse(text);
    return isDetails(details) ? details : unreadable;
  } catch {
    return unreadable;
  }
}

function isDetails(value: unknown): value is AuditDetails {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((each) => ['string', 'number', 'boolean'].includes(typeof each));
}
