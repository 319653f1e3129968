import { type FileHandle, open } from 'node:fs/promises';
import { explainReading } from '../../host/file-access.js';
import { badInput } from '../../kernel/errors.js';
import type { Frame } from '../../kernel/faces/picture.js';
import { clipContainers, readDemuxer } from './clip-container.js';
import type { ClipOptions } from './clip-options.js';
import { ClipReading } from './clip-reading.js';
import type { StreamInfo } from './frame-source.js';

/** An open clip. Iterate once; leaving the loop or disposing of it ends the reading. */
export interface Clip extends AsyncIterable<Frame>, AsyncDisposable {
  /** Undefined before the first frame. `fps` is the rate of the clip itself. */
  readonly stream: StreamInfo | undefined;
}

/**
 * Opens a clip for replay: the same file gives the same frames, no frame is dropped, and reading waits for the consumer.
 * `capturedAtMs` counts from the first frame. Throws `clip-not-found`, and `clip-unreadable` where the file is no known container;
 * iterating throws `clip-unreadable` where FFmpeg finds no picture.
 */
export async function openClip(options: ClipOptions): Promise<Clip> {
  await using file = await openFile(options.path);
  const demuxer = await readDemuxer(file);
  if (demuxer === undefined) {
    throw badInput('clip-unreadable', 'the clip is not a video in a known container', {
      remedy: `Use a video as ${clipContainers}.`,
    });
  }
  const reading = new ClipReading(options, { fd: file.fd, demuxer });
  await reading.start();
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
    const { reason, remedy } = explainReading(error);
    throw badInput('clip-not-found', `the clip ${path} cannot be opened: ${reason}`, {
      remedy,
      cause: error,
    });
  }
}
