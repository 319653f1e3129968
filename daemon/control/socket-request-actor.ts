import { Socket } from 'node:net';
import type { Context } from 'hono';
import { openActorOf, unknownLocalActor } from '../audit/socket-actor.js';
import type { ActorOf } from './request-actor.js';

/**
 * The sender of a request over the unix socket as the kernel knows it: user and process. Served by `@hono/node-server`, which
 * puts the request of Node.js into the environment of the context. @throws `peer-credentials-unavailable`
 */
export async function openRequestActor(): Promise<ActorOf> {
  const actorOf = await openActorOf();
  return (context) => {
    const socket = socketOf(context);
    return socket === undefined ? unknownLocalActor : actorOf(socket);
  };
}

function socketOf({ env }: Context): Socket | undefined {
  const { incoming } = (env ?? {}) as { readonly incoming?: { readonly socket?: unknown } };
  return incoming?.socket instanceof Socket ? incoming.socket : undefined;
}
