import { isRollcallError, operational, type RollcallError } from '../../base/errors.js';
import { networkProblems } from '../broker/network-problems.js';
import { tlsProblemOf } from '../broker/tls-problems.js';
import type { SendOutcome } from './channel.js';

const diagnoses = {
  name: [
    'channel-name-unknown',
    'its name cannot be resolved',
    'Check the host and the DNS servers of this machine.',
  ],
  refused: ['channel-refused', 'nothing listens on its port', 'Check that it runs, and host and port.'],
  unreachable: [
    'channel-unreachable',
    'the network does not reach it',
    'Check the cable, the routes and the firewall between this machine and it.',
  ],
  lost: [
    'channel-lost',
    'it ended the connection before it answered',
    'Check that the port is the right one and whether it is a port with TLS; its log says more.',
  ],
  protocol: [
    'channel-protocol',
    'what answers speaks another protocol',
    'Check host and port: another service listens there.',
  ],
  silent: [
    'channel-silent',
    'it does not answer in time',
    'Check that it is not overloaded, and host and port.',
  ],
  tlsExpired: [
    'channel-tls-expired',
    'its certificate has expired',
    'Renew the certificate of the server; if it is in force, set the clock of this machine.',
  ],
  tlsNotYetValid: [
    'channel-tls-not-yet-valid',
    'its certificate is not yet valid',
    'Check the clock of this machine first: one that is behind does this.',
  ],
  tlsHost: [
    'channel-tls-wrong-host',
    'its certificate was made for another host',
    'Use a name that stands in the certificate, or make a certificate for this name.',
  ],
  tlsUntrusted: [
    'channel-tls-untrusted',
    'its certificate is signed by nobody this box trusts',
    'Name in caFile the certificate of the authority that signed it.',
  ],
  tlsNone: [
    'channel-speaks-no-tls',
    'what listens on the port does not speak TLS there',
    'Check the port: e-mail with `starttls` is usually 587, `implicit` 465.',
  ],
  tlsVersion: [
    'channel-tls-version',
    'it speaks no version of TLS that is still safe',
    'Have it speak TLS 1.2 or 1.3.',
  ],
  tls: [
    'channel-tls-failed',
    'the TLS handshake failed',
    'Check the port and its TLS settings; its log says more.',
  ],
} as const satisfies Record<string, readonly [code: string, says: string, remedy: string]>;

export type ChannelProblem = keyof typeof diagnoses;

const isKnown = (problem: string): problem is ChannelProblem => Object.hasOwn(diagnoses, problem);

/** Why the server of a channel cannot be used. `server`: its name and port, without path, user or password. */
export function channelError(problem: ChannelProblem, server: string): RollcallError {
  const [code, says, remedy] = diagnoses[problem];
  return operational(code, `${server}: ${says}`, { remedy, details: { server }, retryable: true });
}

/**
 * An error of a socket in words; the errors of several addresses come as one that holds them all.
 * @throws what it is given where that is a mistake of the program
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
  // The mail library gives errors codes of its own, and keeps that of the system beside it.
  const codes = [
    'originalCode' in error ? error.originalCode : undefined,
    'code' in error ? error.code : undefined,
  ];
  for (const code of codes) {
    if (typeof code !== 'string') continue;
    // Of the HTTP parser of Node.js, and of the mail library.
    if (code.startsWith('HPE_') || code === 'EPROTOCOL') return 'protocol';
    const problem = networkProblems.get(code) ?? tlsProblemOf(code, error.message);
    if (problem !== undefined) return isKnown(problem) ? problem : 'tls';
  }
  return undefined;
}

/** To be tried again. */
export const failedForNow = (error: RollcallError): SendOutcome => ({
  outcome: 'failed',
  error,
  isFinal: false,
});

/** Would be refused again. */
export const refusedForGood = (error: RollcallError): SendOutcome => ({
  outcome: 'failed',
  error,
  isFinal: true,
});
