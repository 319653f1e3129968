import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { closeOf } from '../child-end.js';
import { rtspUrl, startRtspServerProcess } from '../virtual-camera/rtsp-server.js';
import type { Shape } from './shape.js';

/** The containers in which the servers take clips. */
export type ClipFormat = 'mp4' | 'mkv' | 'h264' | 'hevc' | 'm4v';

export interface ServedStream extends AsyncDisposable {
  readonly url: string;
}

/** A program that serves clips over RTSP. */
export interface TrialServer {
  readonly name: string;
  /** How it is asked for media. */
  readonly transport: 'tcp' | 'udp';
  /** In which container it takes a shape; undefined where it cannot serve it. */
  formatOf(shape: Shape): ClipFormat | undefined;
  serve(file: string, shape: Shape): Promise<ServedStream>;
}

const payloads = {
  h264: 'h264parse ! rtph264pay',
  hevc: 'h265parse ! rtph265pay',
  mjpeg: 'jpegparse ! rtpjpegpay',
  mpeg4: 'mpeg4videoparse ! rtpmp4vpay',
} as const;

/** GStreamer's elements that turn a clip in MP4 into RTP. `payloader`: properties of the payloader. */
export const clipPipeline = (file: string, { codec }: Shape, payloader = 'name=pay0 pt=96'): string =>
  `filesrc location="${file}" ! qtdemux ! queue ! ${payloads[codec]} ${payloader}`;

const gstreamer: TrialServer = {
  name: 'GStreamer',
  transport: 'tcp',
  formatOf: () => 'mp4',
  async serve(file, shape) {
    const mounts = { '/live': { launch: clipPipeline(file, shape) } };
    const server = await startRtspServerProcess({ mounts, transport: 'tcp' });
    return { url: rtspUrl(server.port, '/live'), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  },
};

/** The port at which live555 listens where 554 is free, which it is in a network namespace of its own. */
const live555Port = 554;

function live555(program: string, container: 'mkv' | 'raw'): TrialServer {
  const raw = { h264: 'h264', hevc: 'hevc', mpeg4: 'm4v', mjpeg: undefined } as const;
  return {
    name: container === 'mkv' ? 'live555, Matroska' : 'live555, raw stream',
    transport: 'tcp',
    formatOf: ({ codec }) =>
      container === 'raw' ? raw[codec] : codec === 'h264' || codec === 'hevc' ? 'mkv' : undefined,
    async serve(file) {
      const server = await startProgram(program, [], { cwd: dirname(file), port: live555Port });
      return { url: rtspUrl(live555Port, `/${basename(file)}`), ...server };
    },
  };
}

const vlcPort = 8554;

function vlc(program: string): TrialServer {
  return {
    name: 'VLC',
    // It offers nothing else.
    transport: 'udp',
    formatOf: () => 'mp4',
    async serve(file) {
      const output = `#rtp{sdp=rtsp://127.0.0.1:${vlcPort}/live}`;
      const server = await startProgram(
        program,
        ['-I', 'dummy', '--input-repeat', '65535', file, '--sout', output],
        {
          ...{ cwd: dirname(file), port: vlcPort },
          // VLC refuses to run as root.
          account: 65_534,
        },
      );
      return { url: rtspUrl(vlcPort, '/live'), ...server };
    },
  };
}

const [publishPort, playPort] = [5554, 6554];

/** The package `rtsp-streaming-server`, installed in a folder. It hands on what FFmpeg publishes there. */
function streamingServer(folder: string): TrialServer {
  const ports = `serverPort: ${publishPort}, clientPort: ${playPort}, rtpPortStart: 10000, rtpPortCount: 100`;
  const start = `new (require('rtsp-streaming-server').default)({ ${ports} }).start()`;
  return {
    name: 'rtsp-streaming-server',
    // It offers nothing else.
    transport: 'udp',
    formatOf: () => 'mp4',
    async serve(file) {
      const server = await startProgram(process.execPath, ['-e', start], { cwd: folder, port: playPort });
      const publisher = await publish(file, rtspUrl(publishPort, '/live'));
      return {
        url: rtspUrl(playPort, '/live'),
        async [Symbol.asyncDispose]() {
          await publisher[Symbol.asyncDispose]();
          await server[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** Publishes a clip over and over. Resolves when the server gets it. */
async function publish(file: string, url: string): Promise<AsyncDisposable> {
  const source = ['-re', '-stream_loop', '-1', '-i', file, '-c', 'copy', '-f', 'rtsp', url];
  const child = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-progress', 'pipe:1', ...source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = closeOf(child);
  ended.catch(() => undefined);
  await Promise.race([
    new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (/^frame=[1-9]/m.test(text)) resolve();
      });
    }),
    ended.then(() => Promise.reject(new Error('FFmpeg could not publish the clip'))),
  ]);
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The servers that are to be tried. */
export const trialServers = (programs: {
  readonly live555?: string | undefined;
  readonly vlc?: string | undefined;
  readonly npm?: string | undefined;
}): readonly TrialServer[] => [
  gstreamer,
  ...(programs.live555 === undefined
    ? []
    : [live555(programs.live555, 'raw'), live555(programs.live555, 'mkv')]),
  ...(programs.vlc === undefined ? [] : [vlc(programs.vlc)]),
  ...(programs.npm === undefined ? [] : [streamingServer(programs.npm)]),
];

/** Starts a program and waits until it listens at `port`. It ends with what this returns. */
async function startProgram(
  program: string,
  args: readonly string[],
  { cwd, port, account }: { readonly cwd: string; readonly port: number; readonly account?: number },
): Promise<AsyncDisposable> {
  const ids = account === undefined ? {} : { uid: account, gid: account };
  const env = { ...process.env, HOME: cwd };
  const child = spawn(program, args, { ...ids, cwd, env, stdio: 'ignore' });
  const ended = closeOf(child);
  ended.catch(() => undefined);
  await Promise.race([
    listening(child, port),
    ended.then(() => Promise.reject(new Error(`${program} ended at once`))),
  ]);
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await pause(50);
  }
}
