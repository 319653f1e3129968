import { z } from 'zod';
import { certificateStatus } from './certificate.js';
import { fault } from './fault.js';
import { operation } from './operation.js';

/** The state of one secret; never its value. */
export const secretReport = z.object({
  what: z.string().describe('Its use, such as `camera door`.'),
  name: z.string(),
  source: z
    .enum(['credential', 'file'])
    .exactOptional()
    .describe('The kind of place where the secret lies. Absent if it cannot be read.'),
  problem: fault.exactOptional().describe('Why the secret cannot be used.'),
  certificate: certificateStatus
    .exactOptional()
    .describe('Only for a secret that holds a certificate: its validity.'),
});
export type SecretReport = z.infer<typeof secretReport>;

export const directoryReport = z.object({
  what: z.string().describe('The content of the directory: `data`, `gallery`, `records`.'),
  path: z.string(),
  fault: z
    .enum(['missing', 'read-only', 'not-permitted'])
    .exactOptional()
    .describe(
      'Why it cannot be written. `read-only`: the file system, or the sandbox of the service. `not-permitted`: it belongs to another user.',
    ),
  freeBytes: z.number().exactOptional().describe('Absent if it cannot be read.'),
});
export type DirectoryReport = z.infer<typeof directoryReport>;

/** The machine as a process sees it: its user, its credentials, its view of the file system. */
export const hostReport = z.object({
  user: z.object({
    uid: z.int().nonnegative(),
    name: z.string().exactOptional().describe('Absent where the uid has no name on this machine.'),
  }),
  secrets: z.array(secretReport).readonly(),
  directories: z.array(directoryReport).readonly(),
});
export type HostReport = z.infer<typeof hostReport>;

export const hostOperations = {
  'host.show': operation({
    method: 'GET',
    path: '/host',
    summary: 'Show the machine as the daemon sees it: its user, its secrets by name, its directories.',
    answer: { kind: 'json', schema: hostReport },
    errors: [],
    scope: 'status:read',
    rate: 'default',
  }),
} as const;
