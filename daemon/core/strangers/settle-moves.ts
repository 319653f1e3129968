import { type StrangerId, strangerId } from '../../kernel/ids.js';
import type { AuditEntry } from '../audit/audit-entry.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { GalleryStrangers } from '../gallery/strangers/gallery-strangers.js';
import type { PassageJournal } from '../passages/passage-journal.js';

/** A kill interrupts one change. More are looked at, because the gallery may have been sealed since. */
const recentChanges = 50;

export interface SettledMoves {
  readonly strangers: Pick<GalleryStrangers, 'show' | 'asideOf'>;
  readonly journal: Pick<PassageJournal, 'moveStranger' | 'forgetStranger'>;
  readonly audit: Pick<AuditLog, 'list'>;
}

/**
 * Strangers are merged and split in the gallery, with an entry in its audit log, and then in the passages, which lie in another file.
 * A kill between the two leaves passages with the former stranger: this gives them to the one of now. Without such a kill it
 * changes nothing.
 */
export function settleMoves({ strangers, journal, audit }: SettledMoves): void {
  const recent = (action: 'stranger.merged' | 'stranger.split'): readonly AuditEntry[] =>
    audit.list({ action, limit: recentChanges });
  const merges = new Map(
    recent('stranger.merged').flatMap((entry) =>
      moveOf(entry).map(({ from, into }) => [from, into] as const),
    ),
  );
  /** The stranger who has what this one had. */
  const nowOf = (id: StrangerId): StrangerId => {
    let last = id;
    // Merges never lead back to a stranger who is gone.
    for (let step = 0; step < merges.size; step += 1) last = merges.get(last) ?? last;
    return last;
  };
  const entryOf = (id: StrangerId) => strangers.show(id) ?? strangers.asideOf(id)?.entry;
  for (const { from, into } of recent('stranger.split').flatMap(moveOf)) {
    const entry = entryOf(nowOf(into));
    if (entry === undefined) continue;
    const taken = entry.appearances.map(({ passageId }) => passageId);
    journal.moveStranger(from, entry.id, taken);
  }
  for (const from of merges.keys()) {
    const into = nowOf(from);
    if (entryOf(into) === undefined) journal.forgetStranger(from);
    else journal.moveStranger(from, into);
  }
}

function moveOf({
  subject,
  details,
}: AuditEntry): { readonly from: StrangerId; readonly into: StrangerId }[] {
  const { into } = details;
  if (subject === undefined || typeof into !== 'string') return [];
  return [{ from: strangerId(subject), into: strangerId(into) }];
}
