import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { cameraNotStreaming, type ViewOutcome } from '../../contract/vision/vision-answers.js';
import type { LiveKind, Order } from '../../contract/vision/vision-orders.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { Viewer } from './live-pictures.js';

/** How long a ticket opens the socket, and how long the gate may take to show it, milliseconds. */
const ticketMs = 10_000;
/** Connections at once; the core opens fewer views. */
const mostConnections = 64;

type OpenView = Extract<Order, { readonly type: 'open-view' }>;

/** Bytes that the gate may not have read yet when the next message comes. A picture that waits only gets older; a video needs all of its parts. */
const mostUnread: Readonly<Record<LiveKind, number>> = { pictures: 0, video: 2 * 1024 * 1024 };

/** Gives a viewer its messages, until the returned function is called. */
interface LiveSource {
  add(viewer: Viewer): () => void;
}

/** A camera that one caller may watch, as the core said. */
interface View {
  readonly cameraId: string;
  readonly kind: LiveKind;
  /** Shown once by the gate; undefined from then on. */
  ticket: string | undefined;
  readonly expiry: Timer;
  /** The connection of the gate, once there is one. */
  socket: Socket | undefined;
}

export interface LiveServerOptions {
  /** The pictures or the video of an open camera. */
  readonly sourceOf: (cameraId: string, kind: LiveKind) => LiveSource | undefined;
  readonly clock: Clock;
}

/**
 * Gives live pictures and video to the gate over a socket of its own, past the core. The core decides who may watch: it opens a view with a
 * ticket, and closes it. Everything else that connects gets nothing. It listens from the first view on.
 */
export class LiveServer implements AsyncDisposable {
  readonly #options: LiveServerOptions;
  readonly #views = new Map<number, View>();
  readonly #connected = new Set<Socket>();
  #listening: Promise<Server> | undefined;

  constructor(options: LiveServerOptions) {
    this.#options = options;
  }

  /** Allows one connection with the ticket to get the pictures or the video of the camera. */
  async open({ view, cameraId, kind, ticket, socketPath }: OpenView): Promise<ViewOutcome> {
    const { sourceOf, clock } = this.#options;
    if (sourceOf(cameraId, kind) === undefined) return cameraNotStreaming;
    try {
      this.#listening ??= this.#listen(socketPath);
      await this.#listening;
    } catch (error) {
      this.#listening = undefined;
      return {
        outcome: 'failed',
        code: 'live-unavailable',
        message: `the vision process cannot open a socket for live pictures: ${messageOf(error)}`,
        remedy: 'Enable the gate (gate.enabled), and run rollcall-setup, which makes its folder.',
      };
    }
    const expiry = clock.after(ticketMs, () => {
      if (opened.socket === undefined) this.close(view);
    });
    const opened: View = { cameraId, kind, ticket, expiry, socket: undefined };
    this.#views.set(view, opened);
    return { outcome: 'ok' };
  }

  /** Ends the view. */
  close(view: number): void {
    const closed = this.#views.get(view);
    this.#views.delete(view);
    closed?.expiry.cancel();
    closed?.socket?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const view of [...this.#views.keys()]) this.close(view);
    const server = await this.#listening?.catch(() => undefined);
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#connected) socket.destroy();
    await closed;
  }

  /** Only the group of the gate may connect: the folder lets no other user in. */
  async #listen(socketPath: string): Promise<Server> {
    await rm(socketPath, { force: true });
    const server = createServer((socket) => this.#welcome(socket));
    server.maxConnections = mostConnections;
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject);
      server.listen(socketPath, resolve);
    });
    await chmod(socketPath, 0o660);
    return server;
  }

  /** Reads the ticket. The gate sends nothing after it. */
  #welcome(socket: Socket): void {
    this.#connected.add(socket);
    const late = this.#options.clock.after(ticketMs, () => socket.destroy());
    let shown = '';
    socket.setEncoding('latin1');
    // A gate that breaks off is noticed by the end of the connection.
    socket.on('error', () => undefined);
    socket.on('data', (text: string) => {
      shown += text;
      const end = shown.indexOf('\n');
      if (end < 0 && shown.length <= longestTicket) return;
      late.cancel();
      const view = end === shown.length - 1 ? this.#byTicket(shown.slice(0, end)) : undefined;
      if (view === undefined) socket.destroy();
      else this.#connect(socket, view);
    });
    socket.once('close', () => {
      late.cancel();
      this.#connected.delete(socket);
    });
  }

  /** A ticket opens once. Shown again, it opens nothing. */
  #byTicket(ticket: string): View | undefined {
    const view = [...this.#views.values()].find((each) => each.ticket === ticket);
    if (view !== undefined) view.ticket = undefined;
    return view;
  }

  #connect(socket: Socket, view: View): void {
    const source = this.#options.sourceOf(view.cameraId, view.kind);
    if (source === undefined) {
      socket.destroy();
      return;
    }
    view.expiry.cancel();
    view.socket = socket;
    const viewer: Viewer = {
      take(message) {
        if (socket.writableLength > mostUnread[view.kind]) return false;
        socket.write(message);
        return true;
      },
      end: () => socket.destroy(),
    };
    const leave = source.add(viewer);
    socket.removeAllListeners('data').on('data', () => socket.destroy());
    socket.once('close', leave);
  }
}

/** Characters of a ticket at most. */
const longestTicket = 64;
