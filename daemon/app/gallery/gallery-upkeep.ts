import { statSync } from 'node:fs';
import type { Actor } from '../../audit/actor.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import { badInput, type RollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type {
  GalleryCalibrationReport,
  GalleryControl,
  GalleryStatus,
  GalleryVerification,
  LastVerification,
  ReEmbedRequest,
  ReEmbedStatus,
} from '../../control/gallery-control.js';
import type { KeyControl, KeyProblem } from '../../control/key-control.js';
import type { RecogniserId } from '../../domain/ids.js';
import { isoTime } from '../../domain/iso-time.js';
import { readContents } from '../../gallery/gallery-contents.js';
import type { ReEmbedProgress } from '../../gallery/re-embedding/re-embed-progress.js';
import type { OpenEmbedder } from '../../gallery/re-embedding/re-embed-step.js';
import { ReEmbeddings } from '../../gallery/re-embedding/re-embeddings.js';
import { verifyGallery } from '../../gallery/verify/verify-gallery.js';
import type { VerifyProgress } from '../../gallery/verify/verify-report.js';
import type { GalleryAccess, OpenAccess } from './gallery-access.js';
import type { GalleryCalibration } from './gallery-calibration.js';

export interface GalleryUpkeepOptions {
  readonly access: GalleryAccess;
  readonly keys: Pick<KeyControl, 'status'>;
  readonly openEmbedder: OpenEmbedder;
  readonly calibration: Pick<GalleryCalibration, 'calibrate'>;
  /** Similarity from which each recogniser takes two faces for one person, now. */
  readonly thresholds: () => Promise<ReadonlyMap<RecogniserId, number>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is done for the gallery as a whole: its state, its verification, its move to another recogniser. */
export class GalleryUpkeep implements GalleryControl, AsyncDisposable {
  readonly #options: GalleryUpkeepOptions;
  readonly #abort = new AbortController();
  readonly #unsubscribe: () => void;
  #reEmbeddings: { readonly of: OpenAccess; readonly moves: ReEmbeddings } | undefined;
  #verifying: Promise<GalleryVerification> | undefined;
  #verified: VerifyProgress | undefined;

  /** Goes on with a move that had not ended, now or whenever the gallery is opened. */
  constructor(options: GalleryUpkeepOptions) {
    this.#options = options;
    this.#unsubscribe = options.access.onChanged(() => this.#follow());
    this.#follow();
  }

  status(): GalleryStatus {
    const { access, keys } = this.#options;
    const { state, reason, slots, rotation } = keys.status();
    const progress = this.#moves()?.progress;
    const { database, audit } = access.fileIfOpen ?? {};
    // Not the log that follows the file: while a restore looks at the present file for the last time, that one is suspended.
    const lastVerification = audit === undefined ? undefined : lastOf(audit);
    return {
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(database === undefined ? {} : { contents: contentsOf(database) }),
      keys: slots,
      quarantined: access.open?.gallery.quarantined ?? [],
      ...(rotation === undefined ? {} : { rotation }),
      ...(progress === undefined ? {} : { reEmbedding: describeProgress(progress) }),
      ...(this.#verified === undefined ? {} : { verification: this.#verified }),
      ...(lastVerification === undefined ? {} : { lastVerification }),
    };
  }

  async verify(by: Actor): Promise<GalleryVerification> {
    if (this.#verifying !== undefined) {
      throw badInput('verify-running', 'the gallery is being verified already', {
        remedy: 'Wait until that has ended. `rollcall gallery status` shows how far it is.',
      });
    }
    const { access } = this.#options;
    const open = access.requireOpen();
    this.#verifying = this.#verify(open, by);
    try {
      return await this.#verifying;
    } finally {
      this.#verifying = undefined;
      this.#verified = undefined;
    }
  }

  calibrate(by: Actor): Promise<GalleryCalibrationReport> {
    return this.#options.calibration.calibrate(by);
  }

  async reEmbed({ to, acceptsMissing }: ReEmbedRequest, by: Actor): Promise<ReEmbedStatus> {
    return describeProgress(await this.#requireMoves().start({ recogniserName: to, acceptsMissing, by }));
  }

  async cancelReEmbed(by: Actor): Promise<ReEmbedStatus> {
    return describeProgress(await this.#requireMoves().cancel(by));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    this.#abort.abort(new Error('the daemon is stopping'));
    await Promise.allSettled([this.#verifying, this.#reEmbeddings?.moves[Symbol.asyncDispose]()]);
  }

  async #verify({ gallery, ring }: OpenAccess, by: Actor): Promise<GalleryVerification> {
    const { access, clock, logger } = this.#options;
    const signal = AbortSignal.any([this.#abort.signal, this.#closing(gallery)]);
    const thresholds = await this.#options.thresholds();
    const onProgress = (progress: VerifyProgress): void => {
      this.#verified = progress;
    };
    const parts = { file: access.file, gallery, ring, clock, by, thresholds, signal, onProgress };
    const report = await verifyGallery(parts);
    const { startedAtMs, audit, ...rest } = report;
    const { checked, durationMs, findings, disagreeing, pages, isWhole } = rest;
    const counts = { damaged: findings.length, disagreeing: disagreeing.length, pages: pages.length };
    const about = { ...checked, durationMs, ...counts };
    if (isWhole) logger.info('the gallery was verified: it is whole', about);
    else logger.error('the gallery was verified: something is damaged', about);
    return { startedAt: isoTime(startedAtMs), ...rest, ...(audit === undefined ? {} : { audit }) };
  }

  /** Aborts when the gallery is closed. */
  #closing(gallery: OpenAccess['gallery']): AbortSignal {
    const closing = new AbortController();
    const reason = badInput('verify-stopped', 'the gallery was closed while it was verified', {
      remedy: 'verify it again once it is open',
    });
    gallery.attach('verification', { [Symbol.asyncDispose]: async () => closing.abort(reason) });
    return closing.signal;
  }

  #follow(): void {
    const { access, openEmbedder, clock, logger } = this.#options;
    const { open } = access;
    if (open === undefined || this.#reEmbeddings?.of === open) return;
    const { gallery, ring } = open;
    try {
      const moves = new ReEmbeddings({
        file: access.file,
        ring,
        openEmbedder,
        report: (row) => gallery.putAside(row),
        clock,
        logger,
      });
      gallery.attach('move to another recogniser', moves);
      this.#reEmbeddings = { of: open, moves };
    } catch (error) {
      // Recognition does not need it.
      logger.error('the move to another recogniser cannot go on', { error });
    }
  }

  /** Of the gallery that is open now. */
  #moves(): ReEmbeddings | undefined {
    const current = this.#reEmbeddings;
    return current !== undefined && current.of === this.#options.access.open ? current.moves : undefined;
  }

  #requireMoves(): ReEmbeddings {
    this.#options.access.requireOpen();
    const moves = this.#moves();
    if (moves !== undefined) return moves;
    throw badInput('re-embed-unreadable', 'the state of a move to another recogniser cannot be read', {
      remedy: 'restore a backup (rollcall backup restore)',
    });
  }
}

function contentsOf(database: Parameters<typeof readContents>[0]): NonNullable<GalleryStatus['contents']> {
  const { recogniser, ...contents } = readContents(
    database,
    (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
  );
  return { ...contents, ...(recogniser === undefined ? {} : { recogniser }) };
}

function lastOf(audit: AuditLog): LastVerification | undefined {
  const [entry] = audit.list({ action: 'gallery.verified', limit: 1 });
  if (entry === undefined) return undefined;
  const { damaged = 0, disagreeing = 0, pages = 0, audit: outcome = 'unknown' } = entry.details;
  return {
    at: isoTime(entry.atMs),
    damaged: Number(damaged),
    disagreeing: Number(disagreeing),
    pages: Number(pages),
    audit: String(outcome),
  };
}

function describeProgress({ startedAtMs, problem, ...progress }: ReEmbedProgress): ReEmbedStatus {
  return {
    ...progress,
    startedAt: isoTime(startedAtMs),
    ...(problem === undefined ? {} : { problem: describeProblem(problem) }),
  };
}

function describeProblem({ code, message, remedy = '' }: RollcallError): KeyProblem {
  return { code, message, remedy };
}
