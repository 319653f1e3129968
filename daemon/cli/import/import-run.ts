import { maximumEnrolmentBytes, type StagedRow } from '../../contract/enrolment.js';
import type { CsvSeparator } from '../../kernel/csv.js';
import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { type ImportReport, notesOn, type RowReport, refusalReasons } from './import-report.js';
import { checkRows, type ReadyRow, type UnreadyRow } from './import-rows.js';
import type { ImportSource } from './import-source.js';
import { parseTable } from './import-table.js';
import type { OpenImport } from './open-import.js';

interface ImportJob {
  readonly source: ImportSource;
  readonly openImport: () => Promise<OpenImport>;
  /** `YYYY-MM-DD`. */
  readonly todayIso: string;
  readonly separator?: CsvSeparator | undefined;
  readonly isDryRun: boolean;
  readonly isDuplicateAllowed: boolean;
  /** Imports the accepted rows even if others are refused. */
  readonly isRefusedSkipped: boolean;
  /** Called after each row. */
  readonly onRow?: (done: number, all: number) => void;
}

/**
 * Imports a table: stages every row, then enrols the accepted rows in one transaction. If it ends before that, nothing is
 * stored.
 * @throws `bad-table`, `bad-zip` if the source cannot be read; what the local API throws
 */
export async function runImport(job: ImportJob): Promise<ImportReport> {
  const table = parseTable(await job.source.readTable(), job.separator);
  const checked = await checkRows(table, job.source, job.todayIso);
  using session = await job.openImport();
  const rows: RowReport[] = [];
  for (const row of checked) {
    rows.push(await stage(row, session, job));
    job.onRow?.(rows.length, checked.length);
  }
  const accepted = rows.filter(({ outcome }) => outcome === 'accepted').length;
  const refused = rows.length - accepted;
  const summary = { accepted, refused, rows };
  const isRefused = accepted === 0 || (refused > 0 && !job.isRefusedSkipped);
  if (job.isDryRun || isRefused) {
    await session.abandon();
    return { outcome: job.isDryRun ? 'dry-run' : 'refused', ...summary, personIds: [] };
  }
  const personIds = await session.commit();
  return { outcome: 'imported', ...summary, personIds };
}

async function stage(row: ReadyRow | UnreadyRow, session: OpenImport, job: ImportJob): Promise<RowReport> {
  const { line } = row;
  if ('problems' in row) {
    return { line, name: row.name, outcome: 'refused', reasons: row.problems, notes: [], photographs: 0 };
  }
  const { reasons, notes } = await stageReady(row, session, job);
  const outcome = reasons.length === 0 ? 'accepted' : 'refused';
  return { line, name: row.profile.name, outcome, reasons, notes, photographs: row.photographs.length };
}

async function stageReady(
  row: ReadyRow,
  session: OpenImport,
  job: ImportJob,
): Promise<Pick<RowReport, 'reasons' | 'notes'>> {
  const photographs = await readPhotographs(row, job.source);
  if ('problem' in photographs) return { reasons: [photographs.problem], notes: [] };
  const { isDuplicateAllowed } = job;
  let result: StagedRow;
  try {
    result = await session.stage({
      ...row.profile,
      photographs: photographs.files,
      isDuplicateAllowed,
    });
  } catch (error) {
    // An error of one row does not stop the others, unless the import session itself has ended.
    if (!isRollcallError(error) || error.kind !== 'input' || error.code === 'no-such-import') throw error;
    return { reasons: [withRemedy(error)], notes: [] };
  }
  return { reasons: refusalReasons(result, row.photographs), notes: notesOn(result, row.photographs) };
}

function withRemedy({ message, remedy }: RollcallError): string {
  return remedy === undefined ? message : `${message}. ${remedy}`;
}

/** An unreadable photograph refuses its row, not the whole import, so that the report names all problems. */
async function readPhotographs(
  row: ReadyRow,
  source: ImportSource,
): Promise<{ readonly files: readonly Buffer[] } | { readonly problem: string }> {
  const files: Buffer[] = [];
  let bytes = 0;
  for (const path of row.photographs) {
    try {
      const file = await source.read(path);
      if (file.length === 0)
        return { problem: `${path} is empty (0 bytes); add the photo to the archive again` };
      files.push(file);
      bytes += file.length;
    } catch (error) {
      if (!isRollcallError(error) || error.kind !== 'input') throw error;
      return { problem: withRemedy(error) };
    }
    if (bytes > maximumEnrolmentBytes)
      return { problem: 'the photos of the row are larger than 64 MiB in total' };
  }
  return { files };
}
