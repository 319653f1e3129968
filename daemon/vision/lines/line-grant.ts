import type { Socket } from 'node:net';
import type { CameraPlan, LineAccess, Order } from '../../contract/vision/vision-orders.js';
import type { Report } from '../../contract/vision/vision-reports.js';
import { endpointOf } from '../ingest/camera-address.js';
import type { CameraStream, CameraTarget } from '../ingest/camera-network.js';
import type { DatagramPair } from '../ingest/datagram-pair.js';
import type { LineRequest } from './line-messages.js';

/** Lines of one process at once. A camera takes a few: its streams, a view of its video, and media over UDP. */
const mostLines = 512;

type Endpoint = Pick<LineRequest, 'host' | 'port'>;
type Granted = Pick<CameraPlan, 'url' | 'substreamUrl' | 'extraNetworks'>;

/** The cameras that one vision process may reach: those of the orders that it got. */
export class LineGrant implements Disposable {
  /** For the process. */
  readonly access: LineAccess;
  readonly #onEnd: () => void;
  /** By the id of the camera, or by the request of its test. */
  readonly #cameras = new Map<string | number, Granted>();
  /** The cameras that are being closed, by request. */
  readonly #closing = new Map<number, string>();
  /** The latest connection to each endpoint, whose camera may also send datagrams. */
  readonly #streams = new Map<string, CameraStream>();
  readonly #lines = new Map<Socket, Endpoint>();

  constructor(access: LineAccess, onEnd: () => void) {
    this.access = access;
    this.#onEnd = onEnd;
  }

  /** The process gets this order. */
  ordered(order: Order): void {
    if (order.type === 'start') for (const camera of order.plan.cameras) this.#cameras.set(camera.id, camera);
    else if (order.type === 'open-camera') this.#cameras.set(order.camera.id, order.camera);
    else if (order.type === 'test-camera') this.#cameras.set(order.request, order.camera);
    else if (order.type === 'close-camera') this.#closing.set(order.request, order.cameraId);
  }

  /** The process reported this: a camera that it has closed or tested is not its own any longer. */
  reported(report: Report): void {
    if (report.type === 'camera-test') this.#withdraw(report.request);
    else if (report.type === 'camera-closed') this.#withdraw(this.#closing.get(report.request) ?? '');
  }

  /** Where the line leads; undefined where the process may not have it. */
  take({ host, port }: Endpoint, line: Socket): CameraTarget | undefined {
    const bounds = this.#boundsOf({ host, port });
    if (bounds === undefined || this.#lines.size >= mostLines) return undefined;
    this.#lines.set(line, { host, port });
    line.once('close', () => this.#lines.delete(line));
    return { host, port, extraNetworks: bounds.extraNetworks };
  }

  connected(endpoint: Endpoint, stream: CameraStream): void {
    this.#streams.set(keyOf(endpoint), stream);
  }

  /** Ports for a camera that is connected. */
  openDatagrams(endpoint: Endpoint, signal: AbortSignal): Promise<DatagramPair> {
    const stream = this.#streams.get(keyOf(endpoint));
    if (stream === undefined) throw new Error('the camera is not connected');
    return stream.openDatagrams(signal);
  }

  [Symbol.dispose](): void {
    this.#cameras.clear();
    this.#cut();
    this.#onEnd();
  }

  #boundsOf({ host, port }: Endpoint): Pick<Granted, 'extraNetworks'> | undefined {
    const found = [...this.#cameras.values()].filter(({ url, substreamUrl }) =>
      [url, substreamUrl].some((each) => {
        const endpoint = each === null ? undefined : endpointOf(each);
        return endpoint?.host === host && endpoint.port === port;
      }),
    );
    return found.find(({ extraNetworks }) => extraNetworks === null) ?? found[0];
  }

  #withdraw(camera: string | number): void {
    this.#cameras.delete(camera);
    this.#cut();
  }

  /** Ends the lines to cameras that are not of the process any longer. */
  #cut(): void {
    for (const [line, endpoint] of this.#lines) if (this.#boundsOf(endpoint) === undefined) line.destroy();
    for (const [key] of this.#streams) {
      if (![...this.#lines.values()].some((endpoint) => keyOf(endpoint) === key)) this.#streams.delete(key);
    }
  }
}

const keyOf = ({ host, port }: Endpoint): string => `${host} ${port}`;
