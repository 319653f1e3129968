import { defect } from '../base/errors.js';
import { type Actor, isActor } from './actor.js';
import type { AuditAction } from './audit-action.js';

export type AuditDetails = Readonly<Record<string, string | number | boolean>>;

/** What somebody did, as it is handed to the log. */
export interface NewAuditEntry {
  readonly by: Actor;
  readonly action: AuditAction;
  /** Opaque id of what it was done to: a person, a key, a backup. */
  readonly subject?: string;
  /** Counts, codes, ids and versions: `refuseMisshapen` knows the form. Never names, notes, paths or free text. */
  readonly details?: AuditDetails;
}

/** An entry as the log gives it back. Times may run backwards where the clock was set; the sequence never does. */
export interface AuditEntry {
  /** From 1 on, without gaps. */
  readonly sequence: number;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly actor: string;
  readonly origin: string;
  readonly action: string;
  readonly subject?: string;
  readonly details: AuditDetails;
  /** Hexadecimal. */
  readonly hash: string;
}

/**
 * Codes, opaque ids, versions, times, lists with commas: no blanks, no letters beyond ASCII, no `@`, no path. Ids of keys are
 * base64url, and one in 32 begins with `-` or `_`.
 */
const wordForm = /^[A-Za-z0-9_-][A-Za-z0-9._:,+-]{0,127}$/;
const detailNameForm = /^[a-z][A-Za-z0-9]{0,31}$/;
/** What personal data would come under. */
const personalNames = new Set(['name', 'externalId', 'note', 'notes', 'email', 'phone', 'path', 'file']);
const mostDetails = 16;

/**
 * Refuses an entry that could carry personal data. The log outlives the persons it speaks of, so what is not plainly a count,
 * a code or an opaque id has no place in it. @throws the defect `audit-entry`, which names the field and never its value
 */
export function refuseMisshapen({ by, subject, details = {} }: NewAuditEntry): void {
  if (!isActor(by)) throw misshapen('actor or origin');
  if (subject !== undefined && !wordForm.test(subject)) throw misshapen('subject');
  const found = Object.entries(details);
  if (found.length > mostDetails) throw misshapen('number of details');
  for (const [name, value] of found) {
    if (!detailNameForm.test(name) || personalNames.has(name)) throw misshapen('name of a detail');
    if (typeof value === 'string' && !wordForm.test(value)) throw misshapen(`detail "${name}"`);
    if (typeof value === 'number' && !Number.isFinite(value)) throw misshapen(`detail "${name}"`);
  }
}

function misshapen(what: string) {
  return defect('audit-entry', `the ${what} of an audit entry has a form that could carry personal data`);
}

/** Details as they are stored: JSON with the names in order, so that equal details are equal texts. */
export function encodeDetails(details: AuditDetails = {}): string {
  return JSON.stringify(Object.fromEntries(Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1))));
}
