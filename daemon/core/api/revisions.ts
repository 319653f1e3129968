import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type OperationDeclaration, takesRevision } from '../../contract/operation.js';
import { refusal } from '../../words/errors.js';
import { badRequest } from './body-stream.js';

/** A digest without a key would tell something about the names in an answer to who reads headers only. */
const digestKey = randomBytes(32);

/**
 * The tag of an answer: its revision, and a digest of the whole. Some fields change without a new revision, such as the time of
 * the last login, and an answer that is not the same must not have the same tag.
 */
export function entityTag(data: { readonly revision: number }): string {
  const digest = createHmac('sha256', digestKey).update(JSON.stringify(data)).digest('base64url');
  return `"${data.revision}-${digest.slice(0, 16)}"`;
}

/** True for an answer of this schema that has a revision. */
export function isRevised(data: unknown): data is { readonly revision: number } {
  return typeof data === 'object' && data !== null && 'revision' in data && typeof data.revision === 'number';
}

/** True if the reader has an answer with this tag already. */
export function isKnown(tag: string, headers: IncomingHttpHeaders): boolean {
  const known = (headers['if-none-match'] ?? '').split(',').map((text) => text.trim().replace(/^W\//, ''));
  return known.includes(tag);
}

const tagForm = /^"(\d{1,15})-[\w-]+"$/;

/**
 * The input of a change with the revision of `If-Match` as `ifRevision`.
 * @throws `changed-meanwhile` for a tag that no answer of this box has; `bad-request` where the operation compares no revisions:
 * to ignore the condition would overwrite what it protects
 */
export function withIfMatch(
  declaration: OperationDeclaration,
  headers: IncomingHttpHeaders,
  input: object,
): object {
  const given = headers['if-match']?.trim();
  if (given === undefined || given === '*' || declaration.method === 'GET') return input;
  if (!takesRevision(declaration)) {
    throw badRequest('its header If-Match does not fit this operation', 'Send the request without it.');
  }
  const [, revision] = tagForm.exec(given) ?? [];
  if (revision === undefined || Number(revision) === 0) throw unknownTag();
  const { ifRevision = Number(revision) } = input as { readonly ifRevision?: number };
  if (ifRevision !== Number(revision)) {
    throw badRequest('its header If-Match and its field ifRevision differ', 'Give one of them.');
  }
  return { ...input, ifRevision };
}

function unknownTag() {
  return refusal('changed-meanwhile:unknown-tag');
}
