import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { operational } from '../../daemon/kernel/errors.js';
import { closeOf } from '../child-end.js';
import { processLost } from '../kept-child.js';

/** Debian's own interpreter: the GObject bindings are installed for this one only. */
const debianPython = '/usr/bin/python3';
const serverScript = fileURLToPath(new URL('./rtsp-server.py', import.meta.url));
const remedy =
  'install gir1.2-gst-rtsp-server-1.0, python3-gi, gstreamer1.0-plugins-base, -good and -bad from Debian';

/** What is behind one path of the server. */
export type Mount = ClipMount | PipelineMount;

/** A pipeline of GStreamer, for streams that no clip gives. Each client gets one of its own. */
interface PipelineMount {
  /** In the form of `gst-launch`, with a payloader `pay0` and, for more streams, `pay1` and so on. */
  readonly launch: string;
}

export interface ClipMount {
  /** H.264, H.265 or MJPEG in any container GStreamer reads (MP4, Matroska, MPEG-TS, a raw Annex B stream). */
  readonly file: string;
  /** Start again after the last picture, without a seam; otherwise the stream ends (BYE). Default true. */
  readonly loop?: boolean;
  /** Leave out what comes before, so that the stream may start between key frames. Default 0: a key frame. */
  readonly startAtS?: number;
  /** Stop sending pictures after so many seconds while the connection stays up. Default: never. */
  readonly silentAfterS?: number;
  /** Share of the RTP packets that are lost on the way, 0 to 1. Default 0. */
  readonly lostShare?: number;
  /**
   * The clip is a store of parts, each of which begins with a key frame: names of parts in a row, the first and the one after the
   * last. `rest` is shown again and again, anything else when `perform` asks for it. The options above have no effect then.
   */
  readonly acts?: Readonly<Record<string, readonly [first: number, end: number]>>;
  /** One pipeline for all clients, as in a camera (who comes later joins mid-way). Default true. */
  readonly isShared?: boolean;
  /**
   * The clip goes on while nobody watches, as in front of a camera: whoever opens it again, or opens another encoding of it, sees what
   * it shows by now. Default: it starts again for the first client.
   */
  readonly isUnceasing?: boolean;
}

export interface RtspCredentials {
  readonly user: string;
  readonly password: string;
  readonly method?: 'digest' | 'basic';
}

export interface RtspServerCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface RtspServerOptions {
  readonly mounts: Readonly<Record<string, Mount>>;
  readonly auth?: RtspCredentials;
  /** Paths of PEM files: the server speaks TLS and nothing else. */
  readonly tls?: RtspServerCertificate;
  /** What clients may ask for. Default both. */
  readonly transport?: 'tcp' | 'udp' | 'both';
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Seconds after which a session ends whose client sends nothing. Default: GStreamer's own, a minute. */
  readonly sessionTimeoutS?: number;
}

/** What a client did, as the server tells it. */
export interface RtspServerEvent {
  readonly event: 'connected' | 'play' | 'teardown' | 'closed' | 'failed';
  readonly mount?: string;
  readonly reason?: string;
}

/** A running server process. */
export interface RtspServerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** Everything clients did so far, oldest first. */
  readonly events: readonly RtspServerEvent[];
  /** Resolves when the process has ended, for any reason. */
  readonly ended: Promise<void>;
  /** Rejects with `process-lost` when the process has ended, however it did. */
  readonly lost: Promise<never>;
  kill(signal: NodeJS.Signals): void;
  /** Lets a mount with acts show one, as soon as the part that is shown now is over. */
  perform(mount: string, act: string): void;
}

type Line = { readonly ready: true; readonly port: number } | { readonly error: string } | RtspServerEvent;

/**
 * Starts GStreamer's RTSP server with the given clips and resolves when it listens. It ends with the returned
 * resource, and with this process, whatever way that ends. Throws `rtsp-server-failed` with the server's reason.
 */
export async function startRtspServerProcess(options: RtspServerOptions): Promise<RtspServerProcess> {
  const child = spawn(debianPython, [serverScript], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const ended = endOf(child);
  let complaint: string | undefined;
  createInterface({ input: child.stderr }).on('line', (line) => {
    complaint = line;
  });
  child.on('error', (error) => {
    complaint = error.message;
  });
  child.stdin.on('error', (error) => {
    complaint ??= error.message;
  });
  child.stdin.write(`${JSON.stringify(settingsOf(options))}\n`);
  const events: RtspServerEvent[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(operational('rtsp-server-failed', `the RTSP server did not start: ${reason}`, { remedy }));
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      if ('ready' in line) resolve(line.port);
      else if ('error' in line) fail(line.error);
      else events.push(line);
    });
    void ended.then(() => fail(complaint ?? `exit code ${child.exitCode}`));
  });
  const lost = ended.then((): never => {
    const { exitCode: code, signalCode: signal } = child;
    throw processLost('the RTSP server', { code, signal }, complaint === undefined ? [] : [complaint]);
  });
  lost.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    port,
    events,
    ended,
    lost,
    kill: (signal) => void child.kill(signal),
    perform: (mount, act) => void child.stdin.write(`${JSON.stringify({ mount, act })}\n`),
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 3000);
      await ended;
      clearTimeout(patience);
    },
  };
}

async function endOf(child: ChildProcess): Promise<void> {
  try {
    await closeOf(child);
  } catch (error) {
    if (child.pid !== undefined) throw error;
  }
}

function settingsOf(options: RtspServerOptions): Record<string, unknown> {
  const mounts = Object.entries(options.mounts).map(([path, mount]) => [
    path,
    'launch' in mount
      ? { launch: mount.launch, isShared: false, acts: null }
      : {
          launch: null,
          file: mount.file,
          loop: mount.loop ?? true,
          startAtS: mount.startAtS ?? 0,
          silentAfterS: mount.silentAfterS ?? null,
          lostShare: mount.lostShare ?? 0,
          isShared: mount.isShared ?? true,
          isUnceasing: mount.isUnceasing ?? false,
          acts: mount.acts ?? null,
        },
  ]);
  return {
    address: options.address ?? '127.0.0.1',
    port: options.port ?? 0,
    transport: options.transport ?? 'both',
    sessionTimeoutS: options.sessionTimeoutS ?? null,
    tls: options.tls ?? null,
    auth: options.auth === undefined ? null : { method: 'digest', ...options.auth },
    mounts: Object.fromEntries(mounts),
  };
}

/** The URL of a mount; credentials, where given, percent-encoded in it. */
export function rtspUrl(
  port: number,
  mount: string,
  options: { readonly host?: string; readonly auth?: RtspCredentials; readonly isEncrypted?: boolean } = {},
): string {
  const { auth, host = '127.0.0.1', isEncrypted = false } = options;
  const login =
    auth === undefined ? '' : `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.password)}@`;
  return `${isEncrypted ? 'rtsps' : 'rtsp'}://${login}${host}:${port}${mount}`;
}
