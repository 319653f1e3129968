import { messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { said } from '../../kernel/said.js';
import type { VideoDecoder } from '../../kernel/video-decoder.js';
import { inEnglish } from '../../words/language.js';
import { BufferPool, usualBuffers } from './buffer-pool.js';
import { type CameraEndpoint, requireEndpoint } from './camera-address.js';
import { type CameraConnection, connectCamera } from './camera-connection.js';
import type { CameraContinuity, CameraSourceOptions, OpeningOptions } from './camera-source-options.js';
import { cameraScript } from './concat-script.js';
import { diagnose, type StreamEvidence } from './diagnose.js';
import { decodedInSoftware, explanations, unprotectedLogin } from './failure-explanations.js';
import { cameraArguments } from './ffmpeg-arguments.js';
import type { DamageSign } from './ffmpeg-log.js';
import { type FfmpegProcess, type OutputBytes, type ProcessExit, startFfmpeg } from './ffmpeg-process.js';
import { FrameRate, WithheldFrames } from './frame-rate.js';
import type { CameraSecurity, FrameSink, FrameSource } from './frame-source.js';
import { FrameWatchdog, type Silence } from './frame-watchdog.js';
import { workingHardware } from './hardware-decoding.js';
import { type Announcement, PictureAssembler } from './picture-assembler.js';
import { PictureFrames } from './picture-frames.js';
import { PresentationClock } from './presentation-clock.js';
import { type RtspRelay, startRtspRelay } from './rtsp-relay.js';
import type { FailureVerdict, StreamEnd } from './stream-end.js';
import { StreamLog } from './stream-log.js';

/** Pulls an RTSP camera with its own FFmpeg process. Throws `camera-url-unusable` for an address that is not RTSP. */
export function ffmpegCameraSource(options: CameraSourceOptions): RatedSource {
  const continuity = beginCamera(options);
  const withheld = new WithheldFrames(options.clock);
  let reading: PictureReading | undefined;
  return {
    open(sink, { signal }) {
      const read = (stream: ReadStream): StreamReading => {
        reading = readPictures(stream);
        withheld.ask(options.framesPerS, undefined);
        return reading;
      };
      return openCamera(options, { continuity, sink, read }, signal);
    },
    ask(fps) {
      reading?.ask(fps);
      withheld.ask(fps, reading?.streamFps);
    },
    get withheld() {
      return withheld.count;
    },
  };
}

/** A source that can deliver fewer frames for a time. */
interface RatedSource extends FrameSource {
  /** Asks for `fps` frames a second of the present opening. Each opening begins at the full rate. */
  ask(fps: number): void;
  /** About how many frames of the camera were not delivered because they were not asked for. */
  readonly withheld: number;
}

/** The state of a camera before it is first opened. Throws `camera-url-unusable`. */
export function beginCamera({ address, bufferCount = usualBuffers }: CameraSourceOptions): CameraContinuity {
  requireEndpoint(address);
  return {
    pool: new BufferPool(bufferCount),
    nextSequence: 0,
    lastCapturedMs: Number.NEGATIVE_INFINITY,
    hasWarnedOfLogin: false,
    fallback: undefined,
  };
}

/** Opens a camera once. After a failure of hardware that nobody required, the next openings are decoded in software. */
export async function openCamera(
  options: CameraSourceOptions,
  to: {
    readonly continuity: CameraContinuity;
    readonly sink: FrameSink;
    read(stream: ReadStream): StreamReading;
  },
  signal: AbortSignal,
): Promise<StreamEnd> {
  const { continuity, sink } = to;
  const decoder = await decoderFor(options, continuity);
  const opening = new CameraOpening({ ...options, decoder }, continuity, sink, (stream) => to.read(stream));
  const end = await opening.run(signal);
  const isGivenUp = options.hwaccel === 'auto' && decoder !== 'software' && isOfDecoder(end);
  return isGivenUp ? giveUpHardware(end, decoder, continuity, options.logger) : end;
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
  const { code, message, says } = end.failure;
  const { message: what, remedy } = decodedInSoftware.says;
  const why = says?.message ?? message;
  const texts = { message: said('cameras/in-software', { what, decoder, why }), remedy };
  continuity.fallback = { code, ...inEnglish(texts) };
  logger.warn('a camera falls back to decoding in software', { decoder, ...continuity.fallback });
  return { ...end, isRetriedAtOnce: true };
}

/** What is read from the FFmpeg that pulls a camera. */
export interface StreamReading {
  readonly arguments: readonly string[];
  readonly bytes: OutputBytes;
  /** FFmpeg will write this picture. */
  announce(announcement: Announcement): void;
  /** FFmpeg made a filter graph. */
  graphMade?(): void;
  /** FFmpeg answered a command, see `FrameRate.answered`. */
  answered?(code: number): void;
  /** The stream is over. From now on the sink gets nothing more, and FFmpeg can write its remaining output. */
  end(): Promise<void>;
}

/** What a reading may use of its opening. */
export interface ReadStream {
  readonly options: OpeningOptions;
  readonly continuity: CameraContinuity;
  readonly sink: FrameSink;
  readonly log: StreamLog;
  readonly watchdog: FrameWatchdog;
  /** Continues reading after the byte target paused it. */
  resume(): void;
  /** Gives FFmpeg a command on its standard input. */
  command(line: string): void;
  /** Ends the opening. */
  settle(cause: Cause): void;
}

interface PictureReading extends StreamReading {
  /** See `RatedSource`. */
  ask(fps: number): void;
  /** As the camera announces it. */
  readonly streamFps: number | undefined;
}

/** Pictures, which the FFmpeg that pulls the camera decodes. */
function readPictures(stream: ReadStream): PictureReading {
  const { options, continuity, sink, log, watchdog } = stream;
  const presentation = new PresentationClock(continuity.lastCapturedMs);
  const frames = new PictureFrames({
    ...{ source: options, continuity, sink },
    streamNow: () => log.stream,
    capturedAtMs: ({ ptsS, announcedAtMs }) => presentation.capturedAtMs(ptsS, announcedAtMs),
    onPicture: (isStale) => (isStale ? watchdog.staleFrame() : watchdog.freshFrame()),
    onSizeLost: () => stream.settle({ kind: 'resolution-changed' }),
  });
  const assembler = new PictureAssembler({
    pool: continuity.pool,
    onPicture: (announcement, buffer) => frames.take(announcement, buffer),
    onReady: () => stream.resume(),
  });
  const rate = new FrameRate(options.framesPerS, (command) => stream.command(command));
  return {
    arguments: cameraArguments(options.ffmpeg, options),
    bytes: assembler,
    announce: (announcement) => assembler.announce(announcement),
    graphMade: () => rate.graphMade(),
    answered(code) {
      if (rate.answered(code)) options.logger.warn('FFmpeg keeps its frame rate', { code });
    },
    ask: (fps) => rate.ask(fps),
    get streamFps() {
      return log.stream?.fps ?? undefined;
    },
    async end() {
      assembler.discard();
    },
  };
}

/** A responsive camera closes its session within milliseconds. For one that hangs, FFmpeg would wait 5 s. */
const stopGraceMs = 1500;

type Cause =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'resolution-changed' }
  | { readonly kind: 'refused'; readonly failure: FailureVerdict }
  | { readonly kind: 'silence'; readonly silence: Silence }
  | { readonly kind: 'exited'; readonly exit: ProcessExit };

/** One connection to a camera and the FFmpeg process that pulls it, from start to end. */
class CameraOpening {
  readonly #options: OpeningOptions;
  readonly #continuity: CameraContinuity;
  readonly #sink: FrameSink;
  readonly #log: StreamLog;
  readonly #watchdog: FrameWatchdog;
  readonly #reading: StreamReading;
  readonly #cause: Promise<Cause>;
  #settle: (cause: Cause) => void = () => undefined;
  readonly #endpoint: CameraEndpoint;
  #relay: RtspRelay | undefined;
  #process: FfmpegProcess | undefined;

  constructor(
    options: OpeningOptions,
    continuity: CameraContinuity,
    sink: FrameSink,
    read: (stream: ReadStream) => StreamReading,
  ) {
    const { clock } = options;
    this.#options = options;
    this.#endpoint = requireEndpoint(options.address);
    this.#continuity = continuity;
    this.#sink = sink;
    this.#cause = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#log = new StreamLog({
      now: () => clock.monotonicMs(),
      onAnnouncement: (announcement) => this.#reading.announce(announcement),
      onDamage: (sign) => this.#tellDamage(sign),
      onGraph: () => this.#reading.graphMade?.(),
      onAnswer: (code) => this.#reading.answered?.(code),
    });
    this.#watchdog = new FrameWatchdog({
      clock,
      firstFrameWithinMs: options.firstFrameWithinS * 1000,
      stallAfterMs: options.stallAfterS * 1000,
      onSilence: (silence) => this.#settle({ kind: 'silence', silence }),
    });
    this.#reading = read({
      ...{ options, continuity, sink, log: this.#log, watchdog: this.#watchdog },
      resume: () => this.#process?.resume(),
      command: (line) => this.#process?.command(line),
      settle: (cause) => this.#settle(cause),
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

  async #connect(signal: AbortSignal): Promise<CameraConnection> {
    const { address, clock, firstFrameWithinS, network } = this.#options;
    const timeoutMs = Math.min(firstFrameWithinS, this.#socketTimeoutS) * 1000;
    const endpoint = this.#endpoint;
    const connection = await connectCamera({ clock, address, endpoint, timeoutMs, signal, network });
    if ('socket' in connection || connection.certificate !== null) {
      this.#tellConnection(connection.certificate, null);
    }
    return connection;
  }

  async #play(camera: Extract<CameraConnection, { socket: unknown }>): Promise<StreamEnd> {
    const { address, clock } = this.#options;
    await using relay = await startRtspRelay({
      clock,
      address,
      camera,
      onFailure: (failure) => this.#settle({ kind: 'refused', failure }),
      onLogin: (login) => this.#tellConnection(camera.certificate, login),
    });
    this.#relay = relay;
    const process = await this.#start(relay.url).catch(messageOf);
    if (typeof process === 'string') return this.#failed('not-started', 0, undefined, [process]);
    const cause = await this.#cause;
    const waitedS = this.#watchdog.silentMs / 1000;
    await this.#reading.end();
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
      arguments: this.#reading.arguments,
      input: { script: cameraScript({ url, transport, socketTimeoutS: this.#socketTimeoutS }, ffmpeg) },
      bytes: this.#reading.bytes,
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

  /** Before the first picture, errors are normal: rollcall joins the stream between two key frames. */
  #tellDamage(sign: DamageSign): void {
    if (this.#watchdog.hadFrames) this.#sink.onDamage(sign);
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
      ...{ cause, hadFrames, decoder, waitedS, connection },
      lines: relay === undefined ? lines : lines.map((line) => relay.withoutRelay(line)),
      ...{ transport: address.transport, hasCredential: address.credential !== null },
      ...{ stream: this.#log.stream, media: this.#log.media, packetsRead: this.#log.packetsRead },
    });
    logger.debug('stream ended', { code: failure.code, lastLines: lines.slice(-10) });
    return { kind: 'failed', failure, isRetriedAtOnce: false };
  }
}
