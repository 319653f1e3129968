import type { Caller } from '../../contract/caller.js';
import { allScopes } from '../../contract/scopes.js';
import type { RequestFacts } from './serve.js';
import { type ActorOf, openActorOf, unknownLocalActor } from './socket-actor.js';

/** Who sent a request over the control socket: may do everything, since only root and the user of the daemon reach it. */
export type LocalCallerOf = (facts: Pick<RequestFacts, 'incoming'>) => Caller;

const local = { scopes: new Set(allScopes), provedAtMs: 'always', isLimited: false } as const;

/** The sender as the user of the daemon, for every request. For tests, which need no audit of process ids. */
export const unnamedLocalCaller: LocalCallerOf = () => ({
  actor: `uid:${process.getuid?.() ?? 'unknown'}`,
  origin: 'local socket',
  ...local,
});

/** The sender as the kernel knows it: user and process. @throws `peer-credentials-unavailable` */
export async function openLocalCaller(): Promise<LocalCallerOf> {
  const actorOf: ActorOf = await openActorOf();
  return ({ incoming }) => ({
    ...(incoming.socket === null ? unknownLocalActor : actorOf(incoming.socket)),
    ...local,
  });
}
