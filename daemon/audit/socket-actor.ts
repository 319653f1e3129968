import type { Socket } from 'node:net';
import { openPeerCredentials } from '../host/peer-credentials.js';
import type { Actor } from './actor.js';

/** Whoever sent a request over this socket of the local API. */
export type ActorOf = (socket: Socket) => Actor;

/** Where the kernel does not tell. Such a request still leaves its trace. */
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
