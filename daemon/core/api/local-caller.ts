import type { Socket } from 'node:net';
import type { Caller } from '../../contract/caller.js';
import { allScopes } from '../../contract/scopes.js';
import { openPeerCredentials, type PeerCredentials } from '../../host/peer-credentials.js';
import type { Logger } from '../../kernel/logger.js';
import { refusal } from '../../words/errors.js';
import type { RequestFacts } from './serve.js';

/** Members of this group may use the local API. */
export const adminGroup = 'rollcall-admin';

/** Who sent a request over the control socket. @throws `unauthenticated` */
export type LocalCallerOf = (facts: Pick<RequestFacts, 'incoming'>) => Caller;

/** Whom the kernel must name as the user of the peer. */
export interface LocalRights {
  /** The user of the daemon. */
  readonly ownUid: number;
  /** The id of `adminGroup`; undefined where the machine has no such group. */
  readonly adminGid: number | undefined;
}

/** Root, the user of the daemon, and the group of administrators may do everything. Nobody else may do anything. */
export const isAdmitted = (peer: PeerCredentials, { ownUid, adminGid }: LocalRights): boolean =>
  peer.uid === 0 ||
  peer.uid === ownUid ||
  (adminGid !== undefined && (peer.gid === adminGid || peer.groups.includes(adminGid)));

const local = { scopes: new Set(allScopes), provedAtMs: 'always', isLimited: false } as const;

/** The sender as the user of the daemon, for every request. For tests, which need no audit of process ids. */
export const unnamedLocalCaller: LocalCallerOf = () => ({
  actor: `uid:${process.getuid?.() ?? 'unknown'}`,
  origin: 'local socket',
  ...local,
});

/**
 * The sender as the kernel knows it: user and process. The mode of the socket keeps others out already; this does, too, if somebody
 * changes the mode. @throws `peer-credentials-unavailable`
 */
export async function openLocalCaller(
  rights: LocalRights,
  logger: Pick<Logger, 'error'>,
): Promise<LocalCallerOf> {
  const read = await openPeerCredentials();
  const peerOf = (socket: Socket | null): PeerCredentials | undefined =>
    socket === null ? undefined : read(socket);
  return ({ incoming }) => {
    const peer = peerOf(incoming.socket);
    if (peer !== undefined && isAdmitted(peer, rights)) {
      return { actor: `uid:${peer.uid}`, origin: `local socket pid ${peer.pid}`, ...local };
    }
    // The kernel names nobody where the client has closed the connection already.
    if (peer !== undefined) {
      const { uid, pid } = peer;
      logger.error('a process of another user was refused at the local API', { uid, pid });
    }
    throw refusal('unauthenticated:local', { adminGroup });
  };
}
