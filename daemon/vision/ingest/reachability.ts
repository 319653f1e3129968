import { connect } from 'node:net';
import type { Clock } from '../../base/clock.js';

/** Ports of RFC 2326 and RFC 7826 for addresses that name none. */
const defaultPorts: Readonly<Record<string, number>> = { 'rtsp:': 554, 'rtsps:': 322 };

/**
 * Whether somebody accepts connections at the host and port of an RTSP URL. FFmpeg does not say why it could
 * not connect when the network drops the packets; this tells a wrong address from a camera that is ill.
 */
export function isReachable(url: string, clock: Clock, timeoutMs: number): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({ host, port: Number(port) || (defaultPorts[protocol] ?? 554) });
  return new Promise((resolve) => {
    const timer = clock.after(timeoutMs, () => settle(false));
    const settle = (isConnected: boolean): void => {
      timer.cancel();
      socket.destroy();
      resolve(isConnected);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
