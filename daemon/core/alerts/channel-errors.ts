import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { addressRefused } from '../../vision/ingest/reachable-address.js';
import { failure } from '../../words/errors.js';
import { networkProblems, tlsProblemOf } from '../delivery/broker/connection-problems.js';
import type { SendOutcome } from './channel.js';

/** The errors of the problems of a connection. */
const diagnoses = {
  name: 'channel-name-unknown',
  refused: 'channel-refused:connection',
  unreachable: 'channel-unreachable',
  lost: 'channel-lost',
  beyond: 'channel-address-refused:connection',
  protocol: 'channel-protocol',
  silent: 'channel-silent',
  tlsExpired: 'channel-tls-expired',
  tlsNotYetValid: 'channel-tls-not-yet-valid',
  tlsHost: 'channel-tls-wrong-host',
  tlsUntrusted: 'channel-tls-untrusted',
  tlsNone: 'channel-speaks-no-tls',
  tlsVersion: 'channel-tls-version',
  tls: 'channel-tls-failed',
} as const;

export type ChannelProblem = keyof typeof diagnoses;

const isKnown = (problem: string): problem is ChannelProblem => Object.hasOwn(diagnoses, problem);

/** The error for a server that cannot be used. `server`: its name and port, without path, user or password. */
export function channelError(problem: ChannelProblem, server: string): RollcallError {
  return failure(diagnoses[problem], { server }, { details: { server }, retryable: true });
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
