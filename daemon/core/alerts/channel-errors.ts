import { isRollcallError, operational, type RollcallError } from '../../kernel/errors.js';
import { addressRefused } from '../../vision/ingest/reachable-address.js';
import { networkProblems, tlsProblemOf } from '../delivery/broker/connection-problems.js';
import type { SendOutcome } from './channel.js';

const diagnoses = {
  name: [
    'channel-name-unknown',
    'its name cannot be resolved',
    'Check the host and the DNS servers of this machine.',
  ],
  refused: [
    'channel-refused',
    'nothing listens on its port',
    'Check host and port, and that the server runs.',
  ],
  unreachable: [
    'channel-unreachable',
    'the network does not reach it',
    'Check the cable, the routes and the firewall between this machine and it.',
  ],
  lost: [
    'channel-lost',
    'it ended the connection before it answered',
    'Check that the port is correct and whether it uses TLS. Read the log of the server.',
  ],
  beyond: [
    'channel-address-refused',
    'it is on this box or its link, where channels that were added over the API may not lead',
    'Add the channel to the configuration file, or allow the network of the server in api.channelNetworks.',
  ],
  protocol: [
    'channel-protocol',
    'the server uses another protocol',
    'Check host and port: another service listens there.',
  ],
  silent: [
    'channel-silent',
    'it does not answer in time',
    'Check host and port, and that the server is not overloaded.',
  ],
  tlsExpired: [
    'channel-tls-expired',
    'its certificate has expired',
    'Renew the certificate of the server. If it is still valid, set the clock of this machine.',
  ],
  tlsNotYetValid: [
    'channel-tls-not-yet-valid',
    'its certificate is not yet valid',
    'Check the clock of this machine first: it may be behind.',
  ],
  tlsHost: [
    'channel-tls-wrong-host',
    'its certificate was made for another host',
    'Use a name from the certificate, or make a certificate for the present name.',
  ],
  tlsUntrusted: [
    'channel-tls-untrusted',
    'this box does not trust the authority that signed its certificate',
    'Set caFile to the certificate of the authority that signed it.',
  ],
  tlsNone: [
    'channel-speaks-no-tls',
    'the server on the port does not use TLS',
    'Check the port: e-mail with `starttls` is usually 587, `implicit` 465.',
  ],
  tlsVersion: [
    'channel-tls-version',
    'it supports only old, unsafe versions of TLS',
    'Configure TLS 1.2 or 1.3 on the server.',
  ],
  tls: [
    'channel-tls-failed',
    'the TLS handshake failed',
    'Check the port and the TLS settings of the server, and read its log.',
  ],
} as const satisfies Record<string, readonly [code: string, says: string, remedy: string]>;

export type ChannelProblem = keyof typeof diagnoses;

const isKnown = (problem: string): problem is ChannelProblem => Object.hasOwn(diagnoses, problem);

/** The error for a server that cannot be used. `server`: its name and port, without path, user or password. */
export function channelError(problem: ChannelProblem, server: string): RollcallError {
  const [code, says, remedy] = diagnoses[problem];
  return operational(code, `${server}: ${says}`, { remedy, details: { server }, retryable: true });
}

/**
 * Explains an error of a socket. The errors of several addresses come as one `AggregateError`.
 * @throws `error` where it is a defect of the program
 */
export function explainSocketError(error: unknown, server: string): RollcallError {
  if (isRollcallError(error)) return error;
  for (const one of error instanceof AggregateError ? error.errors : [error]) {
    const problem = problemOf(one);
    if (problem !== undefined) return channelError(problem, server);
  }
  if (!(error instanceof Error) || error instanceof TypeError || !('code' in error)) throw error;
  return channelError('lost', server);
}

function problemOf(error: unknown): ChannelProblem | undefined {
  if (!(error instanceof Error)) return undefined;
  // The mail library replaces the code of the system and keeps it as `originalCode`.
  const codes = [
    'originalCode' in error ? error.originalCode : undefined,
    'code' in error ? error.code : undefined,
  ];
  for (const code of codes) {
    if (typeof code !== 'string') continue;
    // Codes of the HTTP parser of Node.js and of the mail library.
    if (code.startsWith('HPE_') || code === 'EPROTOCOL') return 'protocol';
    if (code === addressRefused) return 'beyond';
    const problem = networkProblems.get(code) ?? tlsProblemOf(code, error.message);
    if (problem !== undefined) return isKnown(problem) ? problem : 'tls';
  }
  return undefined;
}

/** A failure that is tried again. */
export const failedForNow = (error: RollcallError): SendOutcome => ({
  outcome: 'failed',
  error,
  isFinal: false,
});

/** A failure that would repeat. */
export const refusedForGood = (error: RollcallError): SendOutcome => ({
  outcome: 'failed',
  error,
  isFinal: true,
});
