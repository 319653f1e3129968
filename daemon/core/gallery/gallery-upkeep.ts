import { statSync } from 'node:fs';
import type { Fault } from '../../contract/api-errors.js';
import type { Caller } from '../../contract/caller.js';
import {
  type AlikePair,
  type CalibratedPerson,
  type CalibrationItem,
  type GalleryCalibrationReport,
  type GalleryStatus,
  type GalleryVerification,
  type galleryOperations,
  type LastVerification,
  mostNamedRows,
  type ReEmbedding,
  type VerificationItem,
} from '../../contract/gallery.js';
import type { Handlers } from '../../contract/handlers.js';
import { type Actor, actorOf } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { RecogniserId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { failure, refusal } from '../../words/errors.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { BackgroundJob } from './background-job.js';
import type { GalleryCalibration } from './gallery-calibration.js';
import { readContents } from './gallery-contents.js';
import type { GalleryKeys } from './gallery-keys.js';
import type { GalleryVault, OpenVault } from './gallery-vault.js';
import type { ReEmbedProgress } from './re-embedding/re-embed-job.js';
import type { OpenEmbedder } from './re-embedding/re-embed-step.js';
import { ReEmbeddings } from './re-embedding/re-embeddings.js';
import { verifyGallery } from './verify/verify-gallery.js';
import type { VerifyProgress } from './verify/verify-report.js';
import type { VerifyOptions } from './verify/verify-walk.js';

export interface GalleryUpkeepOptions {
  readonly vault: GalleryVault;
  readonly keys: Pick<GalleryKeys, 'status'>;
  readonly openEmbedder: OpenEmbedder;
  readonly calibration: Pick<GalleryCalibration, 'calibrate'>;
  /** The similarity from which each recogniser treats two faces as one person. */
  readonly thresholds: () => Promise<ReadonlyMap<RecogniserId, number>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ReEmbedRequest {
  /** The name of the new recogniser in the configuration. */
  readonly to: string;
  readonly acceptsMissing: boolean;
}

/** The operations on the whole gallery. */
export function galleryHandlers(
  upkeep: GalleryUpkeep,
  readings: Pick<ReadingTrail, 'note'>,
): Handlers<typeof galleryOperations> {
  return {
    'gallery.show': () => upkeep.status(),
    'gallery.verify': (_input, { caller }) => verificationItems(() => upkeep.verify(actorOf(caller))),
    'gallery.calibrate': (_input, { caller }) => calibrationItems(upkeep, caller, readings),
    'gallery.re-embed': (request, { caller }) => upkeep.reEmbed(request, actorOf(caller)),
    'gallery.cancel-re-embed': (_input, { caller }) => upkeep.cancelReEmbed(actorOf(caller)),
  };
}

async function* verificationItems(
  verify: () => Promise<GalleryVerification>,
): AsyncGenerator<VerificationItem> {
  const { findings, disagreeing, ...summary } = await verify();
  yield { kind: 'summary', ...summary };
  for (const finding of findings) yield { kind: 'finding', finding };
  for (const person of disagreeing) yield { kind: 'disagreeing', person };
}

async function* calibrationItems(
  upkeep: GalleryUpkeep,
  caller: Caller,
  readings: Pick<ReadingTrail, 'note'>,
): AsyncGenerator<CalibrationItem> {
  const by = actorOf(caller);
  const { persons, alike, ...summary } = await upkeep.calibrate(by);
  const isNamed = caller.scopes.has('names:read');
  if (isNamed) readings.note({ by, action: 'person.listed', details: { persons: persons.length } });
  yield { kind: 'summary', ...summary };
  for (const person of persons) yield { kind: 'person', person: isNamed ? person : unnamed(person) };
  for (const pair of alike) yield { kind: 'alike', pair: isNamed ? pair : unnamedPair(pair) };
}

function unnamed({ name: _, neighbours, ...person }: CalibratedPerson): CalibratedPerson {
  return { ...person, neighbours: neighbours.map(({ name: __, ...near }) => near) };
}

function unnamedPair({ a, b, ...pair }: AlikePair): AlikePair {
  return { a: { personId: a.personId }, b: { personId: b.personId }, ...pair };
}

/** Work on the whole gallery: its state, its verification, its move to another recogniser. */
export class GalleryUpkeep implements AsyncDisposable {
  readonly #options: GalleryUpkeepOptions;
  readonly #verification = new BackgroundJob<VerifyProgress>(
    failure('shutting-down:daemon', {}, { retryable: true }),
  );
  readonly #unsubscribe: () => void;
  #reEmbeddings: { readonly of: OpenVault; readonly moves: ReEmbeddings } | undefined;

  /** Continues an interrupted move, now or when the gallery is opened. */
  constructor(options: GalleryUpkeepOptions) {
    this.#options = options;
    this.#unsubscribe = options.vault.onChanged(() => this.#follow());
    this.#follow();
  }

  status(): GalleryStatus {
    const { vault, keys } = this.#options;
    const { state, reason, slots, rotation } = keys.status();
    const progress = this.#moves()?.progress;
    const { database, audit } = vault.fileIfOpen ?? {};
    // Reads the log of the file itself: during a restore the log of the vault is suspended.
    const verification = this.#verification.progress;
    const lastVerification = audit === undefined ? undefined : lastOf(audit);
    const quarantined = vault.open?.gallery.quarantined ?? [];
    return {
      state,
      keys: slots,
      quarantined: { count: quarantined.length, rows: quarantined.slice(0, mostNamedRows) },
      ...present({
        ...{ reason, rotation, verification, lastVerification },
        contents: database && contentsOf(database),
        reEmbedding: progress && describeProgress(progress),
      }),
    };
  }

  /** Decrypts every field and lists the damaged ones. @throws `gallery-sealed`, `verify-running`, `verify-failed` */
  async verify(by: Actor): Promise<GalleryVerification> {
    if (this.#verification.isRunning) {
      throw refusal('verify-running');
    }
    const open = this.#options.vault.requireOpen();
    return this.#verification.run((signal, onProgress) => this.#verify(open, { by, signal, onProgress }));
  }

  /** Compares all persons again and puts a threshold for each in force. @throws `gallery-sealed`, `gallery-closed` */
  calibrate(by: Actor): Promise<GalleryCalibrationReport> {
    return this.#options.calibration.calibrate(by);
  }

  /**
   * Begins or continues a move to another recogniser, in the background.
   * @throws `gallery-sealed`, `unknown-recogniser`, `re-embed-same`, `re-embed-running`, and the errors of opening the recogniser
   */
  async reEmbed({ to, acceptsMissing }: ReEmbedRequest, by: Actor): Promise<ReEmbedding> {
    return describeProgress(await this.#requireMoves().start({ recogniserName: to, acceptsMissing, by }));
  }

  /** Cancels a move and deletes its templates. @throws `gallery-sealed`, `no-re-embedding` */
  async cancelReEmbed(by: Actor): Promise<ReEmbedding> {
    return describeProgress(await this.#requireMoves().cancel(by));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    await Promise.allSettled([
      this.#verification[Symbol.asyncDispose](),
      this.#reEmbeddings?.moves[Symbol.asyncDispose](),
    ]);
  }

  async #verify(
    { gallery, ring }: OpenVault,
    run: Pick<VerifyOptions, 'by' | 'signal' | 'onProgress'>,
  ): Promise<GalleryVerification> {
    const { vault, clock, logger } = this.#options;
    const signal = AbortSignal.any([run.signal, this.#closing(gallery)]);
    const thresholds = await this.#options.thresholds();
    const file = vault.file;
    const report = await verifyGallery({ ...run, file, gallery, ring, clock, thresholds, signal });
    const { startedAtMs, audit, ...rest } = report;
    const { checked, durationMs, findings, disagreeing, pages, isWhole } = rest;
    const counts = { damaged: findings.length, disagreeing: disagreeing.length, pages: pages.length };
    const about = { ...checked, durationMs, ...counts };
    if (isWhole) logger.info('the gallery was verified and is whole', about);
    else logger.error('the gallery was verified and is damaged', about);
    return { startedAt: isoTime(startedAtMs), ...rest, ...present({ audit }) };
  }

  /** Aborts when the gallery is closed. */
  #closing(gallery: OpenVault['gallery']): AbortSignal {
    const closing = new AbortController();
    const reason = refusal('verify-stopped');
    gallery.attach('verification', { [Symbol.asyncDispose]: async () => closing.abort(reason) });
    return closing.signal;
  }

  #follow(): void {
    const { vault, openEmbedder, clock, logger } = this.#options;
    const { open } = vault;
    if (open === undefined || this.#reEmbeddings?.of === open) return;
    const { gallery, ring } = open;
    try {
      const moves = new ReEmbeddings({
        file: vault.file,
        ring,
        openEmbedder,
        report: (row) => gallery.putAside(row),
        clock,
        logger,
      });
      gallery.attach('move to another recogniser', moves);
      this.#reEmbeddings = { of: open, moves };
    } catch (error) {
      // The box can recognise people without it.
      logger.error('the move to another recogniser cannot continue', { error });
    }
  }

  /** The moves of the gallery that is open now. */
  #moves(): ReEmbeddings | undefined {
    const current = this.#reEmbeddings;
    return current !== undefined && current.of === this.#options.vault.open ? current.moves : undefined;
  }

  #requireMoves(): ReEmbeddings {
    this.#options.vault.requireOpen();
    const moves = this.#moves();
    if (moves !== undefined) return moves;
    throw refusal('re-embed-unreadable');
  }
}

function contentsOf(database: Parameters<typeof readContents>[0]): NonNullable<GalleryStatus['contents']> {
  const { recogniser, ...contents } = readContents(
    database,
    (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
  );
  return { ...contents, ...present({ recogniser }) };
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

function describeProgress({ startedAtMs, problem, ...progress }: ReEmbedProgress): ReEmbedding {
  return {
    ...progress,
    startedAt: isoTime(startedAtMs),
    ...present({ problem: problem && describeProblem(problem) }),
  };
}

function describeProblem({ code, message, remedy = '' }: RollcallError): Fault {
  return { code, message, remedy };
}
