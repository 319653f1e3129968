/** What keeps a connection from being made or ends it. */
export type NetworkProblem = 'name' | 'refused' | 'unreachable' | 'lost';

/** Codes of Node.js for sockets and name resolution. */
export const networkProblems: ReadonlyMap<string, NetworkProblem> = new Map([
  ['ENOTFOUND', 'name'],
  ['EAI_AGAIN', 'name'],
  ['EAI_FAIL', 'name'],
  ['ECONNREFUSED', 'refused'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['EHOSTDOWN', 'unreachable'],
  ['ENETDOWN', 'unreachable'],
  ['ETIMEDOUT', 'unreachable'],
  ['ECONNRESET', 'lost'],
  ['EPIPE', 'lost'],
]);
