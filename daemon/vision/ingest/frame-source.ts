import type { Frame } from '../../kernel/faces/picture.js';
import type { VideoDecoder } from '../../kernel/video-decoder.js';
import type { CameraCertificate } from './camera-connection.js';
import type { DamageSign } from './ffmpeg-log.js';
import type { StreamEnd, StreamFailure } from './stream-end.js';

/** What a stream says about itself. */
export interface DeclaredStream {
  /** As FFmpeg names it: `h264`, `hevc`, `mjpeg`, … */
  readonly codec: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** The rate the stream declares, pictures per second; null where it declares none. */
  readonly fps: number | null;
}

/** The properties of an opened stream. */
export interface StreamInfo extends DeclaredStream {
  /** What decodes it. */
  readonly decoder: VideoDecoder;
  /** Why the hardware that could decode it does not, since the camera's source was made. */
  readonly fallback?: StreamFailure;
}

/** Why a frame was dropped: it arrived too late (`stale`), or all buffers were in use (`busy`). */
type DropReason = 'stale' | 'busy';

/** How the connection to a camera is protected. */
export interface CameraSecurity {
  readonly isEncrypted: boolean;
  /** The camera's certificate, accepted or not; null without encryption. */
  readonly certificate: CameraCertificate | null;
  /** The login method; null where no login was sent. */
  readonly login: 'digest' | 'basic' | null;
}

/** Receives the output of a source. The calls come in order and never overlap. */
export interface FrameSink {
  /** A decoding process has started. */
  onStarted?(pid: number): void;
  /** Called when the connection is made, and again when the camera asks for a login. */
  onConnection?(security: CameraSecurity): void;
  /** Called before the first frame, and again when the picture size changes. */
  onOpened(info: StreamInfo): void;
  /** The frame belongs to the sink until it calls `release`. */
  onFrame(frame: Frame): void;
  onDropped(reason: DropReason): void;
  /** The decoder reported damaged data. */
  onDamage(sign: DamageSign): void;
}

/**
 * Yields the frames of one camera, without retries. `open` resolves when the stream is over and everything is released; it
 * never rejects because of the camera or the network. It may be called again; frame sequence numbers continue.
 */
export interface FrameSource {
  open(sink: FrameSink, options: { readonly signal: AbortSignal }): Promise<StreamEnd>;
}
