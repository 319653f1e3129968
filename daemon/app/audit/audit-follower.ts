import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditEntry } from '../../audit/audit-entry.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { Notice } from '../../domain/events/notice.js';
import type { Records } from '../../records/open-records.js';
import { noticeOf } from './audit-events.js';
import { whereThereIsALog } from './missing-audit-log.js';

export interface AuditFollowerOptions {
  readonly audit: Pick<AuditLog, 'from' | 'list'>;
  readonly records: Pick<Records, 'recordAll' | 'sources'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often it is looked whether the log has grown. */
export const followEveryMs = 1_000;
/** Entries in one transaction: holds the event loop for a few milliseconds. */
const entriesInATurn = 25;
const source = 'audit-log';

/** The last entry that was followed. */
interface Cursor {
  readonly sequence: number;
  /** Tells it from one of the same number in another log. */
  readonly hash: string;
  /** When it was written, wall clock, milliseconds. */
  readonly atMs: number;
}

/**
 * Makes events of what the audit log tells of persons and of the gallery: the log is written with the change itself, and how
 * far it was followed with the event, so that a kill in between neither loses nor doubles one. Where another log took its
 * place, or entries were cut off before they were followed, it says that the gallery was `restored`: whoever keeps a copy of
 * who is enrolled has to compare it.
 */
export function auditFollower(options: AuditFollowerOptions): Recurring {
  const { clock, logger } = options;
  const followed = new FollowedLog(options);
  return new Recurring({
    clock,
    everyMs: followEveryMs,
    work: (signal) =>
      whereThereIsALog(async () => {
        while (!signal.aborted && followed.followSome()) await nextTurn();
      }),
    onFailure: (error) =>
      logger.error('events about persons and the gallery cannot be recorded; it is tried again', { error }),
  });
}

class FollowedLog {
  readonly #options: AuditFollowerOptions;

  constructor(options: AuditFollowerOptions) {
    this.#options = options;
  }

  /** True where there is more to follow. */
  followSome(): boolean {
    const { audit, records } = this.#options;
    const cursor = readCursor(records.sources.lastSaid.of(source));
    if (cursor === undefined) {
      this.#move([], newestOf(audit));
      return false;
    }
    const [first, ...others] = audit.from(cursor.sequence, entriesInATurn + 1);
    if (first !== undefined && first.sequence === cursor.sequence && first.hash === cursor.hash) {
      return this.#follow([], others);
    }
    const entries = first === undefined ? [] : [first, ...others].slice(0, entriesInATurn);
    return isNextOf(cursor, first) ? this.#follow([], entries) : this.#startOver(cursor, entries);
  }

  #follow(before: readonly Notice[], entries: readonly AuditEntry[]): boolean {
    const last = entries.at(-1);
    if (last === undefined) return false;
    this.#move([...before, ...entries.flatMap((entry) => noticeOf(entry) ?? [])], last);
    return entries.length >= entriesInATurn;
  }

  /** What another log tells from before it came here is no news. */
  #startOver(cursor: Cursor, entries: readonly AuditEntry[]): boolean {
    const { audit, clock, logger } = this.#options;
    logger.warn('the audit log does not go on where it was followed last: the gallery counts as restored');
    const restored: Notice = { kind: 'gallery', change: 'restored', occurredAtMs: clock.wallMs() };
    const [restoration] = audit.list({ action: 'backup.restored', limit: 1 });
    if (restoration !== undefined && restoration.atMs >= cursor.atMs) {
      this.#move([restored], restoration);
      return true;
    }
    const [first] = entries;
    if (first !== undefined && first.sequence > cursor.sequence) return this.#follow([restored], entries);
    this.#move([restored], newestOf(audit));
    return false;
  }

  #move(notices: readonly Notice[], { sequence, hash, atMs }: Cursor): void {
    const { records } = this.#options;
    records.recordAll(notices, () => records.sources.lastSaid.set(source, `${sequence} ${hash} ${atMs}`));
  }
}

/** The log was empty, or what was followed was cut off and nothing else. */
function isNextOf({ sequence }: Cursor, first: AuditEntry | undefined): boolean {
  return first === undefined ? sequence === 0 : first.sequence === sequence + 1;
}

function readCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const [sequence = '', hash = '', atMs = ''] = text.split(' ');
  return { sequence: Number(sequence), hash, atMs: Number(atMs) };
}

/** The newest entry; the place before the first where there is none. */
function newestOf(audit: Pick<AuditLog, 'list'>): Cursor {
  return audit.list({ limit: 1 })[0] ?? { sequence: 0, hash: 'none', atMs: 0 };
}
