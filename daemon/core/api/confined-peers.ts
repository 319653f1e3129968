import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { PeerCredentials } from '../../host/peer-credentials.js';
import { currentUser, findUser } from '../../host/system-user.js';
import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { TokenBucket } from '../../kernel/token-bucket.js';

/** The users of processes that read bytes from cameras, uploads, and the network. */
const userNames = { vision: 'rollcall-vision', gate: 'rollcall-gate' } as const;
export type ConfinedProcess = keyof typeof userNames;

interface ConfinedPeersOptions {
  readonly users: ReadonlyMap<number, ConfinedProcess>;
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
      const process = peer === undefined ? undefined : this.#options.users.get(peer.uid);
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

/** By user id. Empty where one user runs everything, such as in a demo. */
export async function confinedUsers(): Promise<ReadonlyMap<number, ConfinedProcess>> {
  const own = currentUser().uid;
  const users = new Map<number, ConfinedProcess>();
  for (const process of ['vision', 'gate'] as const) {
    const user = await findUser(userNames[process]);
    if (user !== undefined && user.uid !== own && user.uid !== 0) users.set(user.uid, process);
  }
  return users;
}
