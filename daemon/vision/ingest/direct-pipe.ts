import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Receives the bytes of a pipe: it provides the memory, and learns how many bytes arrived. */
interface ByteTarget {
  target(): Uint8Array;
  /** Returns false to pause reading until the pipe is resumed. */
  filled(count: number): boolean;
}

interface DirectPipe {
  /** The child's output; destroy it in this process once the child has it. */
  readonly writeEnd: Socket;
  readonly readEnd: Socket;
}

/**
 * A pipe whose bytes the kernel writes directly into the target. Node.js allocates a chunk for every read from a child's
 * output, and copying pictures together from chunks doubles the processor time (docs/reference/ingest.md). Only a socket that
 * Node.js connects itself can read into given memory. So this connects through a Unix socket in a private folder, which
 * it removes before it resolves.
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
