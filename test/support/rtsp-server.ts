import {
  type Mount,
  type RtspCredentials,
  type RtspServerEvent,
  type RtspServerProcess,
  rtspUrl,
  startRtspServerProcess,
} from '../../scripts/virtual-camera/rtsp-server.js';

export interface TestRtspServerOptions {
  /** Path to clip file, or to a mount with its own behaviour. */
  readonly mounts: Readonly<Record<string, string | Mount>>;
  readonly auth?: RtspCredentials;
  readonly transport?: 'tcp' | 'udp' | 'both';
  /** Default 127.0.0.1; `::1` for IPv6. */
  readonly address?: '127.0.0.1' | '::1';
  /** Default 0: any free one. */
  readonly port?: number;
}

/** A real RTSP server on the loopback that a test can hurt. */
export interface TestRtspServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** What clients of the present process did, oldest first. */
  readonly events: readonly RtspServerEvent[];
  /** URL of a mount, without credentials by default. */
  url(mount: string, withCredentials?: boolean): string;
  /** Sends a signal and, when it is one that ends the process, waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the process if it still runs and starts a new one on the same port. */
  restart(): Promise<void>;
  /** Stops the process with SIGSTOP: connections stay open and silent. */
  freeze(): void;
  thaw(): void;
}

/** Starts GStreamer's RTSP server on the loopback; every client must log in if `auth` is given. */
export async function startRtspServer(options: TestRtspServerOptions): Promise<TestRtspServer> {
  const settings = {
    ...options,
    mounts: Object.fromEntries(
      Object.entries(options.mounts).map(([path, clip]) => [
        path,
        typeof clip === 'string' ? { file: clip } : clip,
      ]),
    ),
  };
  let server: RtspServerProcess = await startRtspServerProcess(settings);
  const { port } = server;
  return {
    port,
    get pid() {
      return server.pid;
    },
    get events() {
      return server.events;
    },
    url: (mount, withCredentials = false) =>
      rtspUrl(port, mount, {
        host: options.address === '::1' ? '[::1]' : '127.0.0.1',
        ...(withCredentials && options.auth !== undefined ? { auth: options.auth } : {}),
      }),
    async kill(signal = 'SIGKILL') {
      server.kill(signal);
      if (signal === 'SIGKILL') server.kill('SIGCONT');
      await server.ended;
    },
    async restart() {
      await server[Symbol.asyncDispose]();
      server = await startRtspServerProcess({ ...settings, port });
    },
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
