import { messageOf } from '../../kernel/errors.js';
import type { Frame } from '../../kernel/faces/picture.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import type { VideoDecoder } from '../../kernel/video-decoder.js';
import { BufferPool } from './buffer-pool.js';
import { type CameraEndpoint, requireEndpoint } from './camera-address.js';
import { type CameraConnection, connectCamera } from './camera-connection.js';
import type { CameraContinuity, CameraSourceOptions } from './camera-source-options.js';
import { cameraScript } from './concat-script.js';
import { diagnose, type StreamEvidence } from './diagnose.js';
import { decodedInSoftware, explanations, unprotectedLogin } from './failure-explanations.js';
import { cameraArguments } from './ffmpeg-arguments.js';
import type { DamageSign } from './ffmpeg-log.js';
import { type FfmpegProcess, type ProcessExit, startFfmpeg } from './ffmpeg-process.js';
import { FrameRate } from './frame-rate.js';
import type { CameraSecurity, FrameSink, FrameSource } from './frame-source.js';
import { FrameWatchdog, type Silence } from './frame-watchdog.js';
import { workingHardware } from './hardware-decoding.js';
import { type Announcement, PictureAssembler } from './picture-assembler.js';
import { PresentationClock } from './presentation-clock.js';
import { type RtspRelay, startRtspRelay } from './rtsp-relay.js';
import type { FailureVerdict, StreamEnd } from './stream-end.js';
import { StreamLog } from './stream-log.js';

/** Pulls an RTSP camera with its own FFmpeg process. Throws `camera-url-unusable` for an address that is not RTSP. */
export function ffmpegCameraSource(options: CameraSourceOptions): RatedSource {
  requireEndpoint(options.address);
  const continuity: CameraContinuity = {
    pool: new BufferPool(options.bufferCount ?? 4),
    nextSequence: 0,
    lastCapturedMs: Number.NEGATIVE_INFINITY,
    hasWarnedOfLogin: false,
    fallback: undefined,
  };
  let opening: CameraOpening | undefined;
  return {
    async open(sink, { signal }) {
      const decoder = await decoderFor(options, continuity);
      opening = new CameraOpening({ ...options, decoder }, continuity, sink);
      const end = await opening.run(signal);
      const isGivenUp = options.hwaccel === 'auto' && decoder !== 'software' && isOfDecoder(end);
      return isGivenUp ? giveUpHardware(end, decoder, continuity, options.logger) : end;
    },
    ask: (fps) => opening?.ask(fps),
  };
}

/** A source that can deliver fewer frames for a time. */
interface RatedSource extends FrameSource {
  /** Asks for `fps` frames a second of the present opening. Each opening begins at the full rate. */
  ask(fps: number): void;
}

/** What decodes the next opening. A name is required as it is: FFmpeg fails without this hardware. */
async function decoderFor(
  { hwaccel, ffmpeg, logger }: CameraSourceOptions,
  { fallback }: CameraContinuity,
): Promise<VideoDecoder> {
  if (hwaccel !== 'auto') return hwaccel === 'none' ? 'software' : hwaccel;
  return fallback === undefined ? ((await workingHardware(ffmpeg, logger)) ?? 'software') : 'software';
}

type FailedEnd = Extract<StreamEnd, { kind: 'failed' }>;

/** Whether another decoder may do better: also hardware that says nothing of itself, but decodes no frame. */
const isOfDecoder = (end: StreamEnd): end is FailedEnd =>
  end.kind === 'failed' &&
  ['hardware-decoding-failed', 'undecodable', 'codec-unsupported'].includes(end.failure.code);

function giveUpHardware(
  end: FailedEnd,
  decoder: VideoDecoder,
  continuity: CameraContinuity,
  logger: Logger,
): StreamEnd {
  const { message, remedy } = decodedInSoftware;
  const { code } = end.failure;
  continuity.fallback = { code, message: `${message} (${decoder}): ${end.failure.message}`, remedy };
  logger.warn('a camera falls back to decoding in software', { decoder, ...continuity.fallback });
  return { ...end, isRetriedAtOnce: true };
}

const defaultStaleAfterMs = 1000;
/** A responsive camera closes its session within milliseconds. For one that hangs, FFmpeg would wait 5 s. */
const stopGraceMs = 1500;

type Cause =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'resolution-changed' }
  | { readonly kind: 'refused'; readonly failure: FailureVerdict }
  | { readonly kind: 'silence'; readonly silence: Silence }
  | { readonly kind: 'exited'; readonly exit: ProcessExit };

interface OpeningOptions extends CameraSourceOptions {
  readonly decoder: VideoDecoder;
}

/** One connection to a camera and one FFmpeg process, from start to end. Its pictures go to the sink. */
class CameraOpening {
  readonly #options: OpeningOptions;
  readonly #continuity: CameraContinuity;
  readonly #sink: FrameSink;
  readonly #log: StreamLog;
  readonly #assembler: PictureAssembler;
  readonly #rate: FrameRate;
  readonly #watchdog: FrameWatchdog;
  readonly #presentation: PresentationClock;
  readonly #cause: Promise<Cause>;
  #settle: (cause: Cause) => void = () => undefined;
  readonly #endpoint: CameraEndpoint;
  #relay: RtspRelay | undefined;
  #process: FfmpegProcess | undefined;
  /** Size of the last picture, as `WxH`. */
  #size: string | undefined;

  constructor(options: OpeningOptions, continuity: CameraContinuity, sink: FrameSink) {
    const { clock } = options;
    this.#options = options;
    this.#endpoint = requireEndpoint(options.address);
    this.#continuity = continuity;
    this.#sink = sink;
    this.#cause = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#presentation = new PresentationClock(continuity.lastCapturedMs);
    this.#assembler = new PictureAssembler({
      pool: continuity.pool,
      onPicture: (announcement, buffer) => this.#onPicture(announcement, buffer),
      onReady: () => this.#process?.resume(),
    });
    this.#rate = new FrameRate(options.framesPerS, (command) => this.#process?.command(command));
    this.#log = new StreamLog({
      now: () => clock.monotonicMs(),
      onAnnouncement: (announcement) => this.#assembler.announce(announcement),
      onDamage: (sign) => this.#tellDamage(sign),
      onGraph: () => this.#rate.graphMade(),
      onAnswer: (code) => this.#tellAnswer(code),
    });
    this.#watchdog = new FrameWatchdog({
      clock,
      firstFrameWithinMs: options.firstFrameWithinS * 1000,
      stallAfterMs: options.stallAfterS * 1000,
      onSilence: (silence) => this.#settle({ kind: 'silence', silence }),
    });
  }

  /** Runs until the stream ends or `signal` aborts. It has released everything when it resolves. */
  async run(signal: AbortSignal): Promise<StreamEnd> {
    const stop = (): void => this.#settle({ kind: 'stopped' });
    signal.addEventListener('abort', stop);
    try {
      if (signal.aborted) return { kind: 'stopped' };
      const connection = await this.#connect(signal);
      if (signal.aborted) {
        if ('socket' in connection) connection.socket.destroy();
        return { kind: 'stopped' };
      }
      if ('failure' in connection) return this.#failed('exited', 0, connection.failure);
      return await this.#play(connection);
    } finally {
      this.#watchdog.cancel();
      signal.removeEventListener('abort', stop);
    }
  }

  /** See `RatedSource`. */
  ask(fps: number): void {
    this.#rate.ask(fps);
  }

  async #connect(signal: AbortSignal): Promise<CameraConnection> {
    const { address, clock, firstFrameWithinS } = this.#options;
    const timeoutMs = Math.min(firstFrameWithinS, this.#socketTimeoutS) * 1000;
    const connection = await connectCamera({ clock, address, endpoint: this.#endpoint, timeoutMs, signal });
    if ('socket' in connection || connection.certificate !== null) {
      this.#tellConnection(connection.certificate, null);
    }
    return connection;
  }

  async #play({ socket, certificate }: Extract<CameraConnection, { socket: unknown }>): Promise<StreamEnd> {
    const { address, clock } = this.#options;
    await using relay = await startRtspRelay({
      clock,
      address,
      camera: socket,
      onFailure: (failure) => this.#settle({ kind: 'refused', failure }),
      onLogin: (login) => this.#tellConnection(certificate, login),
    });
    this.#relay = relay;
    const process = await this.#start(relay.url).catch(messageOf);
    if (typeof process === 'string') return this.#failed('not-started', 0, undefined, [process]);
    const cause = await this.#cause;
    const waitedS = this.#watchdog.silentMs / 1000;
    // The sink gets nothing more, and FFmpeg can write its remaining output and end.
    this.#assembler.discard();
    await process.stop(stopGraceMs);
    return this.#explain(cause, waitedS);
  }

  #tellConnection(certificate: CameraSecurity['certificate'], login: CameraSecurity['login']): void {
    const { isEncrypted } = this.#endpoint;
    this.#sink.onConnection?.({ isEncrypted, certificate, login });
    if (login !== 'basic' || isEncrypted || this.#continuity.hasWarnedOfLogin) return;
    this.#continuity.hasWarnedOfLogin = true;
    this.#options.logger.warn(unprotectedLogin.message, { remedy: unprotectedLogin.remedy });
  }

  async #start(url: string): Promise<FfmpegProcess> {
    const { address, ffmpeg, clock } = this.#options;
    // With TLS, media must use the one encrypted connection.
    const transport = this.#endpoint.isEncrypted ? 'tcp' : address.transport;
    const process = await startFfmpeg({
      path: ffmpeg.path,
      arguments: cameraArguments(ffmpeg, this.#options),
      input: { script: cameraScript({ url, transport, socketTimeoutS: this.#socketTimeoutS }, ffmpeg) },
      bytes: this.#assembler,
      clock,
      onLogLine: (line) => this.#log.read(line),
    });
    this.#process = process;
    if (process.pid !== undefined) this.#sink.onStarted?.(process.pid);
    void process.ended.then((exit) => this.#settle({ kind: 'exited', exit }));
    return process;
  }

  /** Longer than the watchdog's limit, so that the watchdog explains the end and not FFmpeg. */
  get #socketTimeoutS(): number {
    return this.#options.stallAfterS + 2;
  }

  #onPicture(announcement: Announcement, buffer: Uint8Array | undefined): void {
    const { clock, staleAfterMs = defaultStaleAfterMs } = this.#options;
    const capturedAtMs = this.#presentation.capturedAtMs(announcement.ptsS, announcement.announcedAtMs);
    this.#continuity.lastCapturedMs = this.#presentation.lastCapturedMs;
    const sequence = this.#continuity.nextSequence++;
    const isStale = clock.monotonicMs() - capturedAtMs > staleAfterMs;
    if (isStale) this.#watchdog.staleFrame();
    else this.#watchdog.freshFrame();
    if (isStale || buffer === undefined || !this.#tellSize(announcement)) {
      if (buffer !== undefined) this.#continuity.pool.giveBack(buffer);
      this.#sink.onDropped(isStale ? 'stale' : 'busy');
      return;
    }
    this.#sink.onFrame(this.#frame(announcement, buffer, sequence, capturedAtMs));
  }

  /** Reports a first or changed size to the sink. False where the change needs a new FFmpeg process. */
  #tellSize({ widthPx, heightPx }: Announcement): boolean {
    const size = `${widthPx}x${heightPx}`;
    if (size === this.#size) return true;
    const isFirst = this.#size === undefined;
    if (!isFirst && !this.#options.ffmpeg.keepsChangedSize) {
      this.#settle({ kind: 'resolution-changed' });
      return false;
    }
    this.#size = size;
    const { codec = 'unknown', fps = null, ...declared } = this.#log.stream ?? {};
    const decoded = present({ decoder: this.#options.decoder, fallback: this.#continuity.fallback });
    this.#sink.onOpened({ codec, fps, widthPx, heightPx, ...(isFirst ? declared : {}), ...decoded });
    return true;
  }

  #tellAnswer(code: number): void {
    if (this.#rate.answered(code)) this.#options.logger.warn('FFmpeg keeps its frame rate', { code });
  }

  /** Before the first picture, errors are normal: rollcall joins the stream between two key frames. */
  #tellDamage(sign: DamageSign): void {
    if (this.#watchdog.hadFrames) this.#sink.onDamage(sign);
  }

  #frame(announcement: Announcement, data: Uint8Array, sequence: number, capturedAtMs: number): Frame {
    const { widthPx, heightPx, isFullRange } = announcement;
    const { pool } = this.#continuity;
    let isReleased = false;
    return {
      cameraId: this.#options.cameraId,
      sequence,
      capturedAtMs,
      picture: { format: 'yuv420p', widthPx, heightPx, range: isFullRange ? 'full' : 'limited', data },
      release() {
        if (isReleased) return;
        isReleased = true;
        pool.giveBack(data);
      },
    };
  }

  #explain(cause: Cause, waitedS: number): StreamEnd {
    switch (cause.kind) {
      case 'stopped':
        return { kind: 'stopped' };
      case 'resolution-changed': {
        const failure = { code: cause.kind, ...explanations[cause.kind] };
        return { kind: 'failed', failure, isRetriedAtOnce: true };
      }
      case 'refused':
        return this.#failed('exited', waitedS, cause.failure);
      case 'silence':
        return this.#failed(cause.silence, waitedS);
      case 'exited': {
        const { spawnError, signal } = cause.exit;
        if (spawnError !== undefined) return this.#failed('not-started', 0, undefined, [spawnError.message]);
        return this.#failed(signal === null ? 'exited' : 'killed', waitedS);
      }
    }
  }

  #failed(
    cause: StreamEvidence['cause'],
    waitedS: number,
    connection?: FailureVerdict,
    lines: readonly string[] = this.#log.complaints,
  ): StreamEnd {
    const { address, logger, decoder } = this.#options;
    const { hadFrames } = this.#watchdog;
    const relay = this.#relay;
    const failure = diagnose({
      ...{ cause, hadFrames, decoder, waitedS, socketTimeoutS: this.#socketTimeoutS, connection },
      lines: relay === undefined ? lines : lines.map((line) => relay.withoutRelay(line)),
      ...{ transport: address.transport, hasCredential: address.credential !== null },
      ...{ stream: this.#log.stream, media: this.#log.media, packetsRead: this.#log.packetsRead },
    });
    logger.debug('stream ended', { code: failure.code, lastLines: lines.slice(-10) });
    return { kind: 'failed', failure, isRetriedAtOnce: false };
  }
}
