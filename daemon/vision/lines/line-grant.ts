import type { Socket } from 'node:net';
import type { CameraPlan, DevicePlan, LineAccess, Order } from '../../contract/vision/vision-orders.js';
import type { Report } from '../../contract/vision/vision-reports.js';
import type { Clock } from '../../kernel/clock.js';
import { deviceAddressOf } from '../../kernel/device-address.js';
import { TokenBucket } from '../../kernel/token-bucket.js';
import { endpointOf } from '../ingest/camera-address.js';
import { type CameraStream, ownNetwork } from '../ingest/camera-network.js';
import type { DatagramPair } from '../ingest/datagram-pair.js';

/** Lines at once for each camera: a few for its streams and a view of its video, each with media over UDP, and the same while those end. */
const mostForCamera = 16;
/** Pairs of ports for one stream: FFmpeg asks for one. */
const mostPairs = 4;
/** Attempts of a process: a burst when its cameras come back, then as many as cameras that are gone are tried again. */
const attemptLimit = { most: 512, everyMs: 50 };
/** The code for what is not of the process that asks. */
const notGranted = 'EACCES';
/** The code for a process that asks for too much. */
const tooMany = 'EAGAIN';

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A camera, or a device that is asked for its profiles. */
interface Granted extends Pick<CameraPlan, 'extraNetworks'> {
  readonly endpoints: readonly Endpoint[];
  readonly sendsDatagrams: boolean;
}

interface OpenStream {
  readonly endpoint: Endpoint;
  readonly stream: CameraStream;
  /** The lines with its datagrams. */
  readonly pairs: Set<Socket>;
}

/** The cameras that one vision process may reach: those of the orders that it got. */
export class LineGrant implements Disposable {
  /** For the process. */
  readonly access: LineAccess;
  readonly #attempts: TokenBucket;
  readonly #onEnd: () => void;
  /** By the id of the camera, or by the request of a test or of a question. */
  readonly #granted = new Map<string | number, Granted>();
  /** The cameras that are being closed, by request. */
  readonly #closing = new Map<number, string>();
  readonly #lines = new Map<Socket, Endpoint>();
  /** By number. */
  readonly #streams = new Map<number, OpenStream>();
  #lastStream = 0;

  constructor(access: LineAccess, clock: Clock, onEnd: () => void) {
    this.access = access;
    this.#attempts = new TokenBucket(clock, attemptLimit);
    this.#onEnd = onEnd;
  }

  /** The process gets this order. */
  ordered(order: Order): void {
    if (order.type === 'start') {
      for (const camera of order.plan.cameras) this.#granted.set(camera.id, grantedCamera(camera));
    } else if (order.type === 'open-camera') this.#granted.set(order.camera.id, grantedCamera(order.camera));
    else if (order.type === 'test-camera') this.#granted.set(order.request, grantedCamera(order.camera));
    else if (order.type === 'ask-device') this.#granted.set(order.request, grantedDevice(order.device));
    else if (order.type === 'close-camera') this.#closing.set(order.request, order.cameraId);
  }

  /** The process reported this: a camera that it has closed or tested is not its own any longer. */
  reported(report: Report): void {
    if (report.type === 'camera-test' || report.type === 'device-asked') this.#withdraw(report.request);
    else if (report.type === 'camera-closed') {
      const closed = this.#closing.get(report.request);
      this.#closing.delete(report.request);
      if (closed !== undefined) this.#withdraw(closed);
    }
  }

  /** The core does not wait for the answer any longer. A process that is silent about a test must not keep the camera. */
  givenUp(request: number): void {
    this.#withdraw(request);
  }

  /** Connects a line to a camera. The number stands for the connection while the line is open. */
  async openStream(
    endpoint: Endpoint,
    line: Socket,
    signal: AbortSignal,
  ): Promise<CameraStream & { readonly number: number }> {
    const cameras = this.#grantedAt(endpoint);
    this.#take(line, endpoint, cameras.length > 0);
    const isAnywhere = cameras.some(({ extraNetworks }) => extraNetworks === null);
    const extraNetworks = isAnywhere ? null : (cameras[0]?.extraNetworks ?? []);
    const stream = await ownNetwork.connect({ ...endpoint, extraNetworks }, signal);
    if (line.destroyed) {
      stream.socket.destroy();
      throw new Error('the line has ended');
    }
    this.#lastStream += 1;
    const number = this.#lastStream;
    const open: OpenStream = { endpoint, stream, pairs: new Set() };
    this.#streams.set(number, open);
    line.once('close', () => {
      this.#streams.delete(number);
      for (const pair of open.pairs) pair.destroy();
    });
    return { ...stream, number };
  }

  /** Opens ports for the camera of an open stream, if it is configured to send its media over UDP. They end with the stream. */
  async openDatagrams(number: number, line: Socket, signal: AbortSignal): Promise<DatagramPair> {
    const open = this.#streams.get(number);
    if (open === undefined) throw refusal(notGranted, 'the process has no such stream');
    const isGranted = this.#grantedAt(open.endpoint).some(({ sendsDatagrams }) => sendsDatagrams);
    this.#take(line, open.endpoint, isGranted && open.pairs.size < mostPairs);
    open.pairs.add(line);
    line.once('close', () => open.pairs.delete(line));
    return open.stream.openDatagrams(signal);
  }

  [Symbol.dispose](): void {
    this.#granted.clear();
    this.#cut();
    this.#onEnd();
  }

  #take(line: Socket, endpoint: Endpoint, isGranted: boolean): void {
    if (!isGranted) throw refusal(notGranted, 'the camera is not of this process');
    if (this.#lines.size >= mostForCamera * this.#granted.size || !this.#attempts.take()) {
      throw refusal(tooMany, 'the process asks for too many lines');
    }
    this.#lines.set(line, endpoint);
    line.once('close', () => this.#lines.delete(line));
  }

  #grantedAt({ host, port }: Endpoint): readonly Granted[] {
    return [...this.#granted.values()].filter(({ endpoints }) =>
      endpoints.some((each) => each.host === host && each.port === port),
    );
  }

  #withdraw(camera: string | number): void {
    this.#granted.delete(camera);
    this.#cut();
  }

  /** Ends the lines to cameras that are not of the process any longer. */
  #cut(): void {
    for (const [line, endpoint] of this.#lines) if (this.#grantedAt(endpoint).length === 0) line.destroy();
  }
}

function grantedCamera({ url, substreamUrl, transport, extraNetworks }: CameraPlan): Granted {
  const endpoints = [url, substreamUrl ?? url].flatMap((each) => endpointOf(each) ?? []);
  // With TLS, media uses the one encrypted connection.
  const sendsDatagrams = transport === 'udp' && endpoints[0]?.isEncrypted === false;
  return { endpoints, sendsDatagrams, extraNetworks };
}

function grantedDevice({ address, extraNetworks }: DevicePlan): Granted {
  const endpoint = deviceAddressOf(address);
  return { endpoints: endpoint === undefined ? [] : [endpoint], sendsDatagrams: false, extraNetworks };
}

const refusal = (code: string, why: string): Error => Object.assign(new Error(why), { code });
