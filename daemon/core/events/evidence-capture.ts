import type { EvidenceConfig } from '../../contract/settings/schema.js';
import type { Fact } from '../../kernel/events/event.js';
import { evidenceKindOf, evidenceKindOfOutcome, type PictureKind } from '../../kernel/events/evidence.js';
import type { CameraId, EventId, PassageId, PersonId, TrackId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { present } from '../../kernel/present.js';
import type { Sighting } from '../../kernel/tracks/sighting.js';

/** A picture of a face with its recorded event or passage. */
export interface Evidence {
  readonly kind: PictureKind;
  /** Of the event; for the kind `passage`, of the passage. */
  readonly eventId: EventId | PassageId;
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

interface RememberedShot {
  readonly cameraId: CameraId;
  readonly jpeg: Uint8Array;
  /** Wall clock, whole milliseconds since the epoch. */
  readonly takenAtMs: number;
  /** A picture was stored with an event of the track. */
  readonly isKept: boolean;
}

/**
 * Remembers the best picture of every track in sight. Stores it when a fact about the track was recorded, or else when its passage
 * ended, where the configuration asks for it. Never throws and never delays a fact; pictures that cannot be stored are counted and
 * logged once.
 */
export class EvidenceCapture implements AsyncDisposable {
  readonly #store: EvidenceStore;
  readonly #wanted: () => EvidenceConfig;
  readonly #logger: Logger;
  readonly #shots = new Map<TrackId, RememberedShot>();
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

  /**
   * Remembers the picture of a sighting that is about to be processed. It replaces the former one. `wallMsOf` turns capture times
   * into wall time.
   */
  see({ trackId, cameraId, bestShot }: Sighting, wallMsOf: (capturedAtMs: number) => number): void {
    if (bestShot === undefined) return;
    const { capturedAtMs, jpeg } = bestShot;
    const isKept = this.#shots.get(trackId)?.isKept === true;
    this.#shots.delete(trackId);
    this.#shots.set(trackId, { cameraId, jpeg, takenAtMs: Math.floor(wallMsOf(capturedAtMs)), isKept });
    const [oldest] = this.#shots.keys();
    if (this.#shots.size > rememberedTracks && oldest !== undefined) this.#shots.delete(oldest);
  }

  /** Stores the picture of a fact that was recorded as `eventId`. */
  keep({ kind: factKind, ...fact }: Fact, eventId: EventId): void {
    const kind = evidenceKindOf(factKind);
    if (kind === undefined || !this.#wanted()[kind]) return;
    const remembered = this.#shots.get(fact.trackId);
    if (remembered === undefined) return;
    this.#shots.set(fact.trackId, { ...remembered, isKept: true });
    const personId = 'personId' in fact && fact.personId !== null ? fact.personId : undefined;
    this.#add({ ...pictureIn(remembered), kind, eventId, ...present({ personId }) });
  }

  /**
   * Stores the picture of a passage that has ended, unless one of its events has it. Forgets the track. Of a person who was removed
   * while in sight, no picture is kept: nothing would say whose it is when the person is erased.
   */
  keepPassage({ id, trackId, outcome, reason, assignedTo, personId = assignedTo }: Passage): void {
    const remembered = this.#shots.get(trackId);
    this.#shots.delete(trackId);
    if (remembered === undefined || remembered.isKept || reason === 'withdrawn') return;
    if (!this.#wanted()[evidenceKindOfOutcome(outcome)]) return;
    this.#add({ ...pictureIn(remembered), kind: 'passage', eventId: id, ...present({ personId }) });
  }

  /** Resolves when the pictures that are on their way now are stored or lost. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
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
    this.#logger.error('a picture could not be stored; its event or passage has none', {
      kind,
      event: eventId,
      camera,
      error,
    });
  }
}

const pictureIn = ({ cameraId, takenAtMs, jpeg }: RememberedShot) => ({ cameraId, takenAtMs, jpeg });
