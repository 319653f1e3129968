import { constants } from 'node:fs';
import { open, readdir, rmdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { socketOutcome } from '../ingest/socket-outcome.js';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/** Folders of one kind, each with a socket. */
interface SocketFolders {
  /** Where they are. */
  readonly parent: string;
  /** Their names begin with it. */
  readonly prefix: string;
  readonly socketName: string;
  /** Only folders of these users are removed. */
  readonly owners: readonly (number | undefined)[];
}

/**
 * Removes the folders in which nothing listens any longer: a process that was killed leaves its own. Every user may write to a
 * temporary folder, so this follows no link. A folder that cannot be examined or removed stays.
 */
export async function removeAbandonedFolders(folders: SocketFolders): Promise<void> {
  const { parent, prefix } = folders;
  const names = await readdir(parent).catch(() => []);
  const paths = names.filter((name) => name.startsWith(prefix)).map((name) => join(parent, name));
  await Promise.allSettled(paths.map((path) => removeIfAbandoned(path, folders)));
}

async function removeIfAbandoned(path: string, { socketName, owners }: SocketFolders): Promise<void> {
  await using folder = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!owners.includes((await folder.stat()).uid)) return;
  // The descriptor stays with the folder that was examined, even if somebody renames its path.
  const socketPath = `/proc/self/fd/${folder.fd}/${socketName}`;
  if (await isAbandoned(socketPath)) {
    await unlink(socketPath);
    await rmdir(path);
  }
}

/** A socket without a listener refuses. One that is missing is perhaps about to be made. */
async function isAbandoned(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath);
  const problem = await socketOutcome(socket, 'connect', new AbortController().signal);
  socket.destroy();
  return (problem as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
}
