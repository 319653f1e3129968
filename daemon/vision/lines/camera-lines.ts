import { once } from 'node:events';
import { chmod, lchown, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LineAccess } from '../../contract/vision/vision-orders.js';
import { opaqueText } from '../../host/opaque-text.js';
import { openPeerCredentials, type PeerCredentials } from '../../host/peer-credentials.js';
import type { Clock } from '../../kernel/clock.js';
import { socketErrorCode } from '../ingest/socket-outcome.js';
import { removeAbandonedFolders } from './abandoned-folders.js';
import { readFirstLine } from './first-line.js';
import { LineGrant } from './line-grant.js';
import { type LineAnswer, type LineRequest, lineRequestSchema, lineText } from './line-messages.js';
import { LinePair } from './line-pair.js';

/** A process that has no folder of its own makes one of this name in the temporary folder. */
const folderPrefix = 'rollcall-lines-';
const socketName = 'lines.sock';
/** Time for a new connection to ask, milliseconds. */
const askWithinMs = 5_000;
const longestRequestBytes = 1024;
/**
 * Connections of one user that have not asked yet. Of more, the oldest ends: a process asks at once, and one that was taken over must not
 * fill the memory. In units, each process has a user of its own, and so ends no connection of another one.
 */
const mostUnasked = 64;
/** After the end of a line: time for its last bytes to reach the camera, which may read nothing, milliseconds. */
const lastBytesMs = 2_000;

interface LineOptions {
  readonly clock: Clock;
  /** The folder that vision processes see, made by systemd-tmpfiles. Default: a new one. */
  readonly folder?: string | undefined;
  /** User and group of the vision processes in a new folder. Default: those of this process. */
  readonly user?: number | undefined;
}

/**
 * Connects vision processes, which have no network, to their cameras. It runs in the core, which passes the bytes on unread: what parses
 * them stays behind the wall. A process that was taken over reaches its cameras, a device while it is to ask it, and nothing else.
 */
export class CameraLines implements AsyncDisposable {
  /** What a sandbox must show. */
  readonly folder: string;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #isOwnFolder: boolean;
  readonly #grants = new Map<string, LineGrant>();
  readonly #open = new Set<Socket>();
  readonly #unasked = new Map<number | undefined, Set<Socket>>();
  readonly #peerOf: (line: Socket) => PeerCredentials | undefined;

  static async open({ clock, folder: given, user }: LineOptions): Promise<CameraLines> {
    if (given === undefined) {
      const owners = [process.getuid?.(), user];
      await removeAbandonedFolders({ parent: tmpdir(), prefix: folderPrefix, socketName, owners });
    }
    const peerOf = await openPeerCredentials();
    const folder = given ?? (await mkdtemp(join(tmpdir(), folderPrefix)));
    const server = createServer();
    const path = pathIn(folder);
    // An earlier run that was killed leaves it.
    await rm(path, { force: true });
    server.listen(path);
    await once(server, 'listening');
    // The folder keeps everyone else out.
    await chmod(path, 0o660);
    if (given === undefined && user !== undefined) {
      // The folder last: until then, that user cannot put a link in the place of the socket.
      await lchown(path, user, user);
      await lchown(folder, user, user);
    }
    return new CameraLines(clock, server, folder, given === undefined, peerOf);
  }

  private constructor(
    clock: Clock,
    server: Server,
    folder: string,
    isOwnFolder: boolean,
    peerOf: (line: Socket) => PeerCredentials | undefined,
  ) {
    this.#clock = clock;
    this.#server = server;
    this.folder = folder;
    this.#isOwnFolder = isOwnFolder;
    this.#peerOf = peerOf;
    server.on('connection', (line: Socket) => void this.#serve(line));
  }

  /** Lets one vision process ask for lines. Dispose of the grant when the process has ended. */
  grant(): LineGrant {
    const token = opaqueText();
    const access: LineAccess = { socketPath: pathIn(this.folder), token };
    const grant = new LineGrant(access, this.#clock, () => this.#grants.delete(token));
    this.#grants.set(token, grant);
    return grant;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const line of this.#open) line.destroy();
    if (!this.#isOwnFolder) return;
    // Nothing else, which the user of the folder may replace by links meanwhile.
    await rm(pathIn(this.folder), { force: true });
    await rmdir(this.folder).catch(() => undefined);
  }

  async #serve(line: Socket): Promise<void> {
    this.#open.add(line);
    const closed = new AbortController();
    line.on('error', () => line.destroy());
    line.once('close', () => {
      this.#open.delete(line);
      closed.abort();
    });
    try {
      await this.#connect(line, await this.#requestOf(line), closed.signal);
    } catch (error) {
      // Nothing reads from it any longer, so it would stay open until the other side ends, or forever.
      line.end(lineText({ outcome: 'failed', code: socketErrorCode(error) }));
      line.destroySoon();
    }
  }

  async #requestOf(line: Socket): Promise<LineRequest> {
    const user = this.#peerOf(line)?.uid;
    const unasked = this.#unasked.get(user) ?? new Set();
    this.#unasked.set(user, unasked.add(line));
    const [oldest] = unasked;
    if (unasked.size > mostUnasked) oldest?.destroy();
    const late = this.#clock.after(askWithinMs, () => line.destroy());
    try {
      return lineRequestSchema.parse(JSON.parse(await readFirstLine(line, longestRequestBytes)));
    } finally {
      late.cancel();
      unasked.delete(line);
      if (unasked.size === 0) this.#unasked.delete(user);
    }
  }

  async #connect(line: Socket, request: LineRequest, signal: AbortSignal): Promise<void> {
    const grant = this.#grants.get(request.token);
    if (grant === undefined) throw Object.assign(new Error('the token is of no process'), { code: 'EACCES' });
    if (request.kind === 'stream') {
      const { socket, number } = await grant.openStream(request, line, signal);
      answer(line, { outcome: 'stream', stream: number });
      this.#join(line, socket);
    } else {
      const pair = await grant.openDatagrams(request.stream, line, signal);
      if (signal.aborted) {
        pair.close();
        return;
      }
      line.once('close', () => pair.close());
      answer(line, { outcome: 'datagrams', ports: pair.ports });
      const passed = new LinePair(line);
      pair.receive((kind, port, bytes) => passed.send(kind, port, bytes));
      passed.receive((kind, port, bytes) => pair.send(kind, port, bytes));
    }
  }

  /** What one sends goes to the other. The end of one, for whatever reason, ends the other after what it sent. */
  #join(line: Socket, camera: Socket): void {
    line.pipe(camera).pipe(line);
    camera.once('close', () => line.destroySoon());
    line.once('close', () => {
      camera.destroySoon();
      const late = this.#clock.after(lastBytesMs, () => camera.destroy());
      camera.once('close', () => late.cancel());
    });
  }
}

const pathIn = (folder: string): string => join(folder, socketName);

function answer(line: Socket, message: LineAnswer): void {
  line.write(lineText(message));
}
