import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../base/clock.js';
import { type CameraAddress, endpointOf, isSameServer, requireEndpoint } from './camera-address.js';
import { CameraLogin } from './camera-login.js';
import { headerOf, headersOf, NotRtsp, type RtspMessage, RtspSplitter, rtspBytes } from './rtsp-message.js';
import type { FailureVerdict } from './stream-end.js';

/** Requests that FFmpeg sends before it reads the answer to an earlier one. */
const mostPending = 16;
/** What a side has not read yet; media from the camera stops being read before. Bytes. */
const mostUnread = 1024 * 1024;
const mostRedirects = 3;
/** FFmpeg has ended: what it wrote is here already, milliseconds. */
const farewellMs = 500;
/** Headers of an answer that FFmpeg needs; the others would only choose among its special cases for old servers. */
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
  /** Connected to the camera, its certificate accepted; belongs to the relay from now on. */
  readonly camera: Socket;
  /** The camera cannot be used, because…: told once, and the connections end. */
  onFailure(failure: FailureVerdict): void;
  /** The camera gets the login in this form. */
  onLogin(method: 'digest' | 'basic'): void;
}

/** A request of FFmpeg that the camera has not answered. */
interface Pending {
  readonly request: RtspMessage;
  readonly method: string;
  /** As FFmpeg numbered it. */
  readonly number: string;
  /** What the camera is asked for. */
  uri: string;
  /** As it was numbered for the camera. */
  sentAs: number;
  repetitions: number;
  redirects: number;
  hadLogin: boolean;
}

/** Disposed after FFmpeg has ended: what it said last (TEARDOWN) still reaches the camera. */
export interface RtspRelay extends AsyncDisposable {
  /** For FFmpeg; holds no login of the camera, and is good for one connection. */
  readonly url: string;
  /** The text with the address of the camera in place of that of the relay. */
  withoutRelay(text: string): string;
}

/**
 * Stands between FFmpeg and one camera. FFmpeg answers any challenge, follows any redirection and takes any certificate;
 * so it gets neither the login nor a way to the camera, but an address on the loopback. What is said to the camera is
 * said here, in one connection to the configured host and port. Media is passed on unread.
 */
export async function startRtspRelay(options: RelayOptions): Promise<RtspRelay> {
  const server = createServer({ noDelay: true });
  // FFmpeg takes media over UDP by the same version of IP as it is connected by.
  server.listen(0, options.camera.remoteFamily === 'IPv6' ? '::1' : '127.0.0.1');
  await once(server, 'listening');
  return new Relay(options, server);
}

class Relay implements RtspRelay {
  readonly url: string;
  readonly #options: RelayOptions;
  readonly #camera: Socket;
  readonly #server: Server;
  readonly #login: CameraLogin;
  readonly #endpoint: ReturnType<typeof requireEndpoint>;
  /** What addresses begin with that FFmpeg uses: only who was told it is let in. */
  readonly #base: string;
  readonly #strangers = new Set<Socket>();
  #player: Socket | undefined;
  #pending: Pending[] = [];
  #sent = 0;
  #hasAnswered = false;
  #isPlaying = false;
  #isOver = false;

  constructor(options: RelayOptions, server: Server) {
    const { address, camera } = options;
    const { family, port, address: host } = server.address() as AddressInfo;
    this.#options = options;
    this.#camera = camera;
    this.#server = server;
    this.#endpoint = requireEndpoint(address);
    this.#login = new CameraLogin(address.credential, address.allowsBasicLogin ?? false);
    const token = randomBytes(16).toString('hex');
    this.#base = `rtsp://${family === 'IPv6' ? `[${host}]` : host}:${port}/${token}`;
    this.url = this.#base + this.#endpoint.path;
    server.on('connection', (socket: Socket) => this.#admit(socket));
    camera.on('close', () => this.#cameraClosed());
    camera.on('end', () => this.#cameraClosed());
  }

  withoutRelay(text: string): string {
    return text.replaceAll(this.#base, this.#endpoint.origin);
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
    this.#isOver = true;
    this.#server.close();
    for (const socket of this.#strangers) socket.destroy();
    this.#player?.destroy();
    this.#camera.destroySoon();
  }

  #fail(failure: FailureVerdict): void {
    if (this.#isOver) return;
    this.#options.onFailure(failure);
    this.#end();
  }

  /** Any process of the machine can connect: it is let in by its first request, and then no other. */
  #admit(socket: Socket): void {
    this.#strangers.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#strangers.delete(socket));
    const splitter = new RtspSplitter(
      (message) => this.#asked(socket, message),
      (bytes) => {
        if (this.#player !== socket) socket.destroy();
        else this.#toCamera(bytes);
      },
    );
    socket.on('data', (chunk: Buffer) => {
      if (!push(splitter, chunk)) socket.destroy();
    });
  }

  #welcome(player: Socket): void {
    this.#player = player;
    this.#strangers.delete(player);
    this.#server.close();
    for (const stranger of this.#strangers) stranger.destroy();
    const splitter = new RtspSplitter(
      (message) => this.#cameraSaid(message),
      (bytes) => this.#toPlayer(bytes),
    );
    const camera = this.#camera;
    camera.on('data', (chunk: Buffer) => {
      if (push(splitter, chunk)) return;
      this.#fail(
        this.#isPlaying ? { code: 'ended', detail: 'what it sent is no RTSP' } : { code: 'not-rtsp' },
      );
    });
    player.on('drain', () => camera.resume());
    camera.on('drain', () => player.resume());
    player.on('close', () => camera.end());
    if (camera.destroyed) this.#cameraClosed();
  }

  #asked(socket: Socket, request: RtspMessage): void {
    const [method = '', uri = ''] = request.firstLine.split(' ');
    if (!uri.startsWith(this.#base) || (this.#player !== undefined && this.#player !== socket)) {
      socket.destroy();
      return;
    }
    if (this.#player === undefined) this.#welcome(socket);
    if (this.#pending.length >= mostPending) this.#pending.shift();
    const pending = {
      ...{ request, method, number: headerOf(request, 'CSeq') ?? '0', sentAs: 0 },
      uri: this.#endpoint.origin + uri.slice(this.#base.length),
      ...{ repetitions: 0, redirects: 0, hadLogin: false },
    };
    this.#pending.push(pending);
    this.#send(pending);
  }

  #send(pending: Pending): void {
    const { request, method, uri } = pending;
    this.#sent += 1;
    pending.sentAs = this.#sent;
    const authorization = this.#login.authorization(method, uri);
    pending.hadLogin = authorization !== undefined;
    const headers = request.headers.filter(([name]) => !/^(?:cseq|authorization)$/i.test(name));
    const login = authorization === undefined ? [] : [['Authorization', authorization] as const];
    this.#toCamera(
      rtspBytes({
        firstLine: `${method} ${uri} RTSP/1.0`,
        headers: [['CSeq', String(this.#sent)], ...headers, ...login],
        body: request.body,
      }),
    );
  }

  #cameraSaid(message: RtspMessage): void {
    if (this.#isOver) return;
    this.#hasAnswered = true;
    if (!message.firstLine.startsWith('RTSP/')) {
      this.#cameraAsked(message);
      return;
    }
    const status = Number(message.firstLine.split(' ', 2)[1]);
    if (status < 200) return;
    const pending = this.#answered(headerOf(message, 'CSeq'));
    if (pending === undefined) return;
    if (status === 401) this.#challenged(pending, message);
    else if (status >= 300 && status < 400 && status !== 304) this.#redirected(pending, message, status);
    else this.#passOn(pending, message);
  }

  /** Cameras that number their answers wrongly, or not at all, answer in order. */
  #answered(number: string | undefined): Pending | undefined {
    const found = this.#pending.find(({ sentAs }) => String(sentAs) === number) ?? this.#pending[0];
    this.#pending = this.#pending.filter((each) => each !== found);
    return found;
  }

  #challenged(pending: Pending, answer: RtspMessage): void {
    const verdict = this.#login.challenged(headersOf(answer, 'WWW-Authenticate'), pending);
    if (verdict === 'again') {
      pending.repetitions += 1;
      this.#pending.push(pending);
      if (this.#login.method !== undefined) this.#options.onLogin(this.#login.method);
      this.#send(pending);
    } else if (this.#isPlaying) this.#passOn(pending, answer);
    else this.#fail({ code: loginFailures[verdict] });
  }

  /** Another path of the same server may be asked for; the login belongs to that server alone. */
  #redirected(pending: Pending, answer: RtspMessage, status: number): void {
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
    const headers = passed.map(([name, value]): [string, string] => [name, this.#forPlayer(name, value)]);
    if (pending.redirects > 0 && headerOf(answer, 'Content-Base') === undefined) {
      headers.push(['Content-Base', this.#named(pending.uri)]);
    }
    const body = Buffer.from(
      answer.body.toString('latin1').replace(/^a=control:.*$/gim, (line) => this.#named(line)),
      'latin1',
    );
    const { firstLine } = answer;
    this.#toPlayer(rtspBytes({ firstLine, headers: [['CSeq', pending.number], ...headers], body }));
  }

  #forPlayer(name: string, value: string): string {
    switch (name.toLowerCase()) {
      case 'content-base':
        return value.startsWith('/') ? this.#base + value : this.#named(value);
      case 'rtp-info':
        return this.#named(value);
      case 'transport':
        return this.#fromCamera(value);
      default:
        return value;
    }
  }

  /**
   * Addresses as FFmpeg may use them. Cameras often name themselves by another address than they are reached by, so host
   * and port do not matter: all that FFmpeg asks for is asked of the camera, under the configured address.
   */
  #named(text: string): string {
    return text.replace(/\brtsps?:\/\/[^/?#\s;,"]*/gi, this.#base);
  }

  /** Over UDP, media is taken from the camera alone, whatever source it names. FFmpeg uses the first transport only. */
  #fromCamera(transports: string): string {
    const [transport = ''] = transports.split(',', 1);
    const fields = transport.split(';').filter((field) => !/^\s*source\s*=/i.test(field));
    return [...fields, `source=${this.#camera.remoteAddress ?? ''}`].join(';');
  }

  /** A camera may ask, too. None of it is needed, and FFmpeg is not bothered with it. */
  #cameraAsked(request: RtspMessage): void {
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
    // It asks without reading the answers.
    if (camera.writableLength > mostUnread) this.#fail({ code: 'no-answer' });
  }

  /** FFmpeg still gets what the camera sent, and then the end of it. */
  #cameraClosed(): void {
    if (this.#hasAnswered) this.#player?.end();
    else this.#fail({ code: 'not-rtsp', detail: 'it closes the connection without an answer' });
  }
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

/** Where a camera sends us, as far as it can be shown. */
function detailOf(target: ReturnType<typeof endpointOf>): { readonly detail?: string } {
  if (target === undefined) return {};
  const [path = ''] = target.path.split('?');
  return {
    detail: `to ${/^[!-~]{1,300}$/.test(target.origin + path) ? target.origin + path : 'an odd address'}`,
  };
}
