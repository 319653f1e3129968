import { fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { SequenceLedger } from '../../daemon/core/delivery/sequence-ledger.js';
import { messageOf } from '../../daemon/kernel/errors.js';
import type { Random } from '../../daemon/kernel/random.js';
import { builtChild } from '../../test/support/built.js';
import { attendanceFact } from '../../test/support/facts.js';
import { openMarkedRecords } from '../../test/support/marked-records.js';
import { closeOf } from '../child-end.js';
import { commandLimits, commandOf, deliver, wordsPath } from './records-box-child.js';
import { keepOlderCopy, recordsDamages } from './records-damage.js';

const LONGEST_LIFE_MS = 250;
/** Another box is begun with after so many damages: the files stay small. */
const DAMAGES_PER_BOX = 20;

export interface RecordsLoopOptions {
  readonly damages: number;
  readonly random: Random;
}

/** What came of one kind of damage. */
export interface RecordsRow {
  readonly damage: string;
  times: number;
  /** Starts that said that something was lost. */
  reported: number;
  /** Events that were recorded and were there no more. */
  lost: number;
  /** Events that were there. */
  kept: number;
}

export interface RecordsLoopResult {
  readonly rows: readonly RecordsRow[];
  readonly violations: readonly string[];
}

/** Kills processes that record, damages what they leave, and compares what the next start makes of it. */
export async function runRecordsLoop({ damages, random }: RecordsLoopOptions): Promise<RecordsLoopResult> {
  const names = Object.keys(recordsDamages);
  const rows = names.map((damage) => ({ damage, times: 0, reported: 0, lost: 0, kept: 0 }));
  const violations: string[] = [];
  for (let done = 0; done < damages; ) {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-records-faults-'));
    mkdirSync(join(folder, 'data'), { mode: 0o700 });
    try {
      const box = new DamagedBox(folder, random);
      for (let count = 0; count < DAMAGES_PER_BOX && done < damages; count += 1, done += 1) {
        const row = rows[done % rows.length];
        if (row === undefined) continue;
        const found = await box.suffer(row);
        violations.push(...found.map((what) => `${row.damage} (number ${done + 1}): ${what}`));
      }
      violations.push(...(await box.end()));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { rows, violations };
}

/** What is known of one box from outside. */
class DamagedBox {
  readonly #folder: string;
  readonly #random: Random;
  readonly #ledger = new SequenceLedger(1);
  /** By number: the id that it was recorded under. */
  readonly #recorded = new Map<number, string>();
  readonly #executed = new Set<string>();
  /** Lost before: they are not counted twice. */
  readonly #gone = new Set<number>();
  #reportedBefore: number | undefined;
  #newest = 0;
  #state = 0;
  #read = 0;
  #life = 0;

  constructor(folder: string, random: Random) {
    this.#folder = folder;
    this.#random = random;
  }

  /** Lets a process live, kills it, damages what it leaves, and looks. */
  async suffer(row: RecordsRow): Promise<readonly string[]> {
    await this.#live();
    recordsDamages[row.damage]?.(this.#folder, this.#random);
    row.times += 1;
    const violations = this.#hear();
    try {
      await using records = openMarkedRecords({ folder: this.#folder });
      violations.push(...this.#look(records, row));
    } catch (error) {
      violations.push(`does not open: ${messageOf(error)}`);
    }
    return violations;
  }

  /** Delivers all that waits; what is missing then has to be stated. */
  async end(): Promise<readonly string[]> {
    const violations: string[] = [];
    await using records = openMarkedRecords({ folder: this.#folder });
    while (deliver(records, 1000, (payload) => violations.push(...this.#take(payload))) > 0);
    this.#ledger.announce(records.outbox.newestSequence());
    const { missing } = this.#ledger.summary();
    violations.push(
      ...missing.map(({ first, last }) => `numbers ${first} to ${last} are missing and not stated`),
    );
    return violations;
  }

  async #live(): Promise<void> {
    this.#life += 1;
    const child = fork(
      builtChild('scripts/fault-loop/records-box-child.ts'),
      [this.#folder, `${this.#life}`],
      {
        execArgv: [],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      },
    );
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const ended = closeOf(child);
    const opened = new Promise<void>((resolve) => child.once('message', () => resolve()));
    await Promise.race([opened, ended]);
    await sleep(this.#random.unit() * LONGEST_LIFE_MS);
    // Every other life ends with a copy that may be put back later: as the files are in the midst of it.
    if (this.#life % 2 === 1) keepOlderCopy(this.#folder);
    await sleep(this.#random.unit() * LONGEST_LIFE_MS);
    child.kill('SIGKILL');
    if ((await ended).signal !== 'SIGKILL') throw new Error(`the process ended by itself: ${complaint}`);
  }

  /** Takes in what the processes said. */
  #hear(): string[] {
    const path = wordsPath(this.#folder);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const lines = text.slice(this.#read).split('\n').slice(0, -1);
    this.#read = text.lastIndexOf('\n') + 1;
    return lines.flatMap((line) => {
      const at = line.indexOf(' ');
      return this.#word(line.slice(0, at), line.slice(at + 1));
    });
  }

  #word(word: string, text: string): readonly string[] {
    if (word === 'sent') return this.#take(text);
    if (word === 'recorded') {
      const [sequence = '', id = ''] = text.split(' ');
      return this.#record(Number(sequence), id);
    }
    if (word === 'state') return this.#takeState(Number(text));
    if (word !== 'executed') return [];
    const isAgain = this.#executed.has(text);
    this.#executed.add(text);
    return isAgain ? [`command ${text} was executed twice`] : [];
  }

  #take(payload: string): readonly string[] {
    const { id, sequence, type, data } = JSON.parse(payload) as {
      readonly id: string;
      readonly sequence: string;
      readonly type: string;
      readonly data: { firstSequence: number; lastSequence: number; counts: Record<string, number> };
    };
    const number = Number(sequence);
    this.#newest = Math.max(this.#newest, number);
    const verdict = this.#ledger.take(number, id, payload);
    if (type === 'rollcall.events.dropped.v1') {
      const count = Object.values(data.counts).reduce((sum, each) => sum + each, 0);
      if (verdict === 'valid')
        this.#ledger.giveUp({ first: data.firstSequence, last: data.lastSequence, count });
    }
    const known = this.#recorded.get(number);
    const isOther = known !== undefined && known !== id;
    return verdict === 'contradiction' || isOther ? [`number ${number} was given to two events`] : [];
  }

  #record(sequence: number, id: string): readonly string[] {
    const isReused = sequence <= this.#newest && this.#recorded.get(sequence) !== id;
    this.#recorded.set(sequence, id);
    this.#newest = Math.max(this.#newest, sequence);
    return isReused ? [`number ${sequence} was given again`] : [];
  }

  #takeState(number: number): readonly string[] {
    const isReused = number <= this.#state;
    this.#state = Math.max(this.#state, number);
    return isReused ? [`number ${number} of a state message was given again`] : [];
  }

  #look(records: RecordStores, row: RecordsRow): readonly string[] {
    const violations: string[] = [];
    const reported = records.loss.reported();
    const isReported =
      reported !== undefined &&
      Date.now() - reported.foundAtMs < 60_000 &&
      reported.foundAtMs !== this.#reportedBefore;
    this.#reportedBefore = reported?.foundAtMs;
    if (isReported) row.reported += 1;
    const there = new Map(
      records.list({ limit: 1_000_000 }).map(({ sequence, id }) => [sequence, id as string]),
    );
    for (const [sequence, id] of there) {
      const known = this.#recorded.get(sequence);
      if (known !== undefined && known !== id)
        violations.push(`number ${sequence} belongs to another event now`);
    }
    let lost = 0;
    for (const sequence of this.#recorded.keys())
      if (!there.has(sequence) && !this.#gone.has(sequence)) {
        lost += 1;
        this.#gone.add(sequence);
      }
    row.lost += lost;
    row.kept += there.size;
    if (lost > 0 && !isReported) violations.push(`${lost} events are gone, and no loss is reported`);
    violations.push(...this.#lookAtCommands(records));
    const { sequence, id } = records.record(attendanceFact());
    return [...violations, ...this.#record(sequence, id), ...this.#takeState(records.takeStateSequences(1))];
  }

  #lookAtCommands(records: RecordStores): readonly string[] {
    const { memory } = records.commands;
    const violations: string[] = [];
    const waiting = memory.nextWaiting();
    if (waiting !== undefined && this.#executed.has(waiting.commandId))
      violations.push(`command ${waiting.commandId} would be executed again`);
    const nowMs = Date.now();
    for (const commandId of this.#executed) {
      // As its issuer would send it again: the same token, which says when it was given.
      const { outcome } = memory.accept(commandOf(commandId, nowMs - 1), commandLimits);
      if (outcome === 'accepted') violations.push(`command ${commandId} was taken again`);
    }
    return violations;
  }
}
