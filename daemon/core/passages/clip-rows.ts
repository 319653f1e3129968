import type { OpenDatabase } from '../../host/sqlite.js';
import type { CameraId, EventId, PassageId } from '../../kernel/ids.js';
import type { ClipAbsence, PassageClip } from '../../kernel/passages/clip.js';
import type { SealedContent } from './passage-seal.js';

/** Where the sealed clip lies, and its own key, sealed under the key of the day of its passage. */
export interface KeptClip extends SealedContent {
  /** Name in the folder of the clips. */
  readonly file: string;
}

interface ClipRow {
  readonly passageId: PassageId;
  readonly cameraId: CameraId;
  readonly eventId: EventId;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly state: PassageClip['state'];
  readonly frameCount: number;
  readonly bytes: number;
  readonly isShort: 0 | 1;
  readonly file: string | null;
  readonly keyId: string | null;
  readonly sealedKey: Uint8Array | null;
}

/** A clip, and where it lies if it is kept. */
export interface StoredClip extends PassageClip {
  readonly kept: KeptClip | undefined;
}

export type ClipRows = ReturnType<typeof clipRowsOf>;

/**
 * The clips of passages in records.db. A row has the only copy of the key of its file, and goes with its passage: from then on the file is
 * noise, whoever has a copy of it. No write waits for the disk, because no clip is worth a wait of the events.
 */
export function clipRowsOf(database: OpenDatabase) {
  const { db } = database;
  const begin = db.prepare<[Pick<ClipRow, 'passageId' | 'eventId' | 'fromMs' | 'untilMs'>]>(`
    INSERT INTO passage_clip (passage, camera_id, event_id, from_ms, until_ms)
    SELECT number, camera_id, @eventId, @fromMs, @untilMs FROM passage WHERE id = @passageId
    ON CONFLICT (passage) DO NOTHING`);
  const ofPassage = '(SELECT number FROM passage WHERE id = @passageId)';
  const keep = db.prepare<[Record<string, unknown>]>(`
    UPDATE passage_clip SET state = 'kept', from_ms = @fromMs, until_ms = @untilMs, frames = @frameCount, bytes = @bytes,
      is_short = @isShort, file = @file, key_id = @keyId, sealed_key = @sealed
    WHERE passage = ${ofPassage} AND state = 'pending'`);
  const cleared = 'frames = 0, bytes = 0, is_short = 0, file = NULL, key_id = NULL, sealed_key = NULL';
  const miss = db.prepare<[{ passageId: PassageId; absence: ClipAbsence }]>(
    `UPDATE passage_clip SET state = @absence, ${cleared} WHERE passage = ${ofPassage}`,
  );
  const missPending = db.prepare("UPDATE passage_clip SET state = 'box-stopped' WHERE state = 'pending'");
  const hasPending = db.prepare("SELECT 1 FROM passage_clip WHERE state = 'pending' LIMIT 1");
  const find = db.prepare<[PassageId], ClipRow>(`
    SELECT passage.id AS passageId, passage_clip.camera_id AS cameraId, event_id AS eventId, from_ms AS fromMs,
      until_ms AS untilMs, state, frames AS frameCount, bytes, is_short AS isShort, file, passage_clip.key_id AS keyId,
      sealed_key AS sealedKey
    FROM passage_clip JOIN passage ON number = passage WHERE passage.id = ?`);
  const total = db.prepare<[], number>('SELECT coalesce(sum(bytes), 0) FROM passage_clip').pluck();
  const oldest = db.prepare<[], { readonly passage: number; readonly bytes: number }>(
    "SELECT passage, bytes FROM passage_clip WHERE state = 'kept' ORDER BY from_ms, passage",
  );
  const clear = db.prepare<[number]>(
    `UPDATE passage_clip SET state = 'no-room', ${cleared} WHERE passage = ?`,
  );
  const files = db.prepare<[], string>('SELECT file FROM passage_clip WHERE file IS NOT NULL').pluck();
  return {
    /** Notes that a clip of the passage is being made. False if the passage has one already, or is gone. */
    begin: (clip: Parameters<typeof begin.run>[0]): boolean =>
      database.unsyncedTransaction(() => begin.run(clip).changes === 1),
    /** False if the passage, or the wish for its clip, is gone: then nothing may have the key. */
    keep: (clip: Omit<PassageClip, 'state' | 'cameraId' | 'eventId'>, where: KeptClip): boolean =>
      database.unsyncedTransaction(
        () => keep.run({ ...clip, ...where, isShort: clip.isShort ? 1 : 0 }).changes === 1,
      ),
    /** Notes why there is no clip. */
    miss: (passageId: PassageId, absence: ClipAbsence): void =>
      database.unsyncedTransaction(() => void miss.run({ passageId, absence })),
    /** Clips that were being made when the daemon stopped. */
    missPending(): number {
      if (database.read(() => hasPending.get()) === undefined) return 0;
      return database.unsyncedTransaction(() => missPending.run().changes);
    },
    find(passageId: PassageId): StoredClip | undefined {
      const row = database.read(() => find.get(passageId));
      if (row === undefined) return undefined;
      const { file, keyId, sealedKey, isShort, ...clip } = row;
      const isKept = file !== null && keyId !== null && sealedKey !== null;
      return {
        ...clip,
        isShort: isShort === 1,
        kept: isKept ? { file, keyId, sealed: sealedKey } : undefined,
      };
    },
    /** Bytes of all clips together. */
    totalBytes: (): number => database.read(() => total.get() ?? 0),
    /** Deletes the oldest clips until `most` bytes are left. Returns how many went. */
    shrinkTo(most: number): number {
      let left = this.totalBytes();
      if (left <= most) return 0;
      return database.unsyncedTransaction(() => {
        let count = 0;
        for (const { passage, bytes } of oldest.all()) {
          if (left <= most) break;
          clear.run(passage);
          left -= bytes;
          count += 1;
        }
        return count;
      });
    },
    /** The files that belong to a clip. */
    files: (): ReadonlySet<string> => new Set(database.read(() => files.all())),
  };
}
