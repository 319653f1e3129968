import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../kernel/clock.js';
import type { GalleryNotice, Notice, PersonNotice, StrangerNotice } from '../../kernel/events/notice.js';
import { personId, strangerId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { Records } from '../records/records.js';
import type { AuditEntry } from './audit-entry.js';
import { whereThereIsALog } from './audit-keeper.js';
import type { AuditLog } from './audit-log.js';

export interface AuditFollowerOptions {
  readonly audit: Pick<AuditLog, 'from' | 'list'>;
  readonly records: Pick<Records, 'recordAll' | 'sources'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often to check whether the log has grown. */
export const followEveryMs = 1_000;
/** Entries in one transaction: blocks the event loop for a few milliseconds. */
const entriesInATurn = 25;
const source = 'audit-log';

/** The last entry whose events are recorded. */
interface Cursor {
  readonly sequence: number;
  /** Distinguishes it from the entry with the same number in another log. */
  readonly hash: string;
  /** When it was written; wall clock, milliseconds. */
  readonly atMs: number;
}

/**
 * Records events for entries of the audit log about persons, strangers and the gallery. An entry is written together with its change, and
 * the cursor together with the event, so that a kill in between neither loses nor doubles an event. If another log has replaced
 * the known one, or entries are missing, it reports the gallery as `restored`: systems with a copy of the persons must then
 * compare it.
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
      logger.error('events about persons and the gallery cannot be recorded; retrying', { error }),
  });
}

class FollowedLog {
  readonly #options: AuditFollowerOptions;

  constructor(options: AuditFollowerOptions) {
    this.#options = options;
  }

  /** Returns true if there is more to follow. */
  followSome(): boolean {
    const { audit, records } = this.#options;
    const cursor = readCursor(records.sources.states.of(source));
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

  /** Skips entries that the other log had before the restore. */
  #startOver(cursor: Cursor, entries: readonly AuditEntry[]): boolean {
    const { audit, clock, logger } = this.#options;
    logger.warn('the audit log does not continue after the last known entry; the gallery counts as restored');
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
    records.recordAll(notices, () => records.sources.states.set(source, `${sequence} ${hash} ${atMs}`));
  }
}

/** True if `first` is the next entry: the log was empty, or retention cut off exactly the entries before it. */
function isNextOf({ sequence }: Cursor, first: AuditEntry | undefined): boolean {
  return first === undefined ? sequence === 0 : first.sequence === sequence + 1;
}

function readCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const [sequence = '', hash = '', atMs = ''] = text.split(' ');
  return { sequence: Number(sequence), hash, atMs: Number(atMs) };
}

/** The newest entry, or the position before the first. */
function newestOf(audit: Pick<AuditLog, 'list'>): Cursor {
  return audit.list({ limit: 1 })[0] ?? { sequence: 0, hash: 'none', atMs: 0 };
}

/**
 * The published change for an audit action. `import.committed` is missing because an import writes an entry for every person. A
 * person who withdraws consent is `removed` and not `erased`: the person is no longer recognised, but the record stays under
 * the same id.
 */
const personChanges: Readonly<Record<string, PersonNotice['change']>> = {
  'person.enrolled': 'enrolled',
  'person.removed': 'removed',
  'person.consent-withdrawn': 'removed',
  'person.restored': 'restored',
  'person.erased': 'erased',
};

const galleryChanges: Readonly<Record<string, GalleryNotice['change']>> = {
  'key.rotation-finished': 'key-rotated',
  'backup.restored': 'restored',
  'gallery.reembedded': 're-embedded',
};

/** What became of a stranger; undefined for an entry that is not about a change of one. */
function strangerChange({
  action,
  subject = '',
  details,
}: AuditEntry): Omit<StrangerNotice, 'kind' | 'occurredAtMs'> | undefined {
  const about = strangerId(subject);
  const into = strangerId(String(details['into']));
  switch (action) {
    case 'stranger.merged':
      return { change: 'merged', strangerId: about, otherId: into };
    case 'stranger.split':
      return { change: 'split', strangerId: into, otherId: about };
    case 'stranger.ignored':
      return { change: details['ignored'] === true ? 'ignored' : 'noticed', strangerId: about };
    case 'stranger.assigned':
      return { change: 'assigned', strangerId: about, personId: personId(String(details['person'])) };
    case 'stranger.discarded':
      return { change: 'discarded', strangerId: about };
    case 'stranger.restored':
      return { change: 'restored', strangerId: about };
    default:
      return undefined;
  }
}

/** The event for an audit entry; undefined if the entry is not published. */
function noticeOf(entry: AuditEntry): Notice | undefined {
  const { action, subject, atMs: occurredAtMs } = entry;
  const stranger = strangerChange(entry);
  if (stranger !== undefined) return { kind: 'stranger', occurredAtMs, ...stranger };
  const personChange = personChanges[action];
  if (personChange !== undefined && subject !== undefined) {
    return { kind: 'person', change: personChange, personId: personId(subject), occurredAtMs };
  }
  const change = galleryChanges[action];
  return change && { kind: 'gallery', change, occurredAtMs };
}
