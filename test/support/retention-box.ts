import assert from 'node:assert/strict';
import { join } from 'node:path';
import { retentionSchema } from '../../daemon/contract/settings/retention-schema.js';
import type { RetentionConfig } from '../../daemon/contract/settings/schema.js';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { type GalleryFile, openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { unlockGallery } from '../../daemon/core/gallery/unlock-gallery.js';
import { Retention } from '../../daemon/core/retention/retention.js';
import {
  ageingKinds,
  emptyLogs,
  type RetentionSources,
} from '../../daemon/core/retention/retention-kinds.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { Clock, Timer } from '../../daemon/kernel/clock.js';
import type { PictureKind } from '../../daemon/kernel/events/evidence.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { present } from '../../daemon/kernel/present.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { enrolmentOf, galleryOptions, noiseJpeg, tester } from './gallery-fixture.js';
import { SettableVault, sealOf } from './passage-fixture.js';
import { box as identity, type LogLine, memoryLog } from './published-box.js';

export const dayMs = 86_400_000;
/** Noon at the site, whose zone is UTC. */
export const firstNoonMs = Date.UTC(2026, 2, 2, 12);

/** A virtual clock whose wall time can be set. */
export class SettableClock implements Clock {
  readonly #virtual: VirtualClock;
  #setByMs = 0;

  constructor(startMs: number) {
    this.#virtual = new VirtualClock(startMs);
  }

  monotonicMs(): number {
    return this.#virtual.monotonicMs();
  }

  wallMs(): number {
    return this.#virtual.wallMs() + this.#setByMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#virtual.after(delayMs, callback);
  }

  advanceBy(durationMs: number): void {
    this.#virtual.advanceBy(durationMs);
  }

  /** Sets the wall clock; no time passes. */
  setForward(byMs: number): void {
    this.#setByMs += byMs;
  }
}

export interface RetentionBox extends AsyncDisposable {
  readonly retention: Retention;
  readonly file: GalleryFile;
  /** Undefined if it stays sealed. */
  readonly gallery: Gallery | undefined;
  readonly records: RecordStores;
  readonly clock: SettableClock;
  readonly log: readonly LogLine[];
  readonly forgottenPersons: readonly PersonId[];
  /** How often copies of the gallery were to be deleted. */
  readonly forgottenCopies: () => number;
  /** Rows changed by each transaction on the gallery that retention made. */
  readonly changesPerTransaction: readonly number[];
  /** What `SELECT` finds in the gallery's file: one value. */
  value(sql: string): unknown;
}

export interface RetentionBoxOptions {
  readonly nowMs?: number;
  readonly isSealed?: boolean;
  readonly rules?: Partial<RetentionConfig>;
}

/** A gallery and records in `directory` with retention over them; its timer is not started. */
export async function openRetentionBox(
  directory: string,
  { nowMs = firstNoonMs, isSealed = false, rules = {} }: RetentionBoxOptions = {},
): Promise<RetentionBox> {
  const clock = new SettableClock(nowMs);
  const options = galleryOptions(directory, { clock });
  const file = await openGalleryFile(options);
  const unlocked = isSealed ? undefined : await unlockGallery({ ...options, file });
  const gallery = unlocked?.outcome === 'open' ? unlocked.gallery : undefined;
  const recordsPath = join(directory, 'records.db');
  const encode: Parameters<typeof openRecordStores>[0]['encode'] = (event) =>
    encodeEvent(event, identity, {});
  const passageSeal = sealOf(new SettableVault(gallery));
  const records = openRecordStores({ path: recordsPath, encode, clock, random: systemRandom, passageSeal });
  const changesPerTransaction: number[] = [];
  const { logger, lines: log } = memoryLog();
  const forgottenPersons: PersonId[] = [];
  let forgottenCopies = 0;
  const probed = probe(file, changesPerTransaction);
  const sources: RetentionSources = {
    file: () => probed,
    gallery: () => gallery,
    forgetPerson: (id) => void forgottenPersons.push(id),
    forgetCopies: () => {
      forgottenCopies += 1;
    },
    records: records.retention,
    databasePaths: [options.path, recordsPath],
    clock,
  };
  const retention = new Retention({
    kinds: (by) => ageingKinds(sources, by),
    rules: () => ({ ...retentionSchema.parse({}), ...rules }),
    timeZone: 'UTC',
    newestRecordMs: () => records.list({ limit: 1 })[0]?.recordedAtMs,
    emptyLogs: () => emptyLogs(sources),
    audit: file.audit,
    database: () => file.database,
    clock,
    logger,
  });
  return {
    retention,
    file,
    gallery,
    records,
    clock,
    log,
    forgottenPersons,
    forgottenCopies: () => forgottenCopies,
    changesPerTransaction,
    value: (sql) => file.database.db.prepare(sql).pluck().get(),
    async [Symbol.asyncDispose]() {
      await retention[Symbol.asyncDispose]();
      await gallery?.[Symbol.asyncDispose]();
      await file[Symbol.asyncDispose]();
      await records[Symbol.asyncDispose]();
    },
  };
}

function probe(file: GalleryFile, changes: number[]): GalleryFile {
  const { database } = file;
  const total = database.db.prepare<[], number>('SELECT total_changes()').pluck();
  const transaction: typeof database.transaction = (work) => {
    const before = total.get() ?? 0;
    const result = database.transaction(work);
    changes.push((total.get() ?? 0) - before);
    return result;
  };
  return { ...file, database: { ...database, transaction } };
}

export async function enrol(
  { gallery }: RetentionBox,
  name: string,
  seeds: readonly number[],
): Promise<PersonId> {
  assert.ok(gallery);
  return gallery.addPerson(enrolmentOf(name, seeds), tester);
}

export function keepPicture(box: RetentionBox, kind: PictureKind, personId?: PersonId, size = 4000): void {
  const about = { kind, eventId: 'event', cameraId: 'gate', takenAtMs: box.clock.wallMs() };
  const jpeg = noiseJpeg(1, size);
  box.gallery?.addEvidence({ ...about, jpeg, ...present({ personId }) });
}

export function acknowledgeAll({ records }: RetentionBox): void {
  records.outbox.acknowledge(records.outbox.pending(0, 10_000, []).map(({ sequence }) => sequence));
}
