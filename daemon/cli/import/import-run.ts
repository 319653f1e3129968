import { isRollcallError, type RollcallError } from '../../base/errors.js';
import type { OpenImport } from '../../control/person-client.js';
import type { StagedRow } from '../../control/person-control.js';
import { type ImportReport, notesOn, type RowReport, refusalReasons } from './import-report.js';
import { checkRows, type ReadyRow, type UnreadyRow } from './import-rows.js';
import type { ImportSource } from './import-source.js';
import { parseTable, type Separator } from './import-table.js';

/** All photographs of one row, bytes: what the local API takes in one request, with room for the profile. */
const largestRowBytes = 63 * 1024 * 1024;

/** What an import needs. */
export interface ImportJob {
  readonly source: ImportSource;
  readonly openImport: () => Promise<OpenImport>;
  /** `YYYY-MM-DD`. */
  readonly todayIso: string;
  readonly separator?: Separator | undefined;
  readonly isDryRun: boolean;
  readonly isDuplicateAllowed: boolean;
  /** Imports the accepted rows although others are refused. */
  readonly isRefusedSkipped: boolean;
  /** Called after each row. */
  readonly onRow?: (done: number, all: number) => void;
}

/**
 * Imports a table: every row is staged, and only when all have been are those accepted enrolled, in one transaction.
 * Whatever ends this before that leaves nothing behind.
 * @throws `bad-table`, `bad-zip` where the source cannot be read; what the local API throws
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
  const { personIds } = await session.commit();
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
      isDryRun: false,
    });
  } catch (error) {
    // What the box cannot take of one row says nothing about the others, unless the import itself is gone.
    if (!isRollcallError(error) || error.kind !== 'input' || error.code === 'no-such-import') throw error;
    return { reasons: [inWords(error)], notes: [] };
  }
  return { reasons: refusalReasons(result, row.photographs), notes: notesOn(result, row.photographs) };
}

function inWords({ message, remedy }: RollcallError): string {
  return remedy === undefined ? message : `${message}; ${remedy}`;
}

/** A photograph that cannot be read refuses its row, not the whole import: the report is to name all that do. */
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
        return { problem: `${path} is empty (0 bytes); put the photograph into the archive again` };
      files.push(file);
      bytes += file.length;
    } catch (error) {
      if (!isRollcallError(error) || error.kind !== 'input') throw error;
      return { problem: inWords(error) };
    }
    if (bytes > largestRowBytes) return { problem: 'the photographs together are larger than 63 MiB' };
  }
  return { files };
}
