import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Actor } from '../../../kernel/actor.js';
import type { Clock } from '../../../kernel/clock.js';
import { isRollcallError } from '../../../kernel/errors.js';
import type { VerifyTable } from '../../../kernel/gallery/gallery-damage.js';
import type { PersonId, RecogniserId } from '../../../kernel/ids.js';
import type { Gallery } from '../gallery.js';
import type { GalleryFile } from '../gallery-file.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { QuarantinedRow } from './quarantine.js';
import type { DisagreeingPerson, VerifyCounts, VerifyFinding, VerifyProgress } from './verify-report.js';
import { VerifyRows } from './verify-rows.js';

/** Limits of work between two turns of the event loop: a few milliseconds. */
const SLICE_ROWS = 16;
const SLICE_BYTES = 256 * 1024;

export interface VerifyOptions {
  readonly file: GalleryFile;
  readonly gallery: Gallery;
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly by: Actor;
  /** For each recogniser, the similarity from which two faces are one person. Templates of other recognisers are not compared. */
  readonly thresholds: ReadonlyMap<RecogniserId, number>;
  /** Ends the work early. */
  readonly signal: AbortSignal;
  /** Called after every row. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The findings of `verifyGallery` so far, and the slicing of its work. */
export class VerifyWalk {
  readonly parts: VerifyOptions;
  readonly rows: VerifyRows;
  readonly checked: Mutable<VerifyCounts> = {
    dataKeys: 0,
    persons: 0,
    templates: 0,
    photographs: 0,
    evidence: 0,
    strangers: 0,
  };
  readonly disagreeing: DisagreeingPerson[] = [];
  readonly #findings: VerifyFinding[] = [];
  readonly #totalRows: number;
  #doneRows = 0;
  #sliceRows = 0;
  #sliceBytes = 0;

  constructor(parts: VerifyOptions) {
    this.parts = parts;
    this.rows = new VerifyRows(parts.file.database);
    const total = this.readable(() => this.rows.count());
    this.#totalRows = total === 'damaged' ? 0 : total;
  }

  get findings(): readonly VerifyFinding[] {
    return this.#findings;
  }

  /** Reports a problem without quarantine: the row is missing or does no harm. */
  report(finding: VerifyFinding): void {
    this.#findings.push(finding);
  }

  /** Reports a row and quarantines it. */
  quarantine(
    table: QuarantinedRow['table'],
    rowId: string,
    personId: PersonId | null,
    reason: QuarantinedRow['reason'],
  ): void {
    const row = { table, rowId, ...(personId === null ? {} : { personId }), reason };
    this.report(row);
    this.parts.gallery.putAside(row);
  }

  /** Visits all ids in slices. Reports a page that cannot be read; it ends the list. */
  async each<Id extends string>(
    table: VerifyTable,
    idsAfter: (previousId: string) => readonly Id[],
    visit: (id: Id) => void,
  ): Promise<void> {
    for (let previousId = ''; ; ) {
      const ids = this.#listed(table, () => idsAfter(previousId));
      for (const id of ids) {
        visit(id);
        // Templates were counted with their persons.
        if (table !== 'template') this.#doneRows += 1;
        this.showProgress('rows');
        await this.turn(0);
      }
      const last = ids.at(-1);
      if (last === undefined) return;
      previousId = last;
    }
  }

  /** Counts a row and `bytes`, and yields to the event loop when a limit is reached. */
  async turn(bytes: number): Promise<void> {
    this.#sliceRows += 1;
    this.#sliceBytes += bytes;
    if (this.#sliceRows < SLICE_ROWS && this.#sliceBytes < SLICE_BYTES) return;
    this.#sliceRows = 0;
    this.#sliceBytes = 0;
    await nextTurn();
    this.throwIfStopped();
  }

  /** Reports the progress. Caps it, because rows may be added during the verification. */
  showProgress(step: VerifyProgress['step']): void {
    const total = this.#totalRows;
    const done = step === 'rows' ? Math.min(this.#doneRows, total) : total;
    this.parts.onProgress?.({ step, done, total });
  }

  /** Counts bytes towards the next turn. */
  countBytes(bytes: number): void {
    this.#sliceBytes += bytes;
  }

  throwIfStopped(): void {
    this.parts.signal.throwIfAborted();
  }

  /** The result of `read`, or `damaged` if its page cannot be read. */
  readable<T>(read: () => T): T | 'damaged' {
    try {
      return read();
    } catch (error) {
      if (isRollcallError(error, 'gallery-damaged')) return 'damaged';
      throw error;
    }
  }

  #listed<Id extends string>(table: VerifyTable, list: () => readonly Id[]): readonly Id[] {
    const ids = this.readable(list);
    if (ids !== 'damaged') return ids;
    this.report({ table, reason: 'page-damaged' });
    return [];
  }
}
