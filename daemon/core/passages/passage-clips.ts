import type { ClipsConfig } from '../../contract/settings/schema.js';
import type { ClipTakenOutcome } from '../../contract/vision/vision-answers.js';
import { isJpeg } from '../../contract/vision/vision-sighting.js';
import { wipe } from '../../host/sodium.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Fact, RecordedEvent } from '../../kernel/events/event.js';
import { evidenceKindOf } from '../../kernel/events/evidence.js';
import type { BoxIds, PassageId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { type ClipAbsence, largestClipBytes } from '../../kernel/passages/clip.js';
import { Recurring } from '../../kernel/recurring.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import type { Signer } from '../delivery/signer.js';
import type { Records } from '../records/records.js';
import { clipArchive } from './clip-archive.js';
import type { ClipFiles } from './clip-files.js';
import type { ClipRows, StoredClip } from './clip-rows.js';
import type { PassageJournal } from './passage-journal.js';
import type { PassageSeal } from './passage-seal.js';

/** The vision process encodes the last frame of a clip meanwhile, milliseconds. */
const encodingMs = 500;
/** The most clips that are being made. More would mean that a camera sees a crowd, whose clips show the same. */
const mostPending = 50;
/** A clip is short if it lacks frames for longer, milliseconds: an empty scene is analysed once or twice a second. */
const toleratedGapMs = 2_000;
/** How often files are deleted whose clip is gone. Their keys went with the clips. */
const sweepEveryMs = 10 * 60_000;

/** What a clip is made of. */
interface Wanted {
  readonly fact: Fact & Pick<RecordedEvent, 'id'>;
  /** Monotonic milliseconds. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Wall clock minus monotonic clock. */
  readonly wallOffsetMs: number;
}

export interface PassageClipsOptions {
  readonly records: Pick<Records, 'onRecorded'> & {
    readonly passages: Pick<PassageJournal, 'find'>;
    readonly clips: ClipRows;
  };
  readonly files: ClipFiles;
  readonly seal: Pick<PassageSeal, 'sealClipKey' | 'openClipKey'>;
  readonly signer: () => Signer;
  readonly from: BoxIds;
  /** In force. */
  readonly settings: () => ClipsConfig;
  /** Number of masked areas of a camera. */
  readonly masksOf: (cameraId: string) => number;
  /** The frames of a camera, by monotonic time. @throws `vision-unavailable` */
  readonly takeClip: (
    cameraId: string,
    time: { readonly fromMs: number; readonly untilMs: number },
  ) => Promise<ClipTakenOutcome>;
  /** Whether the disk has room beyond what events need. */
  readonly hasRoom: () => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps a clip of each passage with an event of which the configuration wants one. It hears of events after they were recorded: none waits
 * for its clip or is lost by it. Where there is no clip, the row says why.
 */
export class PassageClips implements AsyncDisposable {
  readonly #options: PassageClipsOptions;
  readonly #timers = new Map<PassageId, Timer>();
  /** One clip at a time is in memory. */
  readonly #turns = new SerialQueue();
  readonly #sweeps: Recurring;
  readonly #unsubscribe: () => void;
  #isFailing = false;

  constructor(options: PassageClipsOptions) {
    this.#options = options;
    const { records, files, clock, logger } = options;
    this.#missPending();
    this.#sweeps = new Recurring({
      clock,
      everyMs: sweepEveryMs,
      work: async () => void (await files.sweep(() => records.clips.files())),
      onFailure: (error) => logger.error('files of deleted clips could not be deleted', { error }),
    }).start();
    this.#unsubscribe = records.onRecorded((event) => this.#want(event));
  }

  /** Of a passage. */
  find(id: PassageId): StoredClip | undefined {
    return this.#options.records.clips.find(id);
  }

  /** The signed archive of a kept clip; undefined if it is damaged, or its key is gone. @throws `gallery-sealed` */
  async read(clip: StoredClip, startedAtMs: number): Promise<Uint8Array | undefined> {
    const { seal, files } = this.#options;
    if (clip.kept === undefined) return undefined;
    const key = seal.openClipKey({ ...clip, startedAtMs, file: clip.kept.file }, clip.kept);
    if (key === undefined) return undefined;
    try {
      return await files.read({ file: clip.kept.file, key });
    } finally {
      wipe(key);
    }
  }

  /** Resolves when the clips whose time has come are kept or missed. */
  settled(): Promise<void> {
    return this.#turns.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    for (const timer of this.#timers.values()) timer.cancel();
    await this.#turns.settled();
    await this.#sweeps[Symbol.asyncDispose]();
    this.#missPending();
  }

  /** Notes that the box stopped before these were complete. If the disk is full, the next start tries again. */
  #missPending(): void {
    const { records, logger } = this.#options;
    try {
      const count = records.clips.missPending();
      if (count > 0) logger.info('clips were not completed because the daemon stopped', { count });
    } catch (error) {
      if (!isRollcallError(error) || error.kind === 'defect') throw error;
      logger.error('that clips were not completed could not be noted', { error });
    }
  }

  #want(event: RecordedEvent): void {
    const kind = evidenceKindOf(event.kind);
    if (kind === undefined || !('passageId' in event) || !('trackId' in event)) return;
    const { settings, clock, logger } = this.#options;
    const { [kind]: isWanted, beforeS, afterS } = settings();
    if (!isWanted) return;
    const fact = event as Fact & RecordedEvent;
    const { id: eventId, passageId, occurredAtMs } = fact;
    const [fromMs, untilMs] = [occurredAtMs - beforeS * 1000, occurredAtMs + afterS * 1000];
    try {
      const times = { fromMs: Math.floor(fromMs), untilMs: Math.ceil(untilMs) };
      if (!this.#options.records.clips.begin({ passageId, eventId, ...times })) return;
    } catch (error) {
      logger.error('a clip could not be begun', { event: eventId, error });
      return;
    }
    if (this.#timers.size >= mostPending) {
      this.#miss(fact, 'too-many');
      return;
    }
    const wallOffsetMs = clock.wallMs() - clock.monotonicMs();
    const wanted = {
      ...{ fact, wallOffsetMs },
      ...{ fromMs: fromMs - wallOffsetMs, untilMs: untilMs - wallOffsetMs },
    };
    const waitMs = Math.max(0, wanted.untilMs - clock.monotonicMs()) + encodingMs;
    const timer = clock.after(waitMs, () => {
      void this.#turns.run(() => this.#make(wanted)).finally(() => this.#timers.delete(passageId));
    });
    this.#timers.set(passageId, timer);
  }

  /** Never rejects. */
  async #make(wanted: Wanted): Promise<void> {
    const { fact } = wanted;
    try {
      const absence = await this.#tryToMake(wanted);
      if (absence !== undefined) this.#miss(fact, absence);
      else if (this.#isFailing) {
        this.#isFailing = false;
        this.#options.logger.info('clips are kept again');
      }
    } catch (error) {
      this.#miss(fact, absenceOf(error), error);
    }
  }

  async #tryToMake(wanted: Wanted): Promise<ClipAbsence | undefined> {
    const { records, takeClip, hasRoom, settings } = this.#options;
    const { fact, fromMs, untilMs, wallOffsetMs } = wanted;
    const { cameraId, passageId } = fact;
    const stored = records.passages.find(passageId);
    // Erased meanwhile, and its clip with it.
    if (stored === undefined) return undefined;
    if (!(await hasRoom())) return 'disk-full';
    const taken = await takeClip(cameraId, { fromMs, untilMs });
    if (taken.outcome !== 'ok') return 'no-frames';
    const frames = framesOf(taken, { fromMs, untilMs });
    const [first, last] = [frames?.[0], frames?.at(-1)];
    if (frames === undefined || first === undefined || last === undefined) return 'not-stored';
    const archive = await this.#archive(wanted, frames);
    const isShort =
      first.capturedAtMs - fromMs > toleratedGapMs || untilMs - last.capturedAtMs > toleratedGapMs;
    const clip = {
      ...{ passageId, isShort, frameCount: frames.length, bytes: archive.length },
      fromMs: Math.floor(first.capturedAtMs + wallOffsetMs),
      untilMs: Math.ceil(last.capturedAtMs + wallOffsetMs),
    };
    await this.#store(wanted, clip, archive);
    records.clips.shrinkTo(settings().mostMiB * 1024 * 1024);
    return undefined;
  }

  #archive({ fact, wallOffsetMs }: Wanted, frames: readonly Frame[]): Promise<Uint8Array> {
    const { from, masksOf, signer } = this.#options;
    const { id: event, kind, cameraId: camera, passageId: passage, occurredAtMs } = fact;
    return clipArchive(
      {
        ...{ site: from.siteId, box: from.boxId, camera, passage, event, kind },
        ...{ eventAt: isoTime(occurredAtMs), masks: masksOf(camera) },
      },
      frames.map(({ capturedAtMs, jpeg }) => ({ capturedAtMs: capturedAtMs + wallOffsetMs, jpeg })),
      signer(),
    );
  }

  async #store({ fact }: Wanted, clip: Parameters<ClipRows['keep']>[0], archive: Uint8Array): Promise<void> {
    const { records, files, seal } = this.#options;
    const { file, key } = await files.write(archive);
    let isKept = false;
    try {
      // Erased while the file was written: nothing may have the key then.
      const stored = records.passages.find(fact.passageId);
      if (stored?.passage === undefined) return;
      const { cameraId, startedAtMs } = stored.passage;
      const place = { ...clip, cameraId, startedAtMs, eventId: fact.id, file };
      isKept = records.clips.keep(clip, { file, ...seal.sealClipKey(place, key) });
    } finally {
      wipe(key);
      if (isKept) files.named(file);
      else await files.remove(file);
    }
  }

  /** Logs only the first failure, until a clip is kept again. */
  #miss(
    { passageId, id: event, cameraId: camera }: Wanted['fact'],
    absence: ClipAbsence,
    error?: unknown,
  ): void {
    const { records, logger } = this.#options;
    try {
      records.clips.miss(passageId, absence);
    } catch (failed) {
      logger.error('why a clip is missing could not be noted', { event, absence, error: failed });
    }
    if (this.#isFailing) return;
    this.#isFailing = true;
    logger.warn('an event has no clip', { event, camera, absence, error });
  }
}

interface Frame {
  /** Monotonic milliseconds. */
  readonly capturedAtMs: number;
  readonly jpeg: Uint8Array;
}

/**
 * The frames of an answer. Undefined if it is not what was asked for: the process that made it decodes untrusted video. The core looks at
 * the first bytes only.
 */
function framesOf(
  { frames, picture }: Extract<ClipTakenOutcome, { outcome: 'ok' }>,
  { fromMs, untilMs }: Pick<Wanted, 'fromMs' | 'untilMs'>,
): readonly Frame[] | undefined {
  const total = frames.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total !== picture.length || total > largestClipBytes) return undefined;
  let offset = 0;
  const cut = frames.map(({ capturedAtMs, bytes }) => {
    const jpeg = picture.subarray(offset, offset + bytes);
    offset += bytes;
    return { capturedAtMs, jpeg };
  });
  const isAsked = ({ capturedAtMs: atMs, jpeg }: Frame): boolean =>
    atMs >= fromMs && atMs <= untilMs && isJpeg(jpeg);
  return cut.every(isAsked) ? cut : undefined;
}

function absenceOf(error: unknown): ClipAbsence {
  if (isRollcallError(error)) {
    if (error.code === 'gallery-sealed' || error.code === 'vision-unavailable') return error.code;
    return error.code === 'disk-full' ? 'disk-full' : 'not-stored';
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'not-stored';
}
