import type { Socket } from 'node:dgram';
import { type DatagramKind, type DatagramPair, neighbours } from './datagram-pair.js';

type Ports = readonly [number, number];

const loopback = '127.0.0.1';

/** The ports in a Transport header at which FFmpeg expects media over UDP; undefined where it wants media in its connection. */
export const playerPortsOf = (transport: string): Ports | undefined => portsIn(transport, 'client_port');

/** Passes on the media of one stream over UDP. FFmpeg and the camera see ports of the relay only. */
export class MediaRelay implements Disposable {
  readonly #pair: DatagramPair;
  readonly #player: Ports;
  readonly #local: readonly [Socket, Socket];
  /** Undefined until the camera has named its ports, or if it doesn't: then any of its ports may send. */
  #camera: Ports | undefined;

  /** Owns `pair`. `player`: the ports of FFmpeg. */
  static async open(pair: DatagramPair, player: Ports): Promise<MediaRelay> {
    return new MediaRelay(pair, player, await neighbours('udp4', loopback));
  }

  private constructor(pair: DatagramPair, player: Ports, local: readonly [Socket, Socket]) {
    this.#pair = pair;
    this.#player = player;
    this.#local = local;
    pair.receive((kind, port, bytes) => this.#toPlayer(kind, port, bytes));
    for (const kind of [0, 1] as const) {
      local[kind].on('message', (bytes, { port }) => {
        if (port === player[kind]) this.#toCamera(kind, bytes);
      });
    }
  }

  /** The Transport header of FFmpeg, for the camera. */
  forCamera(transport: string): string {
    return withPorts(transport, 'client_port', this.#pair.ports);
  }

  /** The Transport header of the camera, for FFmpeg. */
  forPlayer(transport: string): string {
    this.#camera = portsIn(transport, 'server_port');
    const local: Ports = [this.#local[0].address().port, this.#local[1].address().port];
    return withPorts(withPorts(transport, 'client_port', this.#player), 'server_port', local);
  }

  #toPlayer(kind: DatagramKind, port: number, bytes: Buffer): void {
    if (this.#camera !== undefined && this.#camera[kind] !== port) return;
    this.#local[kind].send(bytes, this.#player[kind], loopback, () => undefined);
  }

  #toCamera(kind: DatagramKind, bytes: Buffer): void {
    const port = this.#camera?.[kind];
    if (port !== undefined) this.#pair.send(kind, port, bytes);
  }

  [Symbol.dispose](): void {
    this.#pair.close();
    for (const socket of this.#local) socket.close();
  }
}

function portsIn(transport: string, field: 'client_port' | 'server_port'): Ports | undefined {
  const found = new RegExp(`;\\s*${field}\\s*=\\s*(\\d{1,5})(?:-(\\d{1,5}))?`, 'i').exec(transport);
  if (found === null) return undefined;
  const first = Number(found[1]);
  const second = found[2] === undefined ? first + 1 : Number(found[2]);
  return [first, second].every((port) => port > 0 && port < 65_536) ? [first, second] : undefined;
}

function withPorts(transport: string, field: 'client_port' | 'server_port', ports: Ports): string {
  return transport.replace(new RegExp(`(;\\s*${field}\\s*=\\s*)[\\d-]+`, 'i'), `$1${ports.join('-')}`);
}
