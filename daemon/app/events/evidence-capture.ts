import type { Logger } from '../../base/logger.js';
import type { EvidenceConfig } from '../../config/schema.js';
import type { Fact } from '../../domain/events/event.js';
import { type EvidenceKind, isEvidenceKind } from '../../domain/events/evidence.js';
import type { BestShot } from '../../domain/faces/best-shot.js';
import type { CameraId, EventId, PersonId, TrackId } from '../../domain/ids.js';
import type { Sighting } from '../../domain/tracks/sighting.js';

/** A picture of a face, and the recorded event that it belongs to. */
export interface Evidence {
  readonly kind: EvidenceKind;
  readonly eventId: EventId;
  /** Who was recognised; absent where nobody was. */
  readonly personId?: PersonId;
  readonly cameraId: CameraId;
  /** When the picture was taken, wall clock, whole milliseconds since the epoch. */
  readonly takenAtMs: number;
  /** At most 64 KiB, without metadata. */
  readonly jpeg: Uint8Array;
}

/** Where pictures are kept, sealed. */
export interface EvidenceStore {
  /** Resolves when it is stored; rejects when it cannot be. */
  add(evidence: Evidence): Promise<void>;
}

/** Pictures since the start. */
export interface EvidenceCounters {
  readonly stored: number;
  /** The store refused them or could not keep up: the events stand without them. */
  readonly lost: number;
}

/** Tracks of which a picture is remembered: more than any box follows at once. */
const rememberedTracks = 1_000;
/** Pictures on their way to the store; more would mean that it has stopped. */
const pendingLimit = 100;

/**
 * Remembers the best picture of every track in sight and hands it to the store when a fact about the track has been
 * recorded and the configuration asks for it. It never throws and never makes a fact wait: what cannot be stored is counted
 * and said once.
 */
export class EvidenceCapture implements AsyncDisposable {
  readonly #store: EvidenceStore;
  readonly #wanted: () => EvidenceConfig;
  readonly #logger: Logger;
  readonly #shots = new Map<TrackId, { readonly cameraId: CameraId; readonly shot: BestShot }>();
  readonly #pending = new Set<Promise<void>>();
  #stored = 0;
  #lost = 0;
  #isFailing = false;

  /** `wanted` is asked for every fact: it follows the configuration in force. */
  constructor(options: {
    readonly store: EvidenceStore;
    readonly wanted: () => EvidenceConfig;
    readonly logger: Logger;
  }) {
    this.#store = options.store;
    this.#wanted = options.wanted;
    this.#logger = options.logger;
  }

  get counters(): EvidenceCounters {
    return { stored: this.#stored, lost: this.#lost };
  }

  /** A sighting is about to be worked on; its picture, if it has one, replaces the one before. */
  see({ trackId, cameraId, bestShot }: Sighting): void {
    if (bestShot === undefined) return;
    this.#shots.delete(trackId);
    this.#shots.set(trackId, { cameraId, shot: bestShot });
    const [oldest] = this.#shots.keys();
    if (this.#shots.size > rememberedTracks && oldest !== undefined) this.#shots.delete(oldest);
  }

  /** A sighting has been worked on: its track may be over. */
  workedOn({ trackId, isEnded }: Sighting): void {
    if (isEnded) this.#shots.delete(trackId);
  }

  /** A fact was recorded as `eventId`; `wallMsOf` turns capture times into wall time. */
  keep({ kind, ...fact }: Fact, eventId: EventId, wallMsOf: (capturedAtMs: number) => number): void {
    if (!isEvidenceKind(kind) || !this.#wanted()[kind]) return;
    const remembered = this.#shots.get(fact.trackId);
    if (remembered === undefined) return;
    const { capturedAtMs, jpeg } = remembered.shot;
    const personId = 'personId' in fact ? fact.personId : null;
    this.#add({
      kind,
      eventId,
      ...(personId === null ? {} : { personId }),
      cameraId: fact.cameraId,
      takenAtMs: Math.floor(wallMsOf(capturedAtMs)),
      jpeg,
    });
  }

  /** Resolves, never rejects, when the pictures that are on their way now are stored or lost. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** The vision process of this camera ended without ending its tracks. */
  forgetCamera(cameraId: CameraId): void {
    for (const [id, remembered] of this.#shots) {
      if (remembered.cameraId === cameraId) this.#shots.delete(id);
    }
  }

  /** Waits for the pictures that are on their way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pending);
    this.#shots.clear();
  }

  #add(evidence: Evidence): void {
    if (this.#pending.size >= pendingLimit) {
      this.#lose(evidence, new Error('too many pictures wait to be stored'));
      return;
    }
    const adding = this.#tryToAdd(evidence).finally(() => this.#pending.delete(adding));
    this.#pending.add(adding);
  }

  async #tryToAdd(evidence: Evidence): Promise<void> {
    try {
      // In a turn of its own: sealing and storing must not hold up the sighting that follows.
      await Promise.resolve();
      await this.#store.add(evidence);
      this.#stored += 1;
      if (this.#isFailing) this.#logger.info('evidence pictures are stored again', { lost: this.#lost });
      this.#isFailing = false;
    } catch (error) {
      this.#lose(evidence, error);
    }
  }

  /** Said once until one can be stored again. */
  #lose({ kind, eventId, cameraId: camera }: Evidence, error: unknown): void {
    this.#lost += 1;
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#logger.error('an evidence picture could not be stored; its event stands without it', {
      kind,
      event: eventId,
      camera,
      error,
    });
  }
}
