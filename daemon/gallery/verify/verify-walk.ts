import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Actor } from '../../audit/actor.js';
import type { Clock } from '../../base/clock.js';
import { isRollcallError } from '../../base/errors.js';
import type { PersonId, RecogniserId } from '../../domain/ids.js';
import type { Gallery } from '../gallery.js';
import type { GalleryFile } from '../gallery-file.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { QuarantinedRow } from './quarantine.js';
import type {
  DisagreeingPerson,
  VerifyCounts,
  VerifyFinding,
  VerifyProgress,
  VerifyTable,
} from './verify-report.js';
import { VerifyRows } from './verify-rows.js';

/** Work between two turns of the event loop, whichever comes first: a few milliseconds. */
const SLICE_ROWS = 16;
const SLICE_BYTES = 256 * 1024;

export interface VerifyParts {
  readonly file: GalleryFile;
  readonly gallery: Gallery;
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly by: Actor;
  /** Similarity from which each recogniser takes two faces for one person; templates of others are not compared. */
  readonly thresholds: ReadonlyMap<RecogniserId, number>;
  /** Ends it early. */
  readonly signal: AbortSignal;
  /** Told how far it is after every row. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What `verifyGallery` has found so far, and the pace at which it goes on. */
export class VerifyWalk {
  readonly parts: VerifyParts;
  readonly rows: VerifyRows;
  readonly checked: Mutable<VerifyCounts> = {
    dataKeys: 0,
    persons: 0,
    templates: 0,
    photographs: 0,
    evidence: 0,
  };
  readonly disagreeing: DisagreeingPerson[] = [];
  readonly #findings: VerifyFinding[] = [];
  readonly #totalRows: number;
  #doneRows = 0;
  #sliceRows = 0;
  #sliceBytes = 0;

  constructor(parts: VerifyParts) {
    this.parts = parts;
    this.rows = new VerifyRows(parts.file.database);
    const total = this.whole(() => this.rows.count());
    this.#totalRows = total === 'damaged' ? 0 : total;
  }

  get findings(): readonly VerifyFinding[] {
    return this.#findings;
  }

  /** Names something that is not put aside: there is nothing to put aside, or it does no harm. */
  name(finding: VerifyFinding): void {
    this.#findings.push(finding);
  }

  /** Names a row and puts it aside. */
  putAside(
    table: QuarantinedRow['table'],
    rowId: string,
    personId: PersonId | null,
    reason: QuarantinedRow['reason'],
  ): void {
    const row = { table, rowId, ...(personId === null ? {} : { personId }), reason };
    this.name(row);
    this.parts.gallery.putAside(row);
  }

  /** Goes through ids in slices; a page that cannot be read ends the list, and is named. */
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
        this.tell('rows');
        await this.turn(0);
      }
      const last = ids.at(-1);
      if (last === undefined) return;
      previousId = last;
    }
  }

  /** A turn of the event loop where enough was done since the last; `bytes` more were read. */
  async turn(bytes: number): Promise<void> {
    this.#sliceRows += 1;
    this.#sliceBytes += bytes;
    if (this.#sliceRows < SLICE_ROWS && this.#sliceBytes < SLICE_BYTES) return;
    this.#sliceRows = 0;
    this.#sliceBytes = 0;
    await nextTurn();
    this.throwIfStopped();
  }

  /** Tells how far the verification is. Rows may come and go meanwhile: never more than all are done. */
  tell(step: VerifyProgress['step']): void {
    const total = this.#totalRows;
    const done = step === 'rows' ? Math.min(this.#doneRows, total) : total;
    this.parts.onProgress?.({ step, done, total });
  }

  /** Counts bytes towards the next turn. */
  read(bytes: number): void {
    this.#sliceBytes += bytes;
  }

  throwIfStopped(): void {
    this.parts.signal.throwIfAborted();
  }

  /** What `read` gives; `damaged` where its page cannot be read. */
  whole<T>(read: () => T): T | 'damaged' {
    try {
      return read();
    } catch (error) {
      if (isRollcallError(error, 'gallery-damaged')) return 'damaged';
      throw error;
    }
  }

  #listed<Id extends string>(table: VerifyTable, list: () => readonly Id[]): readonly Id[] {
    const ids = this.whole(list);
    if (ids !== 'damaged') return ids;
    this.name({ table, reason: 'page-damaged' });
    return [];
  }
}
