import { defect } from '../base/errors.js';
import { type Actor, isActor } from './actor.js';
import type { AuditAction } from './audit-action.js';

export type AuditDetails = Readonly<Record<string, string | number | boolean>>;

/** An action to record. */
export interface NewAuditEntry {
  readonly by: Actor;
  readonly action: AuditAction;
  /** Opaque id of the object: a person, a key, a backup. */
  readonly subject?: string;
  /** Counts, codes, ids and versions, in the form that `refuseMisshapen` checks. Never names, notes, paths or free text. */
  readonly details?: AuditDetails;
}

/** A stored entry. The sequence always increases; times may decrease when the clock was set back. */
export interface AuditEntry {
  /** Starts at 1, without gaps. */
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
 * Codes, opaque ids, versions, times, lists with commas: no spaces, only ASCII letters, no `@`, no path. Ids of keys are base64url
 * and may begin with `-` or `_`.
 */
const wordForm = /^[A-Za-z0-9_-][A-Za-z0-9._:,+-]{0,127}$/;
const detailNameForm = /^[a-z][A-Za-z0-9]{0,31}$/;
/** Names under which personal data could appear. */
const personalNames = new Set(['name', 'externalId', 'note', 'notes', 'email', 'phone', 'path', 'file']);
const mostDetails = 16;

/**
 * Refuses an entry that could contain personal data. The log outlives the data of persons, so it accepts only counts, codes and
 * opaque ids. @throws the defect `audit-entry`, which names the field and never its value
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

/** Encodes details as JSON with sorted names: equal details give equal texts. */
export function encodeDetails(details: AuditDetails = {}): string {
  return JSON.stringify(Object.fromEntries(Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1))));
}
