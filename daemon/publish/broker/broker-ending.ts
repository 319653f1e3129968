import { type BrokerProblem, problemOf } from './broker-errors.js';

/** How far a connection came. */
export type Link = 'plain' | 'unsecured' | 'secured';

/** Why a connection ended. `error`: the first that was heard of it; `isConnected`: the broker had let the box in. */
export function endingOf(error: unknown, isConnected: boolean, link: Link): BrokerProblem {
  const problem = error === undefined ? 'lost' : namedProblem(error, isConnected);
  // A broker that had let the box in does not mean its password.
  if (problem === 'notAuthorised' && isConnected) return 'didNotAllow';
  if (problem !== 'lost' || isConnected) return problem;
  const early = { plain: 'closedEarly', unsecured: 'tlsEnded', secured: 'closedAfterTls' } as const;
  return early[link];
}

function namedProblem(error: unknown, isConnected: boolean): BrokerProblem {
  // The client's own timeouts carry no code.
  if (error instanceof Error && /^connack timeout$/i.test(error.message)) return 'silentFromTheBeginning';
  if (error instanceof Error && /^keepalive timeout$/i.test(error.message)) return 'silent';
  return problemOf(error, isConnected ? 'lost' : 'protocol');
}
