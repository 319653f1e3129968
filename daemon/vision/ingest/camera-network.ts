import { isIP, connect as openSocket, type Socket } from 'node:net';
import { type DatagramPair, openDatagramPair } from './datagram-pair.js';
import { isReachable, reachableLookup, refusedAddress } from './reachable-address.js';
import { socketOutcome } from './socket-outcome.js';

/** Where a camera is. */
export interface CameraTarget {
  /** Name or IP address. */
  readonly host: string;
  readonly port: number;
  /** Networks that are allowed beside those of `isReachable`; null: any address. */
  readonly extraNetworks: readonly string[] | null;
}

/** A connection to a camera. */
export interface CameraStream {
  /** Nothing has been read from it. It may be paused. */
  readonly socket: Socket;
  /** Opens two ports to which only this camera can send. */
  openDatagrams(signal: AbortSignal): Promise<DatagramPair>;
}

/** A way to reach cameras. */
export interface CameraNetwork {
  /** The caller owns the socket. Rejects with an error of a socket, or when `signal` aborts. */
  connect(target: CameraTarget, signal: AbortSignal): Promise<CameraStream>;
}

/** The network of this process. */
export const ownNetwork: CameraNetwork = {
  async connect({ host, port, extraNetworks }, signal) {
    if (extraNetworks !== null && isIP(host) !== 0 && !isReachable(host, extraNetworks)) {
      throw refusedAddress(host);
    }
    const socket = openSocket({
      ...{ host, port, noDelay: true },
      // For a name with several addresses: the time for each, long enough for a camera on a slow link.
      autoSelectFamilyAttemptTimeout: 2000,
      ...(extraNetworks === null ? {} : { lookup: reachableLookup(extraNetworks) }),
    });
    const error = await socketOutcome(socket, 'connect', signal);
    if (error !== undefined) {
      socket.destroy();
      throw error;
    }
    const address = socket.remoteAddress ?? '';
    return { socket, openDatagrams: () => openDatagramPair(address) };
  },
};
