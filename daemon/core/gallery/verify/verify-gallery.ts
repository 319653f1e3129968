import { isRollcallError } from '../../../kernel/errors.js';
import type { AuditVerdict } from '../../audit/audit-verdict.js';
import { explainGalleryError, type GalleryFile } from '../gallery-file.js';
import { emptyWriteAheadLog } from '../leftovers.js';
import { verifyPages } from './verify-pages.js';
import { verifyPersons } from './verify-persons.js';
import { verifyEvidence, verifyKeys, verifyPhotographs, verifyStrangers } from './verify-pictures.js';
import type { VerifyReport } from './verify-report.js';
import { type VerifyOptions, VerifyWalk } from './verify-walk.js';

/**
 * Opens every field of the gallery in small batches, compares the persons with the audit log and the templates of each person
 * with one another, and checks the log and the pages of the file. Quarantines damaged rows. The gallery stays in use meanwhile;
 * only erasures cannot empty the write-ahead log while the pages are read, so this empties it at the end.
 * @throws `verify-failed`, the reason of `signal`, and the errors of `OpenDatabase.transaction`
 */
export async function verifyGallery(parts: VerifyOptions): Promise<VerifyReport> {
  const { file, clock, by, signal } = parts;
  const startedAtMs = clock.wallMs();
  const beganMs = clock.monotonicMs();
  const checkingPages = verifyPages(file.database.path, signal);
  // Prevents an unhandled rejection if a later check fails first.
  checkingPages.catch(() => undefined);
  const walk = new VerifyWalk(parts);
  await verifyKeys(walk);
  await verifyPersons(walk);
  await verifyPhotographs(walk);
  await verifyEvidence(walk);
  await verifyStrangers(walk);
  walk.showProgress('audit-log');
  const audit = await verifyAudit(file);
  walk.showProgress('pages');
  const pages = await checkingPages;
  walk.throwIfStopped();
  const { findings, disagreeing, checked } = walk;
  const isWhole = findings.length === 0 && pages.length === 0 && audit?.outcome === 'whole';
  const durationMs = Math.round(clock.monotonicMs() - beganMs);
  const details = {
    ...checked,
    damaged: findings.length,
    disagreeing: disagreeing.length,
    pages: pages.length,
    audit: audit?.outcome ?? 'unreadable',
  };
  file.audit.append({ by, action: 'gallery.verified', details });
  emptyWriteAheadLog(file.database);
  return { startedAtMs, durationMs, checked, findings, disagreeing, pages, audit, isWhole };
}

async function verifyAudit({ audit, database }: GalleryFile): Promise<AuditVerdict | undefined> {
  try {
    return await audit.verifyInTurns();
  } catch (error) {
    if (isRollcallError(explainGalleryError(error, database.path), 'gallery-damaged')) return undefined;
    throw error;
  }
}
