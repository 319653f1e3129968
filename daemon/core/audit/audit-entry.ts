import { type Actor, isActor } from '../../kernel/actor.js';
import type { AuditAction } from '../../kernel/audit-action.js';
import { defect } from '../../kernel/errors.js';

export type AuditDetails = Readonly<Record<string, string | number | boolean>>;

/** Details of an action. A list has any length: the entry holds its count and the words that fit, see `recordedDetails`. */
export type GivenDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** An action to record. */
export interface NewAuditEntry {
  readonly by: Actor;
  readonly action: AuditAction;
  /** Opaque id of the object: a person, a key, a backup. */
  readonly subject?: string;
  /** Counts, codes, ids and versions, in the form that `refuseMisshapen` checks. Never names, notes, paths or free text. */
  readonly details?: GivenDetails;
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
/** The most characters of a word. */
export const longestWord = 128;
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
  const found = Object.entries(recordedDetails(details));
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
export function encodeDetails(details: GivenDetails = {}): string {
  const sorted = Object.entries(recordedDetails(details)).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted));
}

/**
 * Details in the form of an entry. A list becomes a text with its first words, joined by commas, and its count, so that no number or
 * length of names makes an action fail. An empty list is left out.
 */
export function recordedDetails(details: GivenDetails): AuditDetails {
  return Object.fromEntries(
    Object.entries(details).flatMap(([name, value]): [string, string | number | boolean][] => {
      if (typeof value !== 'object') return [[name, value]];
      if (value.length === 0) return [];
      return [
        [name, firstWords(value)],
        [`${name}Count`, value.length],
      ];
    }),
  );
}

/** The first names, one word each, as many as fit into a detail. */
function firstWords(names: readonly string[]): string {
  let list = '';
  for (const name of names) {
    const word = name.replaceAll(/:?[^A-Za-z0-9._:+-]+/g, '.').replace(/^[.:+]+(?=.)/, '');
    const longer = list === '' ? word : `${list},${word}`;
    if (longer.length > longestWord) break;
    list = longer;
  }
  return wordForm.test(list) ? list : 'long';
}
