import { z } from 'zod';
import { brokerCheckSteps } from '../kernel/broker.js';
import { checkOutcomes } from '../kernel/check-outcome.js';
import { logLevels } from '../kernel/logger.js';
import { fault } from './api-errors.js';
import { certificateStatus } from './certificate.js';
import { numberedPageFields, operation } from './operation.js';
import { says } from './said.js';

/** The state of one secret; never its value. */
export const secretReport = z.object({
  what: z.string().describe('Its use, such as `camera door`.'),
  says: says('what'),
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
    name: z.string().exactOptional().describe('Absent if the uid has no name on this machine.'),
  }),
  secrets: z.array(secretReport).readonly(),
  directories: z.array(directoryReport).readonly(),
});
export type HostReport = z.infer<typeof hostReport>;

const outcome = z.enum(checkOutcomes).describe('`warning`: it works, but needs attention.');

/** The result of one check of `doctor`. */
export const doctorFinding = z.object({
  check: z.string().describe('What was checked, such as `camera front-door`; in English in every language.'),
  title: z.string().exactOptional().describe('The same for people. Absent in boxes of older versions.'),
  outcome,
  message: z.string(),
  remedy: z.string().exactOptional().describe('What a person can do about it.'),
  says: says('title', 'message', 'remedy'),
});

export const logLine = z.object({
  number: z.int().positive().describe('Counts the lines since the start of the daemon.'),
  at: z.iso.datetime(),
  level: z.enum(logLevels).describe('`error`: a person must act.'),
  message: z.string().describe('Constant; what varies is in the fields.'),
  camera: z.string().exactOptional().describe('The camera that the line is about.'),
  fields: z
    .record(z.string(), z.unknown())
    .describe('What varies. What a vision process says is in `said`. No names, pictures and secrets.'),
});
export type LogLine = z.infer<typeof logLine>;

export const brokerCheckStep = z.object({
  check: z.enum(['secrets', ...brokerCheckSteps]).describe('The step, in the order of a connection.'),
  outcome,
  message: z.string(),
  code: z.string().exactOptional(),
  remedy: z.string().exactOptional(),
  says: says('message', 'remedy'),
});
export type BrokerCheckStep = z.infer<typeof brokerCheckStep>;

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
  'host.doctor': operation({
    method: 'GET',
    path: '/host/doctor',
    summary: 'Check everything that the daemon needs; say what is wrong and how to repair it.',
    description:
      'The checks of `rollcall doctor`, made by the daemon itself. It reads all model files, which takes a few seconds.',
    answer: { kind: 'json', schema: z.object({ findings: z.array(doctorFinding).readonly() }) },
    errors: [],
    scope: 'status:read',
    rate: 'heavy',
    isLong: true,
  }),
  'host.logs': operation({
    method: 'GET',
    path: '/host/logs',
    summary: 'Read what the daemon has logged in the last hour, newest first.',
    description:
      'From memory: at most 5,000 lines and 2 MB since the daemon started, including the lines of the vision processes. The gate has its own log. The journal of the machine has more.',
    input: z.strictObject({
      ...numberedPageFields,
      level: z.enum(logLevels).default('debug').describe('Lines of this level and above.'),
      camera: z.string().max(64).optional().describe('Only lines about this camera.'),
      text: z.string().min(1).max(200).optional().describe('Only lines that contain this text.'),
    }),
    answer: { kind: 'page', item: logLine },
    errors: [],
    scope: 'logs:read',
    camera: 'camera',
    rate: 'default',
  }),
  'host.check-broker': operation({
    method: 'POST',
    path: '/host/broker-check',
    summary: 'Connect to the configured broker step by step, and send a test message to this box.',
    description:
      'One item for each step, as `rollcall mqtt check`; the first step that fails ends the check. The connection of the daemon stays.',
    input: z.strictObject({
      triesEvents: z
        .boolean()
        .default(false)
        .describe('Also publish the test message on the topic of each event kind. Subscribers receive it.'),
    }),
    answer: { kind: 'lines', item: brokerCheckStep, isBounded: true },
    errors: ['no-broker'],
    scope: 'config:read',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
  }),
} as const;
