import type { Logger } from '../../base/logger.js';
import type { EvidenceConfig } from '../../config/schema.js';
import type { Fact } from '../../domain/events/event.js';
import { type EvidenceKind, evidenceKindOf } from '../../domain/events/evidence.js';
import type { BestShot } from '../../domain/faces/best-shot.js';
import type { CameraId, EventId, PersonId, TrackId } from '../../domain/ids.js';
import type { Sighting } from '../../domain/tracks/sighting.js';

/** A picture of a face with its recorded event. */
export interface Evidence {
  readonly kind: EvidenceKind;
  readonly eventId: EventId;
  /** The recognised person, if any. */
  readonly personId?: PersonId;
  readonly cameraId: CameraId;
  /** When the picture was taken, wall clock, whole milliseconds since the epoch. */
  readonly takenAtMs: number;
  /** At most 64 KiB, without metadata. */
  readonly jpeg: Uint8Array;
}

/** Where pictures are kept, sealed. */
export interface EvidenceStore {
  /** Rejects when the picture cannot be stored. */
  add(evidence: Evidence): Promise<void>;
}

/** Counts of pictures since the start. */
export interface EvidenceCounters {
  readonly stored: number;
  /** The store refused them or was too slow. Their events have no picture. */
  readonly lost: number;
}

/** The most tracks with a remembered picture: more than any box follows at a time. */
const rememberedTracks = 1_000;
/** The most pictures on their way to the store. More would mean that the store hangs. */
const pendingLimit = 100;

/**
 * Remembers the best picture of every track in sight. Stores it when a fact about the track was recorded and the configuration
 * asks for it. Never throws and never delays a fact; pictures that cannot be stored are counted and logged once.
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

  /** `wanted` is called for every fact, so that it follows the configuration in force. */
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

  /** Remembers the picture of a sighting that is about to be processed. It replaces the former one. */
  see({ trackId, cameraId, bestShot }: Sighting): void {
    if (bestShot === undefined) return;
    this.#shots.delete(trackId);
    this.#shots.set(trackId, { cameraId, shot: bestShot });
    const [oldest] = this.#shots.keys();
    if (this.#shots.size > rememberedTracks && oldest !== undefined) this.#shots.delete(oldest);
  }

  /** Forgets the track if the processed sighting was its last. */
  workedOn({ trackId, isEnded }: Sighting): void {
    if (isEnded) this.#shots.delete(trackId);
  }

  /** Stores the picture of a fact that was recorded as `eventId`. `wallMsOf` turns capture times into wall time. */
  keep(
    { kind: factKind, ...fact }: Fact,
    eventId: EventId,
    wallMsOf: (capturedAtMs: number) => number,
  ): void {
    const kind = evidenceKindOf(factKind);
    if (kind === undefined || !this.#wanted()[kind]) return;
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

  /** Resolves when the pictures that are on their way now are stored or lost. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Forgets the tracks of this camera: its vision process ended without ending them. */
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
      // Runs in a later turn: sealing and storing must not delay the next sighting.
      await Promise.resolve();
      await this.#store.add(evidence);
      this.#stored += 1;
      if (this.#isFailing) this.#logger.info('evidence pictures are stored again', { lost: this.#lost });
      this.#isFailing = false;
    } catch (error) {
      this.#lose(evidence, error);
    }
  }

  /** Logs only the first failure, until a picture can be stored again. */
  #lose({ kind, eventId, cameraId: camera }: Evidence, error: unknown): void {
    this.#lost += 1;
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#logger.error('an evidence picture could not be stored; its event has no picture', {
      kind,
      event: eventId,
      camera,
      error,
    });
  }
}
