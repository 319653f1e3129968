import type { Frame } from '../../domain/faces/picture.js';
import type { CameraCertificate } from './camera-connection.js';
import type { DamageSign } from './ffmpeg-log.js';
import type { StreamEnd } from './stream-end.js';

/** What a source found out about the stream it opened. */
export interface StreamInfo {
  /** As FFmpeg names it: `h264`, `hevc`, `mjpeg`, … */
  readonly codec: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** The rate the stream declares, pictures per second; null where it declares none. */
  readonly fps: number | null;
}

/** Why a frame was not delivered: it came too late to be of use, or nobody had released a buffer for it. */
export type DropReason = 'stale' | 'busy';

/** How far the connection to a camera is protected. */
export interface CameraSecurity {
  readonly isEncrypted: boolean;
  /** Shown by the camera, whether or not it was accepted; null without encryption. */
  readonly certificate: CameraCertificate | null;
  /** How the login travelled; null where the camera asked for none, or got none. */
  readonly login: 'digest' | 'basic' | null;
}

/** Where a source puts what it gets. The calls come in order and never overlap. */
export interface FrameSink {
  /** A process decodes from now on. */
  onStarted?(pid: number): void;
  /** When the connection is made, and again when the camera asked for a login. */
  onConnection?(security: CameraSecurity): void;
  /** Before the first frame, and again whenever the picture size changes. */
  onOpened(info: StreamInfo): void;
  /** The frame belongs to the sink until it calls `release`. */
  onFrame(frame: Frame): void;
  onDropped(reason: DropReason): void;
  /** The decoder could not make sense of something. */
  onDamage(sign: DamageSign): void;
}

/**
 * Something that yields frames of one camera and does nothing else: no retries, no state beyond one opening.
 * `open` resolves when the stream is over, for whatever reason, with everything it held given back; it does not
 * reject for anything a camera or the network does. It may be called again afterwards; frame sequences go on.
 */
export interface FrameSource {
  open(sink: FrameSink, options: { readonly signal: AbortSignal }): Promise<StreamEnd>;
}
