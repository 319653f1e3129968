import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Who takes the bytes of a pipe: gives out where they go, and is told how many came. */
export interface ByteTarget {
  target(): Uint8Array;
  /** False: read no more until the pipe is resumed. */
  filled(count: number): boolean;
}

export interface DirectPipe {
  /** To be a child's output; destroy it here once the child has it. */
  readonly writeEnd: Socket;
  readonly readEnd: Socket;
}

/**
 * A pipe whose bytes the kernel writes straight to where they belong. The pipe that Node makes for a child's
 * output allocates a chunk for every read, from which pictures would be copied together: twice the CPU time for
 * each picture (measured in docs/ingest.md). Only a socket that Node itself connects reads into given memory,
 * hence the detour over a Unix socket in a folder that nobody else can enter, gone when this resolves.
 */
export async function openDirectPipe(bytes: ByteTarget): Promise<DirectPipe> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-pipe-'));
  const path = join(folder, 'pipe');
  const server = createServer({ pauseOnConnect: true });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    const accepted = new Promise<Socket>((resolve) => {
      server.once('connection', resolve);
    });
    const readEnd = connect({
      path,
      onread: {
        buffer: () => bytes.target(),
        callback: (count) => bytes.filled(count),
      },
    });
    await new Promise<void>((resolve, reject) => {
      readEnd.once('connect', resolve);
      readEnd.once('error', reject);
    });
    return { writeEnd: await accepted, readEnd };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
