import { existsSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newRecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import { isRollcallError, messageOf } from '../../daemon/kernel/errors.js';
import type { SmallDisk } from '../../test/support/small-disk.js';
import { Expectation, type Violation } from './expectation.js';
import { type FaultBox, openFaultBox, prepareBox } from './fault-box.js';
import { readState } from './gallery-state.js';
import { type Entry, Journal } from './journal.js';
import { backupsLeft } from './left-files.js';
import { operations } from './operations.js';
import { Workplace } from './workplace.js';

/** Room that is left when an operation begins, bytes: so that its steps run out of it one after the other. */
const rooms = [0, 4, 16, 64, 256, 1024].map((kibibytes) => kibibytes * 1024);
/** What tries again by itself has said so long before, also on a busy machine. */
const PATIENCE_MS = 60_000;
const PERSONS = 40;

/** What became of one operation on a disk without room. */
export interface DiskRow {
  readonly operation: string;
  /** How often it was begun with the disk full, and came to its end all the same: it needed no more than there was. */
  attempts: number;
  succeeded: number;
  /** How often it said why not, and by which codes. */
  refused: number;
  /** How often it waited, said why, and went on by itself with room. */
  waited: number;
  readonly codes: Set<string>;
  readonly remedies: Set<string>;
  /** How often it was done when there was room again. */
  doneWithRoom: number;
  readonly violations: string[];
}

interface Complaint {
  readonly code: string;
  readonly remedy: string | undefined;
}

const nothing = (): Omit<DiskRow, 'operation'> => ({
  attempts: 0,
  succeeded: 0,
  refused: 0,
  waited: 0,
  codes: new Set(),
  remedies: new Set(),
  doneWithRoom: 0,
  violations: [],
});

/** Runs one operation on a disk that is full from the moment it begins, at every size of room; then with room. */
export async function fillDuring(operation: string, disk: SmallDisk): Promise<DiskRow> {
  const row: DiskRow = { operation, ...nothing() };
  const directory = join(disk.path, operation);
  const places = prepareBox(directory, newRecoveryKey());
  const expectation = new Expectation();
  let room: number | undefined;
  const journal = new Journal((entry: Entry) => {
    expectation.read(entry);
    if (entry.is === 'intent' && entry.operation === operation && room !== undefined) leave(disk, room);
  });
  {
    await using place = new Workplace(directory, await openFaultBox(directory), journal, 0);
    for (let count = 0; count < PERSONS; count += 1) await place.enrol();
    const work = operations[operation === 'switch' ? 're-embed' : operation];
    if (work === undefined) throw new Error(`there is no operation called ${operation}`);
    for (const bytes of rooms) {
      room = bytes;
      await attempt(row, disk, () => work(place), place);
      room = undefined;
      if (isShut(place)) await place.reopen();
      const { violations } = expectation.compare(await readState(place.box));
      const left = await backupsLeft(places, expectation.takeMade());
      note(row, [...violations, ...left]);
      await work(place);
      row.doneWithRoom += 1;
      note(row, expectation.compare(await readState(place.box)).violations);
    }
  }
  await using box = await openFaultBox(directory);
  note(row, expectation.compare(await readState(box)).violations);
  rmSync(places.backups, { recursive: true });
  return row;
}

/** Leaves that much room on the disk. */
function leave(disk: SmallDisk, bytes: number): void {
  disk.fill();
  const ballast = join(disk.path, 'ballast');
  if (existsSync(ballast)) truncateSync(ballast, Math.max(0, statSync(ballast).size - bytes));
}

/** Runs `work`; frees the disk when the work has failed, or reports why it waits. */
async function attempt(
  row: DiskRow,
  disk: SmallDisk,
  work: () => Promise<unknown>,
  place?: Workplace,
): Promise<void> {
  row.attempts += 1;
  const running = work().then(
    () => 'succeeded' as const,
    (error: unknown) => ({ error }),
  );
  const over = new AbortController();
  const outcome = await Promise.race([running, waiting(place, over.signal)]);
  over.abort();
  const isWaiting = typeof outcome === 'object' && 'code' in outcome;
  disk.free();
  if (outcome === 'succeeded') row.succeeded += 1;
  else if (isWaiting) {
    complain(row, outcome);
    row.waited += 1;
    const end = await running;
    if (end !== 'succeeded') row.violations.push(`it did not go on: ${messageOf(end.error)}`);
  } else {
    row.refused += 1;
    const { error } = outcome;
    if (isRollcallError(error, 'gallery-sealed'))
      complain(row, { code: String(error.details['reason']), remedy: error.remedy });
    else if (isRollcallError(error)) complain(row, error);
    else row.violations.push(`an error without a code: ${messageOf(error)}`);
  }
}

/** Why a rotation or a move to another recogniser waits, once one does. Stops looking when `signal` aborts. */
async function waiting(place: Workplace | undefined, signal: AbortSignal): Promise<Complaint> {
  for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs && !signal.aborted; ) {
    await sleep(5);
    const found = place === undefined ? undefined : complaintOf(place.box);
    if (found !== undefined) return found;
  }
  return { code: 'silent', remedy: undefined };
}

function complaintOf({ box, upkeep }: FaultBox): Complaint | undefined {
  const rotation = box.vault.open?.rotations.progress;
  if (rotation?.state === 'waiting' && rotation.problem !== undefined)
    return { code: rotation.problem.code, remedy: rotation.problem.remedy };
  const move = upkeep.status().reEmbedding;
  return move?.state === 'waiting' ? move.problem : undefined;
}

function complain(row: DiskRow, { code, remedy }: Complaint): void {
  row.codes.add(code);
  if (remedy === undefined || remedy === '') row.violations.push(`${code} comes without a remedy`);
  else row.remedies.add(remedy);
}

const isShut = (place: Workplace): boolean => place.box.box.vault.open === undefined;

function note(row: DiskRow, violations: readonly Violation[]): void {
  row.violations.push(...violations.map(({ kind, what }) => `${kind}: ${what}`));
}
