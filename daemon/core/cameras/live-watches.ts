import { randomBytes } from 'node:crypto';
import type { Call, Handlers } from '../../contract/handlers.js';
import type { LiveTicket, liveOperations } from '../../contract/live.js';
import type { CameraConfig, Config } from '../../contract/settings/schema.js';
import type { LiveKind } from '../../contract/vision/vision-orders.js';
import { actorOf } from '../../kernel/actor.js';
import type { RollcallError } from '../../kernel/errors.js';
import { failure, refusal } from '../../words/errors.js';
import { notFound } from '../api/not-found.js';
import type { CameraFollows } from './camera-follows.js';
import { type FacesInSightOptions, FacesInSightReader } from './faces-in-sight.js';
import type { VisionPool } from './vision-pool.js';

/** Callers who watch at once, all cameras together: each takes about a megabyte a second from the network. */
const mostWatches = 32;
const ticketBytes = 32;

interface Watch {
  readonly cameraId: string;
  /** Ends it. */
  end(reason: RollcallError): void;
}

/**
 * Who watches which camera. Pictures and video go from the vision process to the gate. The core opens and closes the way for each caller, and so
 * decides how long they flow, whatever the gate does.
 */
export class LiveWatches {
  readonly #pool: Pick<VisionPool, 'openView'>;
  readonly #watches = new Set<Watch>();

  constructor(pool: Pick<VisionPool, 'openView'>) {
    this.#pool = pool;
  }

  /** The callers who watch a camera now. */
  viewersOf(cameraId: string): number {
    return [...this.#watches].filter((watch) => watch.cameraId === cameraId).length;
  }

  /** No process watches these cameras now: their pictures have ended. */
  down(cameraIds: readonly string[]): void {
    for (const { cameraId, end } of this.#watches) {
      if (cameraIds.includes(cameraId)) end(cameraClosed(cameraId));
    }
  }

  /**
   * Gives the way to the pictures or the video of a camera, which is open until the caller leaves.
   * @throws `busy`, `camera-not-streaming`, `live-unavailable`, `vision-unavailable`
   */
  async *watch(cameraId: string, kind: LiveKind, signal: AbortSignal): AsyncGenerator<LiveTicket> {
    if (this.#watches.size >= mostWatches) throw tooManyWatches();
    const ended = new AbortController();
    const watch: Watch = { cameraId, end: (reason) => ended.abort(reason) };
    this.#watches.add(watch);
    try {
      const ticket = randomBytes(ticketBytes).toString('base64url');
      const view = await this.#pool.openView(cameraId, kind, ticket);
      try {
        yield { socket: view.socket, ticket };
        await aborted([signal, ended.signal]);
        if (ended.signal.aborted) throw ended.signal.reason;
      } finally {
        view.close();
      }
    } finally {
      this.#watches.delete(watch);
    }
  }
}

/** Resolves when one of the signals has aborted. */
function aborted(signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    }
  });
}

function cameraClosed(cameraId: string): RollcallError {
  return failure('vision-unavailable:live', { cameraId }, { retryable: true });
}

function tooManyWatches(): RollcallError {
  return failure('busy:live', { most: mostWatches }, { retryable: true });
}

function videoMasked(cameraId: string): RollcallError {
  return refusal('video-masked', { cameraId });
}

export interface LiveOptions extends FacesInSightOptions {
  readonly watches: LiveWatches;
  readonly follows: CameraFollows;
  readonly current: () => Pick<Config, 'cameras'>;
}

/** The operations on live pictures. */
export function liveHandlers(options: LiveOptions): Handlers<typeof liveOperations> {
  const { watches, follows, current, readings } = options;
  const requireCamera = (id: string): CameraConfig => {
    const found = current().cameras.find((camera) => camera.id === id);
    if (found === undefined) throw notFound('camera', id, 'rollcall camera list');
    return found;
  };
  const watch = (id: string, kind: LiveKind, { caller, signal }: Call): AsyncGenerator<LiveTicket> => {
    const { masks } = requireCamera(id);
    // The camera encodes its video without them.
    if (kind === 'video' && masks.length > 0) throw videoMasked(id);
    readings.note({ by: actorOf(caller), action: 'camera.watched', subject: id });
    return watches.watch(id, kind, signal);
  };
  return {
    'cameras.watch': ({ id }, context) => watch(id, 'pictures', context),
    'cameras.watch-video': ({ id }, context) => watch(id, 'video', context),
    async *'cameras.follow'({ id }, { caller, signal }) {
      requireCamera(id);
      readings.note({ by: actorOf(caller), action: 'camera.followed', subject: id });
      const reader = new FacesInSightReader(options, caller);
      for await (const report of follows.follow(id, signal)) yield reader.describe(report);
    },
  };
}
