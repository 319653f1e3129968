import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ShowTime } from '../../contract/command-line.js';
import { checkOutcomes } from '../../kernel/check-outcome.js';
import { type Said, saidIn } from '../../kernel/said.js';
import { doctor, type Finding, finding, joined, ok } from './finding.js';

/** Where the steps of an update (scripts/update-steps) keep what they did, and what leads back. */
const updatesFolder = '/opt/rollcall/update';

const reportSchema = z.object({
  outcome: z.enum(['proven', 'undone']),
  /** For `undone`. `interrupted`: the machine stopped. */
  why: z.enum(['settings', 'not-ready', 'not-proven', 'interrupted']).optional(),
  from: z.string(),
  to: z.string(),
  at: z.iso.datetime(),
});

const shownFinding = z.looseObject({
  check: z.string(),
  title: z.string(),
  outcome: z.enum(checkOutcomes),
  message: z.string(),
});

export const proofSchema = z.object({
  at: z.iso.datetime(),
  isProven: z.boolean(),
  /** Seconds from the stop of the former version until everything worked again. */
  readyAfterS: z.number().exactOptional(),
  findings: z.array(shownFinding).readonly(),
});

/** The last update of this box. */
export interface UpdateReport {
  /** Absent before the first update. */
  readonly last?: z.infer<typeof reportSchema>;
  /** What the new version was found to do. Absent if it was not asked, such as where it did not start. */
  readonly proof?: z.infer<typeof proofSchema>;
  /** Whether an update is running, or was interrupted and waits for the next start of the machine. */
  readonly isUnfinished: boolean;
}

export async function readUpdateReport(folder = updatesFolder): Promise<UpdateReport> {
  const last = await parsed(join(folder, 'last.json'), reportSchema);
  const proof = await parsed(join(folder, 'proof.json'), proofSchema);
  return {
    ...(last === undefined ? {} : { last }),
    ...(proof === undefined ? {} : { proof }),
    isUnfinished: existsSync(join(folder, 'way-back')),
  };
}

async function parsed<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Nothing before the first update. */
export function updateFindings(
  { last, proof, isUnfinished }: UpdateReport,
  show: ShowTime,
): readonly Finding[] {
  const check = doctor('check-update');
  if (isUnfinished) {
    const texts = { message: doctor('update-unfinished'), remedy: doctor('remedy-update-unfinished') };
    return [finding(check, 'warning', texts)];
  }
  if (last === undefined) return [];
  const { from, to } = last;
  const values = { from, to, time: show(last.at) };
  if (last.outcome === 'proven') return [ok(check, doctor('update-proven', values))];
  const why = reasonOf(last.why ?? 'not-ready', proof);
  const message = doctor('update-undone', { ...values, why });
  return [finding(check, 'warning', { message, remedy: doctor('remedy-update-undone') })];
}

function reasonOf(why: NonNullable<z.infer<typeof reportSchema>['why']>, proof: UpdateReport['proof']): Said {
  const failed = (proof?.findings ?? []).filter(({ outcome }) => outcome === 'failed');
  if (why !== 'not-proven' || failed.length === 0) return doctor(`update-${why}`);
  return joined(
    failed.map((each) =>
      doctor('with-reason', { what: saidIn(each, 'title'), why: saidIn(each, 'message') }),
    ),
  );
}
