import { z } from 'zod';
import { certificateHolders, certificateStates } from '../kernel/certificate-state.js';
import { fault } from './api-errors.js';

/** The validity of a certificate of the connection to the broker, or of the gate. */
export const certificateStatus = z.object({
  whose: z
    .enum(certificateHolders)
    .describe(
      '`client`: the certificate of this box. `authority`: the trusted authority, of several the one that expires last. `broker`: the certificate of the broker at the last connection. `gate`: the one that the box shows to callers over HTTPS.',
    ),
  names: z.string(),
  notBefore: z.iso.datetime(),
  notAfter: z.iso.datetime(),
  daysLeft: z.int().describe('Whole days left, rounded down; negative when it has expired.'),
  state: z.enum(certificateStates),
});

/** The certificate that the gate shows. */
export const gateStatus = z.object({
  certificate: certificateStatus
    .extend({
      fingerprint: z.string().describe('SHA-256 of the certificate: upper-case hexadecimal with colons.'),
      isMadeByBox: z.boolean().describe('False for a certificate that the configuration named.'),
    })
    .exactOptional()
    .describe('Absent until the box has handed a certificate over to the gate.'),
  problem: fault
    .exactOptional()
    .describe('Why the certificate that the configuration names now is not the one in use.'),
});
export type GateStatus = z.infer<typeof gateStatus>;
