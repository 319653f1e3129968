import { z } from 'zod';
import { allScopes } from './scopes.js';

export const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,31}$/)
  .describe('2 to 32 lower-case letters, digits and "-", beginning with a letter.');
export const scopeList = z.array(z.enum(allScopes)).max(allScopes.length);
export const cameraList = z
  .array(z.string().min(1).max(64))
  .min(1)
  .max(1000)
  .describe('Cameras that the account is limited to. Absent: all.');
export const accountId = z.string().regex(/^[a-z]-[0-9a-z]{26}$/);
export const revision = z.int().positive().describe('Counts the changes of this object.');

// How operations on users, roles, and API keys are limited.
export const userChange = {
  scope: 'users:write',
  rate: 'default',
  audit: 'write',
  needsStepUp: true,
} as const;
export const userGrant = { ...userChange, secondPerson: 'users' } as const;
/** An operation that only ends access waits neither for a proof, which may be locked, nor for a second person. */
export const userEnding = { scope: 'users:write', rate: 'default', audit: 'write' } as const;
export const userRead = { scope: 'users:read', rate: 'default' } as const;
