import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../../base/clock.js';
import { badInput, messageOf } from '../../base/errors.js';
import type { CameraId } from '../../domain/ids.js';
import type { Frame } from '../../domain/picture.js';
import { ClipReading } from './clip-reading.js';
import type { FfmpegBinary } from './ffmpeg-binary.js';
import type { StreamInfo } from './frame-source.js';

export interface ClipOptions {
  /** A clip or picture in any format that FFmpeg recognises by its content. */
  readonly path: string;
  /** What the frames are said to come from. */
  readonly cameraId: CameraId;
  readonly ffmpeg: FfmpegBinary;
  /** A real clock: it only limits how long FFmpeg may take to end. */
  readonly clock: Clock;
  /** Frames per second to sample at: frame n is then at n / `fps`. Absent: every frame at its own time. */
  readonly fps?: number;
  /** Wider pictures are scaled down to this width, pixels. */
  readonly maxAnalysisWidthPx: number;
}

/** A clip being read. Iterate once; leaving the loop or disposing ends the reading. */
export interface Clip extends AsyncIterable<Frame>, AsyncDisposable {
  /** Known from the first frame on; `fps` is the clip's own. */
  readonly stream: StreamInfo | undefined;
}

/**
 * Opens a clip for replay: the same file gives the same frames, none is ever dropped, and reading waits for the
 * consumer. `capturedAtMs` counts from the first frame. Throws `clip-not-found`; iterating throws
 * `clip-unreadable` where there is no picture in it.
 */
export async function openClip(options: ClipOptions): Promise<Clip> {
  const file = await openFile(options.path);
  const reading = new ClipReading(options, file.fd);
  try {
    await reading.start();
  } finally {
    await file.close();
  }
  return {
    get stream() {
      return reading.stream;
    },
    [Symbol.asyncIterator]: () => reading.frames(),
    [Symbol.asyncDispose]: () => reading.stop(),
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw badInput('clip-not-found', `the clip cannot be opened: ${messageOf(error)}`, {
      remedy: 'check the path and that you may read the file',
      cause: error,
    });
  }
}
