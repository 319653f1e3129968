import type { Socket } from 'node:net';
import type { Caller } from '../../contract/caller.js';
import { allScopes } from '../../contract/scopes.js';
import { openPeerCredentials } from '../../host/peer-credentials.js';
import type { Actor } from '../../kernel/actor.js';
import type { RequestFacts } from './serve.js';

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

/** The actor behind a connection to the local API. */
export type ActorOf = (socket: Socket) => Actor;

/** The actor if the kernel does not name one. The request is still audited. */
export const unknownLocalActor: Actor = { actor: 'unknown', origin: 'local socket' };

/** @throws `peer-credentials-unavailable` */
export async function openActorOf(): Promise<ActorOf> {
  const read = await openPeerCredentials();
  return (socket) => {
    const peer = read(socket);
    if (peer === undefined) return unknownLocalActor;
    return { actor: `uid:${peer.uid}`, origin: `local socket pid ${peer.pid}` };
  };
}
