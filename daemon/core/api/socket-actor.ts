import type { Socket } from 'node:net';
import { openPeerCredentials } from '../../host/peer-credentials.js';
import type { Actor } from '../../kernel/actor.js';

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
