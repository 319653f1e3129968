import { z } from 'zod';

/** Parts that several messages share. */

/** RFC 3339 in UTC with milliseconds. */
export const time = z.iso.datetime({ precision: 3 }).describe('RFC 3339, UTC, milliseconds');
export const slug = z.string().regex(/^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/);
export const opaqueId = z.string().min(1).max(128);
/** The stable code of an error or a reason, in kebab-case. */
export const code = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
/** What a condition is about: a code, or the id of a camera. */
export const subject = z.string().regex(/^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/);
/** RFC 7638 thumbprint with SHA-256, base64url. */
export const keyId = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** A detached JWS (RFC 7515, appendix F) over the text of the message without this field. Always the last field. */
export const signature = z
  .string()
  .regex(/^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+$/)
  .describe('detached JWS over the text of the message without this field, which is the last one');

/** Largest token of most commands, bytes. */
export const largestTokenBytes = 64 * 1024;
