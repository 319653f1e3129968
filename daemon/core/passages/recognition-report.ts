import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { CameraReport, RecognitionReport, reportOperations } from '../../contract/reports.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import { dateOfDay, dayNumberOf } from '../../kernel/attendance/shift-calendar.js';
import type { CameraId, PersonId } from '../../kernel/ids.js';
import { falselyMatched, type Mark, missedPerson } from '../../kernel/passages/mark.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { reasonTexts } from '../../kernel/passages/passage-reason-text.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { inEnglish } from '../../words/language.js';
import type { Records } from '../records/records.js';
import { eachPassage } from './each-passage.js';
import { tallyOf } from './passage-counts.js';
import type { PassageJournal } from './passage-journal.js';
import type { PassageCount } from './passage-rows.js';
import { type PolicyPreviewOptions, previewPolicies } from './policy-preview.js';
import { recordedMarks } from './recorded-marks.js';
import { camerasFor } from './recorded-passages.js';
import { inSightS } from './shown-passage.js';

/** The longest period of a report: a few seconds of work where a day has thousands of passages. */
const longestDays = 31;
const dayMs = 86_400_000;
/** Where the groups by time in sight begin, seconds. */
const dwellStartsS = [0, 1, 2, 4, 8, 16] as const;

export interface RecognitionReportOptions extends PolicyPreviewOptions {
  readonly records: Pick<Records, 'newestOf'>;
  readonly site: { readonly timeZone: string };
}

type ReportInput = Parameters<Handlers<typeof reportOperations>['reports.recognition']>[0];
type Dwell = { -readonly [K in keyof CameraReport['byDwell'][number]]: CameraReport['byDwell'][number][K] };

export function reportHandlers(options: RecognitionReportOptions): Handlers<typeof reportOperations> {
  return {
    'reports.recognition': (input, { caller, signal }) => recognitionReport(input, options, caller, signal),
    'reports.preview': (input, { caller, signal }) => previewPolicies(input, options, caller, signal),
  };
}

/** @throws `period-refused`, `gallery-sealed`; `forbidden` for a camera that the caller may not use */
async function recognitionReport(
  { from, to, camera }: ReportInput,
  options: RecognitionReportOptions,
  caller: Caller,
  signal: AbortSignal,
): Promise<RecognitionReport> {
  const { journal, vault, site, localTime, readings } = options;
  const days = dayNumberOf(to) - dayNumberOf(from) + 1;
  if (days < 1 || days > longestDays) {
    throw refusal('period-refused', { longestDays, days });
  }
  const cameraIds = camerasFor(camera, caller);
  vault.gallery();
  const sinceMs = localTime.instantOf(from, 0);
  const beforeMs = localTime.instantOf(dateOfDay(dayNumberOf(to) + 1), 0);
  const period = { sinceMs, beforeMs, ...present({ cameraIds }) };
  const counts = (await countedByDay(journal, sinceMs, beforeMs)).filter(
    (each) => cameraIds?.includes(each.cameraId) !== false,
  );
  const { unreadable, byCamera } = await dwellsOf(journal, period, signal);
  const marks = recordedMarks(options.records).filter(
    ({ cameraId: id, seenAtMs }) =>
      cameraIds?.includes(id) !== false && sinceMs <= seenAtMs && seenAtMs < beforeMs,
  );
  const { actor, origin } = caller;
  const details = { from, to, marks: marks.length, ...present({ camera }) };
  readings.note({ by: { actor, origin }, action: 'passage.reported', details });
  const cameras = [...new Set(counts.map((each) => each.cameraId))].sort();
  return {
    ...{ from, to, timeZone: site.timeZone, unreadable },
    passages: tallyOf(counts).count,
    marked: marks.length,
    marks: describeMarks(marks, options, caller),
    cameras: cameras.map((id) => {
      const own = counts.filter((each) => each.cameraId === id);
      return { ...describeCounts(own, localTime), camera: id, byDwell: byCamera.get(id) ?? newDwells() };
    }),
  };
}

/** Counts day after day: a month of a busy site in one query would hold up everything else. */
async function countedByDay(
  journal: Pick<PassageJournal, 'counts'>,
  sinceMs: number,
  beforeMs: number,
): Promise<readonly PassageCount[]> {
  const counts: PassageCount[] = [];
  for (let fromMs = sinceMs; fromMs < beforeMs; fromMs += dayMs) {
    counts.push(...journal.counts(fromMs, Math.min(beforeMs, fromMs + dayMs)));
    await nextTurn();
  }
  return counts;
}

/** The errors that operators marked, by day, camera and person. */
function describeMarks(
  marks: readonly Mark[],
  { localTime, nameOf }: RecognitionReportOptions,
  { scopes }: Caller,
): RecognitionReport['marks'] {
  const rows = new Map<string, RecognitionReport['marks'][number]>();
  const add = (mark: Mark, id: PersonId | undefined, what: 'falseMatches' | 'misses'): void => {
    if (id === undefined) return;
    const { date } = localTime.at(mark.seenAtMs);
    const key = `${date} ${mark.cameraId} ${id}`;
    const name = scopes.has('names:read') ? nameOf(id) : undefined;
    const none = {
      date,
      camera: mark.cameraId,
      person: { id, ...present({ name }) },
      falseMatches: 0,
      misses: 0,
    };
    const row = rows.get(key) ?? none;
    rows.set(key, { ...row, [what]: row[what] + 1 });
  };
  for (const mark of marks) {
    add(mark, falselyMatched(mark), 'falseMatches');
    add(mark, missedPerson(mark), 'misses');
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function describeCounts(
  counts: readonly PassageCount[],
  localTime: LocalTime,
): Omit<CameraReport, 'camera' | 'byDwell'> {
  const { count: passages, byOutcome } = tallyOf(counts);
  const byReason = [...grouped(counts, ({ outcome, reason }) => `${outcome} ${reason}`).values()];
  const reasons = byReason.flatMap((some) => {
    const [first] = some;
    if (first === undefined) return [];
    const { outcome, reason } = first;
    const { remedy } = reasonTexts[reason];
    return [{ outcome, reason, count: tallyOf(some).count, ...(remedy && inEnglish({ remedy })) }];
  });
  const localOf = ({ quarterMs }: PassageCount) => localTime.at(quarterMs);
  const tallied = (some: readonly PassageCount[]) => {
    const tally = tallyOf(some);
    return { passages: tally.count, byOutcome: tally.byOutcome };
  };
  const byDay = grouped(counts, (each) => localOf(each).date);
  const byHour = grouped(counts, (each) => Math.floor(localOf(each).secondOfDay / 3600));
  return {
    ...{ passages, byOutcome },
    reasons: reasons.sort((a, b) => b.count - a.count),
    byDay: [...byDay]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([date, some]) => ({ date, ...tallied(some) })),
    byHour: [...byHour].sort(([a], [b]) => a - b).map(([hour, some]) => ({ hour, ...tallied(some) })),
  };
}

function grouped<Key>(
  counts: readonly PassageCount[],
  keyOf: (count: PassageCount) => Key,
): ReadonlyMap<Key, readonly PassageCount[]> {
  const groups = new Map<Key, PassageCount[]>();
  for (const each of counts) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return groups;
}

const newDwells = (): Dwell[] =>
  dwellStartsS.map((fromS, index) => ({
    ...{ fromS, toS: dwellStartsS[index + 1] ?? null },
    ...{ passages: 0, answered: 0, heldBack: 0, unanswered: 0 },
  }));

/** Opens every ended passage of the period: only its content says whether it gave an event. */
async function dwellsOf(
  journal: PassageJournal,
  period: { readonly sinceMs: number; readonly beforeMs: number; readonly cameraIds?: readonly CameraId[] },
  signal: AbortSignal,
) {
  const byCamera = new Map<CameraId, Dwell[]>();
  let unreadable = 0;
  for await (const { passage } of eachPassage(journal, period, signal)) {
    if (passage === undefined) unreadable += 1;
    else if (passage.end !== undefined && passage.outcome !== 'attack') {
      const dwells = byCamera.get(passage.cameraId) ?? newDwells();
      byCamera.set(passage.cameraId, dwells);
      countDwell(dwells, passage);
    }
  }
  return { byCamera, unreadable };
}

function countDwell(dwells: readonly Dwell[], passage: Passage): void {
  const dwell = dwells.findLast(({ fromS }) => fromS <= inSightS(passage));
  if (dwell === undefined) return;
  dwell.passages += 1;
  if (passage.events.length > 0) dwell.answered += 1;
  else if (passage.cooldown !== undefined) dwell.heldBack += 1;
  else dwell.unanswered += 1;
}
