import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { PeerCredentials } from '../../host/peer-credentials.js';
import { currentUser, findGroup, findUser } from '../../host/system-user.js';
import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { TokenBucket } from '../../kernel/token-bucket.js';

/** Processes that read bytes from cameras, uploads, and the network. */
export type ConfinedProcess = 'vision' | 'gate';

type ConfinedProcessOf = (peer: PeerCredentials) => ConfinedProcess | undefined;

interface ConfinedPeersOptions {
  readonly processOf: ConfinedProcessOf;
  readonly peerOf: (socket: Socket) => PeerCredentials | undefined;
  readonly onRefused: (process: ConfinedProcess) => void;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error'>;
}

/**
 * Ends connections of vision processes and the gate to sockets that they never need. The walls around them hide these sockets: a
 * process that gets this far was taken over, and its wall has a hole. The peer is asked for nothing, and nothing that it sends is read.
 */
export class ConfinedPeers {
  readonly #options: ConfinedPeersOptions;
  /** Lines of the log: a process may connect as often as it likes. */
  readonly #lines: TokenBucket;

  constructor(options: ConfinedPeersOptions) {
    this.#options = options;
    this.#lines = new TokenBucket(options.clock, { most: 5, everyMs: 60_000 });
  }

  /** Lets none of `processes` use the server at `socketPath`. */
  refuseAt(server: Server, socketPath: string, processes: readonly ConfinedProcess[]): void {
    server.on('connection', (socket: Socket) => {
      const peer = this.#options.peerOf(socket);
      const process = peer === undefined ? undefined : this.#options.processOf(peer);
      if (peer === undefined || process === undefined || !processes.includes(process)) return;
      socket.destroy();
      const { uid, pid } = peer;
      if (this.#lines.take()) {
        const about = { socketPath, process, uid, pid, others: this.#lines.takeRefused() };
        this.#options.logger.error('a process was refused at a socket that it never needs', about);
      }
      this.#options.onRefused(process);
    });
  }
}

/** Vision processes have a user of their own each, and one group; the gate has one user. Where one user runs everything, such as in a demo, nobody is confined. */
export async function openConfinedProcessOf(): Promise<ConfinedProcessOf> {
  const visionGid = await findGroup('rollcall-vision');
  const gate = await findUser('rollcall-gate');
  const own = currentUser().uid;
  return ({ uid, gid, groups }) => {
    if (uid === 0 || uid === own) return undefined;
    if (uid === gate?.uid) return 'gate';
    return visionGid !== undefined && (gid === visionGid || groups.includes(visionGid))
      ? 'vision'
      : undefined;
  };
}
