import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { boundChild } from '../../host/bound-child.js';
import { messageOf } from '../../kernel/errors.js';
import { requireEndpoint } from './camera-address.js';
import { connectCamera } from './camera-connection.js';
import type { CameraSourceOptions } from './camera-source-options.js';
import { cameraScript } from './concat-script.js';
import { type CopiedCodec, copyArguments } from './ffmpeg-arguments.js';
import { startRtspRelay } from './rtsp-relay.js';

/** A camera that hangs keeps FFmpeg for 5 s. */
const stopGraceMs = 1500;

type CopyOptions = Pick<
  CameraSourceOptions,
  'address' | 'network' | 'ffmpeg' | 'clock' | 'logger' | 'stallAfterS' | 'firstFrameWithinS'
>;

/**
 * Opens a second stream of a camera and hands its video on as fragmented MP4, which is not decoded. Resolves when the camera or
 * FFmpeg has ended, delivers nothing, or `signal` aborts; it has released everything then. Never rejects.
 */
export async function copyCamera(
  options: CopyOptions,
  { codec, signal, onBytes }: Pick<Run, 'codec' | 'signal' | 'onBytes'>,
): Promise<void> {
  const { address, clock, logger, firstFrameWithinS, network } = options;
  const ended = (reason: string): void => logger.info('the video of a camera was not copied on', { reason });
  try {
    const timeoutMs = firstFrameWithinS * 1000;
    const endpoint = requireEndpoint(address);
    const connection = await connectCamera({ clock, address, endpoint, timeoutMs, signal, network });
    if ('failure' in connection) {
      if (!signal.aborted) ended(connection.failure.code);
      return;
    }
    const over = new AbortController();
    await using relay = await startRtspRelay({
      ...{ clock, address, camera: connection, onLogin: () => undefined },
      onFailure({ code }) {
        ended(code);
        over.abort();
      },
    });
    // With TLS, media must use the one encrypted connection.
    const transport = endpoint.isEncrypted ? 'tcp' : address.transport;
    await runFfmpeg(options, {
      ...{ codec, url: relay.url, transport, onBytes },
      signal: AbortSignal.any([signal, over.signal]),
    });
  } catch (error) {
    ended(messageOf(error));
  }
}

interface Run {
  readonly codec: CopiedCodec;
  readonly url: string;
  readonly transport: 'tcp' | 'udp';
  readonly signal: AbortSignal;
  onBytes(chunk: Buffer): void;
}

async function runFfmpeg(
  options: CopyOptions,
  { codec, url, transport, signal, onBytes }: Run,
): Promise<void> {
  const { ffmpeg, clock, stallAfterS, firstFrameWithinS } = options;
  if (signal.aborted) return;
  const command = boundChild(ffmpeg.path, copyArguments(codec));
  const child = spawn(command.program, command.arguments, { stdio: ['pipe', 'pipe', 'ignore'] });
  const closed = once(child, 'close');
  let kill = clock.after(firstFrameWithinS * 1000, () => stop());
  const stop = (): void => {
    kill.cancel();
    child.kill('SIGTERM');
    kill = clock.after(stopGraceMs, () => child.kill('SIGKILL'));
  };
  // If FFmpeg ends early, this is EPIPE.
  child.stdin.on('error', () => undefined);
  child.stdin.end(cameraScript({ url, transport, socketTimeoutS: stallAfterS }, ffmpeg));
  child.stdout.on('data', (chunk: Buffer) => {
    if (signal.aborted) return;
    kill.cancel();
    kill = clock.after(stallAfterS * 1000, stop);
    onBytes(chunk);
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    await closed;
  } finally {
    signal.removeEventListener('abort', stop);
    kill.cancel();
  }
}
