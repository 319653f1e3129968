import type { OpenDatabase } from '../../../host/sqlite.js';
import type { Actor } from '../../../kernel/actor.js';
import type { Clock } from '../../../kernel/clock.js';
import type { PassageId, RecogniserId, StrangerId } from '../../../kernel/ids.js';
import {
  type Appearance,
  type Stranger,
  type StrangerState,
  seenBetween,
  visitCount,
} from '../../../kernel/strangers/stranger.js';
import type { AuditLog } from '../../audit/audit-log.js';
import { emptyWriteAheadLog } from '../leftovers.js';
import type { StrangerFate } from './stranger-codec.js';
import type { AsideRow, StrangerRows } from './stranger-rows.js';

/** A stranger as operations show them. Times are wall clock, milliseconds since the epoch. */
export interface StrangerEntry {
  readonly id: StrangerId;
  readonly state: StrangerState;
  readonly visits: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** The remembered passages, oldest first. */
  readonly appearances: readonly Appearance[];
  /** The passages whose views are compared with. */
  readonly comparedPassages: readonly PassageId[];
}

/** How long a stranger who was discarded or assigned can be restored: as long as a mistake is fresh. */
export const restorableMs = 15 * 60_000;

/** A stranger who was discarded or assigned: no longer recognised, and restorable until `forgottenAtMs`. */
export interface StrangerAside {
  readonly entry: StrangerEntry;
  /** Undefined if the row does not open; then the stranger cannot be restored. */
  readonly fate: StrangerFate | undefined;
  readonly forgottenAtMs: number;
}

export interface StrangersAsideOptions {
  readonly database: OpenDatabase;
  readonly rows: StrangerRows;
  readonly recogniser: RecogniserId;
  readonly audit: AuditLog;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/**
 * The strangers who were discarded or assigned, and can still be restored. They are in the file only: no face is compared with them,
 * and a restart changes nothing.
 */
export class StrangersAside {
  readonly #options: StrangersAsideOptions;

  constructor(options: StrangersAsideOptions) {
    this.#options = options;
  }

  put(stranger: Stranger, fate: StrangerFate, by: Actor): void {
    const { database, rows, audit, clock } = this.#options;
    const { id, appearances } = stranger;
    const lost = { passages: appearances.length, visits: visitCount(stranger) };
    database.transaction(() => {
      rows.put(stranger, { fate, forgottenAtMs: clock.wallMs() + restorableMs });
      if (fate.change === 'discarded')
        audit.append({ by, action: 'stranger.discarded', subject: id, details: lost });
      else {
        const details = { ...lost, person: fate.personId };
        audit.append({ by, action: 'stranger.assigned', subject: id, details });
      }
    });
  }

  /** The last one first. */
  list(isWanted: (forgottenAtMs: number) => boolean): readonly StrangerAside[] {
    const rows = this.#options.rows.aside().filter(({ columns }) => isWanted(columns.forgottenAtMs));
    return rows.map((row) => this.#shown(row));
  }

  find(id: StrangerId): StrangerAside | undefined {
    const row = this.#options.rows.asideOf(id);
    return row && this.#shown(row);
  }

  /** The stranger as before. The caller wipes the views. Undefined if there is none set aside, or the row does not open. */
  takeBack(id: StrangerId, by: Actor): Stranger | undefined {
    const { database, rows, audit } = this.#options;
    const row = rows.asideOf(id);
    const opened = row && this.#opened(row);
    if (opened === undefined) return undefined;
    database.transaction(() => {
      rows.put(opened.stranger);
      audit.append({ by, action: 'stranger.restored', subject: id, details: { after: opened.change } });
    });
    return opened.stranger;
  }

  forget(id: StrangerId, by: Actor | undefined): boolean {
    const { database, rows, audit } = this.#options;
    if (rows.asideOf(id) === undefined) return false;
    database.transaction(() => {
      rows.delete(id);
      if (by !== undefined)
        audit.append({ by, action: 'stranger.discarded', subject: id, details: { isFinal: true } });
    });
    // The nightly run of retention removes what else is left: many strangers may be forgotten at once.
    emptyWriteAheadLog(database);
    return true;
  }

  #opened({ columns, open }: AsideRow) {
    // Views of another recogniser can be compared with nothing.
    if (columns.recogniser !== this.#options.recogniser) return undefined;
    const opened = open();
    if (opened.outcome !== 'open' || opened.fate === undefined) return undefined;
    return { stranger: opened.stranger, fate: opened.fate, change: opened.fate.change };
  }

  #shown(row: AsideRow): StrangerAside {
    const { id, state, visits, firstSeenMs, lastSeenMs, forgottenAtMs } = row.columns;
    const opened = this.#opened(row);
    if (opened === undefined) {
      const known = { id, state, visits, firstSeenMs, lastSeenMs };
      return {
        entry: { ...known, appearances: [], comparedPassages: [] },
        ...{ fate: undefined, forgottenAtMs },
      };
    }
    wipeViews(opened.stranger);
    return { entry: entryOf(opened.stranger), fate: opened.fate, forgottenAtMs };
  }
}

/** Overwrites the embeddings of a stranger who is not in memory to be compared with. */
export function wipeViews({ views }: Stranger): void {
  for (const { embedding } of views) embedding.fill(0);
}

export function entryOf(stranger: Stranger): StrangerEntry {
  const { id, state, appearances, views } = stranger;
  const { firstMs = 0, lastMs = 0 } = seenBetween(stranger) ?? {};
  return {
    id,
    state,
    visits: visitCount(stranger),
    firstSeenMs: firstMs,
    lastSeenMs: lastMs,
    appearances,
    comparedPassages: [...new Set(views.map(({ passageId }) => passageId))],
  };
}
