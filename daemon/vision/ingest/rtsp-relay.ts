import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import { type CameraAddress, endpointOf, isSameServer, requireEndpoint } from './camera-address.js';
import type { CameraStream } from './camera-network.js';
import { MediaRelay, playerPortsOf } from './media-relay.js';
import { CameraLogin } from './rtsp-login.js';
import { headerOf, headersOf, NotRtsp, type RtspMessage, RtspSplitter, rtspBytes } from './rtsp-message.js';
import type { FailureVerdict } from './stream-end.js';

/** Most requests of FFmpeg that wait for an answer. */
const mostPending = 16;
/** Most bytes that wait for the camera to read them. */
const mostUnread = 1024 * 1024;
const mostRedirects = 3;
/** Streams of a camera with media over UDP. FFmpeg asks for one. */
const mostMedia = 4;
const loopback = '127.0.0.1';
/** After the end of FFmpeg: time to read its last requests from the socket, milliseconds. */
const farewellMs = 500;
/** The headers that FFmpeg needs. Others would only trigger its workarounds for old servers. */
const passedHeaders: ReadonlySet<string> = new Set(
  'content-type content-base session transport rtp-info range public'.split(' '),
);
const loginFailures = {
  refused: 'unauthorised',
  unprotected: 'login-unprotected',
  unsupported: 'login-unsupported',
} as const;

interface RelayOptions {
  readonly clock: Clock;
  readonly address: CameraAddress;
  /** The connection to the camera, with an accepted certificate. The relay owns it. */
  readonly camera: CameraStream;
  /** Called once where the camera cannot be used; the connections end. */
  onFailure(failure: FailureVerdict): void;
  /** Called when the relay sends a login by this method. */
  onLogin(method: 'digest' | 'basic'): void;
}

/** A request of FFmpeg that the camera has not answered. */
interface Pending {
  readonly request: RtspMessage;
  readonly method: string;
  /** The CSeq of FFmpeg. */
  readonly number: string;
  /** The URI in the request to the camera. */
  uri: string;
  /** The CSeq in the request to the camera. */
  sentAs: number;
  repetitions: number;
  redirects: number;
  hadLogin: boolean;
  /** Where the request asks for media over UDP. */
  media: MediaRelay | undefined;
}

/**
 * Starts a relay between FFmpeg and one camera. FFmpeg answers any challenge, follows any redirection and accepts any
 * certificate. So it gets neither the login nor the address of the camera, only an address on the loopback. The relay talks
 * to the camera, over one connection to the configured host and port. It forwards media unread, also over UDP.
 */
export async function startRtspRelay(options: RelayOptions): Promise<RtspRelay> {
  const server = createServer({ noDelay: true });
  server.listen(0, loopback);
  await once(server, 'listening');
  return new RtspRelay(options, server);
}

/** Dispose of it after FFmpeg has ended: FFmpeg's last request (TEARDOWN) still reaches the camera. */
export class RtspRelay implements AsyncDisposable {
  /** The address for FFmpeg. It contains no login of the camera and is valid for one connection. */
  readonly url: string;
  readonly #options: RelayOptions;
  readonly #camera: Socket;
  readonly #server: Server;
  readonly #login: CameraLogin;
  readonly #endpoint: ReturnType<typeof requireEndpoint>;
  /** The secret beginning of the addresses that FFmpeg uses: only a client that knows it is admitted. */
  readonly #base: string;
  /** Connections without a valid request so far. */
  readonly #unknown = new Set<Socket>();
  readonly #media: MediaRelay[] = [];
  #player: Socket | undefined;
  #pending: Pending[] = [];
  #sent = 0;
  #hasAnswered = false;
  #isPlaying = false;
  readonly #over = new AbortController();

  constructor(options: RelayOptions, server: Server) {
    const { address, camera } = options;
    const { port } = server.address() as AddressInfo;
    this.#options = options;
    this.#camera = camera.socket;
    this.#server = server;
    this.#endpoint = requireEndpoint(address);
    this.#login = new CameraLogin(address.credential, address.allowsBasicLogin ?? false);
    const token = randomBytes(16).toString('hex');
    this.#base = `rtsp://${loopback}:${port}/${token}`;
    this.url = this.#base + this.#endpoint.path;
    server.on('connection', (socket: Socket) => this.#admit(socket));
    this.#camera.on('close', () => this.#cameraClosed());
    this.#camera.on('end', () => this.#cameraClosed());
  }

  /** Replaces the address of the relay in a text with the address of the camera. */
  withoutRelay(text: string): string {
    return text.replaceAll(this.#base, this.#endpoint.origin);
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const player = this.#player;
    if (!this.#isOver && player?.closed === false) {
      player.resume();
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.after(farewellMs, resolve);
        player.once('close', () => {
          timer.cancel();
          resolve();
        });
      });
    }
    this.#end();
  }

  #end(): void {
    this.#over.abort();
    this.#server.close();
    for (const socket of this.#unknown) socket.destroy();
    this.#player?.destroy();
    for (const media of this.#media.splice(0)) media[Symbol.dispose]();
    this.#camera.destroySoon();
  }

  #fail(failure: FailureVerdict): void {
    if (this.#isOver) return;
    this.#options.onFailure(failure);
    this.#end();
  }

  /** Any process of the machine can connect. The first valid request admits one client, and no other after it. */
  #admit(socket: Socket): void {
    this.#unknown.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#unknown.delete(socket));
    const splitter = new RtspSplitter(
      (message) => this.#onRequest(socket, message),
      (bytes) => {
        if (this.#player !== socket) socket.destroy();
        else this.#toCamera(bytes);
      },
    );
    socket.on('data', (chunk: Buffer) => {
      if (!push(splitter, chunk)) socket.destroy();
    });
  }

  #connectPlayer(player: Socket): void {
    this.#player = player;
    this.#unknown.delete(player);
    this.#server.close();
    for (const other of this.#unknown) other.destroy();
    const splitter = new RtspSplitter(
      (message) => this.#onCameraMessage(message),
      (bytes) => this.#toPlayer(bytes),
    );
    const camera = this.#camera;
    camera.on('data', (chunk: Buffer) => {
      if (push(splitter, chunk)) return;
      this.#fail(
        this.#isPlaying ? { code: 'ended', detail: 'it sent data that is not RTSP' } : { code: 'not-rtsp' },
      );
    });
    player.on('drain', () => camera.resume());
    camera.on('drain', () => player.resume());
    player.on('close', () => camera.end());
    camera.resume();
    if (camera.destroyed) this.#cameraClosed();
  }

  #onRequest(socket: Socket, request: RtspMessage): void {
    const [method = '', uri = ''] = request.firstLine.split(' ');
    if (!uri.startsWith(this.#base) || (this.#player !== undefined && this.#player !== socket)) {
      socket.destroy();
      return;
    }
    if (this.#player === undefined) this.#connectPlayer(socket);
    if (this.#pending.length >= mostPending) this.#pending.shift();
    const pending = {
      ...{ request, method, number: headerOf(request, 'CSeq') ?? '0', sentAs: 0 },
      uri: this.#endpoint.origin + uri.slice(this.#base.length),
      ...{ repetitions: 0, redirects: 0, hadLogin: false, media: undefined },
    };
    this.#pending.push(pending);
    const ports = method === 'SETUP' ? playerPortsOf(headerOf(request, 'Transport') ?? '') : undefined;
    if (ports === undefined) this.#send(pending);
    else void this.#openMedia(pending, ports);
  }

  /** FFmpeg sends nothing until the camera has answered. */
  async #openMedia(pending: Pending, player: readonly [number, number]): Promise<void> {
    try {
      if (this.#media.length >= mostMedia) throw new Error('FFmpeg asks for too many streams');
      const pair = await this.#options.camera.openDatagrams(this.#over.signal);
      const media = await MediaRelay.open(pair, player);
      if (this.#isOver) {
        media[Symbol.dispose]();
        return;
      }
      this.#media.push(media);
      pending.media = media;
      this.#send(pending);
    } catch (error) {
      this.#fail({ code: 'unreachable', detail: `no ports for media over UDP: ${messageOf(error)}` });
    }
  }

  #send(pending: Pending): void {
    const { request, method, uri } = pending;
    this.#sent += 1;
    pending.sentAs = this.#sent;
    const authorization = this.#login.authorization(method, uri);
    pending.hadLogin = authorization !== undefined;
    const headers = request.headers
      .filter(([name]) => !/^(?:cseq|authorization)$/i.test(name))
      .map(([name, value]) => [name, forCamera(name, value, pending.media)] as const);
    const login = authorization === undefined ? [] : [['Authorization', authorization] as const];
    this.#toCamera(
      rtspBytes({
        firstLine: `${method} ${uri} RTSP/1.0`,
        headers: [['CSeq', String(this.#sent)], ...headers, ...login],
        body: request.body,
      }),
    );
  }

  #onCameraMessage(message: RtspMessage): void {
    if (this.#isOver) return;
    this.#hasAnswered = true;
    if (!message.firstLine.startsWith('RTSP/')) {
      this.#onCameraRequest(message);
      return;
    }
    const status = Number(message.firstLine.split(' ', 2)[1]);
    if (status < 200) return;
    const pending = this.#takePending(headerOf(message, 'CSeq'));
    if (pending === undefined) return;
    if (status === 401) this.#onChallenge(pending, message);
    else if (status >= 300 && status < 400 && status !== 304) this.#onRedirect(pending, message, status);
    else this.#passOn(pending, message);
  }

  /** An answer without a known number belongs to the oldest request: such cameras answer in order. */
  #takePending(number: string | undefined): Pending | undefined {
    const found = this.#pending.find(({ sentAs }) => String(sentAs) === number) ?? this.#pending[0];
    this.#pending = this.#pending.filter((each) => each !== found);
    return found;
  }

  #onChallenge(pending: Pending, answer: RtspMessage): void {
    const verdict = this.#login.challenged(headersOf(answer, 'WWW-Authenticate'), pending);
    if (verdict === 'again') {
      pending.repetitions += 1;
      this.#pending.push(pending);
      if (this.#login.method !== undefined) this.#options.onLogin(this.#login.method);
      this.#send(pending);
    } else if (this.#isPlaying) this.#passOn(pending, answer);
    else this.#fail({ code: loginFailures[verdict] });
  }

  /** Follows a redirection to another path of the same server only: the login belongs to this server. */
  #onRedirect(pending: Pending, answer: RtspMessage, status: number): void {
    const target = endpointOf(headerOf(answer, 'Location') ?? '');
    const isFollowed =
      target !== undefined &&
      status !== 305 &&
      pending.redirects < mostRedirects &&
      isSameServer(target, this.#endpoint);
    if (!isFollowed) {
      this.#fail({ code: 'redirected', ...detailOf(target) });
      return;
    }
    pending.redirects += 1;
    pending.uri = this.#endpoint.origin + target.path;
    this.#pending.push(pending);
    this.#send(pending);
  }

  #passOn(pending: Pending, answer: RtspMessage): void {
    if (pending.method === 'PLAY' && / 2\d\d\b/.test(answer.firstLine)) this.#isPlaying = true;
    const passed = answer.headers.filter(([name]) => passedHeaders.has(name.toLowerCase()));
    const headers = passed.map(([name, value]): [string, string] => [
      name,
      this.#forPlayer(name, value, pending.media),
    ]);
    if (pending.redirects > 0 && headerOf(answer, 'Content-Base') === undefined) {
      headers.push(['Content-Base', this.#withRelay(pending.uri)]);
    }
    const body = Buffer.from(this.#descriptionForPlayer(answer.body.toString('latin1')), 'latin1');
    const { firstLine } = answer;
    this.#toPlayer(rtspBytes({ firstLine, headers: [['CSeq', pending.number], ...headers], body }));
  }

  /** FFmpeg logs a description as it is. A line of another form could look like what FFmpeg says about its pictures. */
  #descriptionForPlayer(text: string): string {
    return text
      .split(/[\r\n]+/)
      .filter((line) => /^[ \t]*[a-z]=/i.test(line))
      .map((line) => `${/^a=control:/i.test(line) ? this.#withRelay(line) : line}\r\n`)
      .join('');
  }

  #forPlayer(name: string, value: string, media: MediaRelay | undefined): string {
    switch (name.toLowerCase()) {
      case 'content-base':
        return value.startsWith('/') ? this.#base + value : this.#withRelay(value);
      case 'rtp-info':
        return this.#withRelay(value);
      case 'transport':
        return fromRelay(media === undefined ? value : media.forPlayer(value));
      default:
        return value;
    }
  }

  /**
   * Replaces the address of the camera in a text with the address of the relay. Cameras often use another name for
   * themselves, so any host and port is replaced: the relay sends all requests to the configured address.
   */
  #withRelay(text: string): string {
    return text.replace(/\brtsps?:\/\/[^/?#\s;,"]*/gi, this.#base);
  }

  /** Answers a request of the camera. FFmpeg needs none of them and does not see them. */
  #onCameraRequest(request: RtspMessage): void {
    const [method = ''] = request.firstLine.split(' ', 1);
    if (method === 'REDIRECT') {
      this.#fail({ code: 'redirected', ...detailOf(endpointOf(headerOf(request, 'Location') ?? '')) });
      return;
    }
    const firstLine = `RTSP/1.0 ${method === 'OPTIONS' ? '200 OK' : '501 Not Implemented'}`;
    const headers = [['CSeq', headerOf(request, 'CSeq') ?? '0']] as const;
    this.#toCamera(rtspBytes({ firstLine, headers, body: Buffer.alloc(0) }));
  }

  #toPlayer(bytes: Buffer): void {
    if (this.#isOver || this.#player?.writable !== true) return;
    if (!this.#player.write(bytes)) this.#camera.pause();
  }

  #toCamera(bytes: Buffer): void {
    const camera = this.#camera;
    if (this.#isOver || !camera.writable) return;
    if (!camera.write(bytes)) this.#player?.pause();
    // The camera sends requests but does not read the answers.
    if (camera.writableLength > mostUnread) this.#fail({ code: 'no-answer' });
  }

  /** FFmpeg still gets everything that the camera sent, and then the end of the stream. Where FFmpeg gave up first, the camera is not to blame. */
  #cameraClosed(): void {
    if (this.#player?.closed === true) return;
    if (this.#hasAnswered) this.#player?.end();
    else this.#fail({ code: 'not-rtsp', detail: 'it closed the connection without an answer' });
  }
}

const forCamera = (name: string, value: string, media: MediaRelay | undefined): string =>
  media !== undefined && /^transport$/i.test(name) ? media.forCamera(value) : value;

/** Over UDP, FFmpeg accepts media from the relay only, whatever source the camera names. FFmpeg uses the first transport. */
function fromRelay(transports: string): string {
  const [transport = ''] = transports.split(',', 1);
  const fields = transport.split(';').filter((field) => !/^\s*source\s*=/i.test(field));
  return [...fields, `source=${loopback}`].join(';');
}

function push(splitter: RtspSplitter, chunk: Buffer): boolean {
  try {
    splitter.push(chunk);
    return true;
  } catch (error) {
    if (error instanceof NotRtsp) return false;
    throw error;
  }
}

/** The target of a redirection, if it is safe to show. */
function detailOf(target: ReturnType<typeof endpointOf>): { readonly detail?: string } {
  if (target === undefined) return {};
  const [path = ''] = target.path.split('?');
  return {
    detail: `to ${/^[!-~]{1,300}$/.test(target.origin + path) ? target.origin + path : 'an unusual address'}`,
  };
}
