import type { Context } from 'hono';
import type { Actor } from '../audit/actor.js';

/** Who sent a request, and from where. */
export type ActorOf = (context: Context) => Actor;

/**
 * Whoever reaches the local socket: its mode lets in the daemon's own user and root only, and Node.js does not tell which
 * of them it was.
 */
export const localSocketActor: ActorOf = () => ({
  actor: `uid:${process.getuid?.() ?? 'unknown'}`,
  origin: 'local socket',
});
