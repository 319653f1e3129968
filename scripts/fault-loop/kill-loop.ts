import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newRecoveryKey, type RecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import type { Random } from '../../daemon/kernel/random.js';
import { Expectation, type Outcome, type Violation } from './expectation.js';
import { type FaultPlaces, prepareBox } from './fault-box.js';
import type { Entry } from './journal.js';
import { KilledWorkload } from './killed-workload.js';
import { backupsLeft, tracesLeft } from './left-files.js';
import { operations } from './operations.js';
import { Tally } from './tally.js';

/** Kills, and persons, after which a new gallery is used. */
const KILLS_PER_GALLERY = 40;
const MOST_PERSONS = 150;
/** Assumed duration of an operation before it was measured, milliseconds. */
const FIRST_GUESS_MS = 10;
/** The name under which an opening without a kill is measured. */
const FIRST_OPENING = 'first opening';
/** Kills come at most this many times the measured duration after the start. */
const OVERSHOOT = 1.15;
/** The kill hits one of the first operations of a process, at most this one. */
const MOST_BEFORE = 4;

export interface KillLoopOptions {
  readonly kills: number;
  /** Names of `operations`, and `open`; they take turns. */
  readonly operations: readonly string[];
  readonly random: Random;
  /** Gets a line for every fault as it is found. */
  readonly tell: (line: string) => void;
}

/** A gallery whose processes are killed repeatedly, with the expectation of its content. */
interface Subject {
  readonly directory: string;
  readonly places: FaultPlaces;
  readonly expectation: Expectation;
  /** Has the gallery open and waits for an order. */
  child: KilledWorkload | undefined;
  kills: number;
  persons: number;
}

type Entries<Kind extends Entry['is']> = Extract<Entry, { readonly is: Kind }>;
const isState = (entry: Entry): entry is Entries<'state'> => entry.is === 'state';
const isSettled = (entry: Entry): entry is Entries<'settled'> => entry.is === 'settled';
const isOpening = (entry: Entry): entry is Entries<'opening'> => entry.is === 'opening';
const isIntentOf =
  (operation: string) =>
  (entry: Entry): entry is Entries<'intent'> =>
    entry.is === 'intent' && entry.operation === operation;

/** Kills processes at work on a gallery, one after the other; each new one checks what the one before has left. */
export class KillLoop {
  readonly tally = new Tally();
  readonly #options: KillLoopOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollcall-faults-'));
  readonly #recoveryKey: RecoveryKey = newRecoveryKey();
  readonly #durationMs = new Map<string, number>();
  #galleries = 0;
  #nextSeed = 1000;

  constructor(options: KillLoopOptions) {
    this.#options = options;
  }

  async run(): Promise<Tally> {
    const { kills, operations } = this.#options;
    let subject: Subject | undefined;
    try {
      for (let kill = 0; kill < kills; kill += 1) {
        const operation = operations[kill % operations.length] ?? 'enrol';
        if (subject !== undefined && (subject.kills >= KILLS_PER_GALLERY || subject.persons > MOST_PERSONS)) {
          await this.#finish(subject);
          subject = undefined;
        }
        subject ??= this.#newSubject();
        await this.#hit(subject, operation);
      }
      if (subject !== undefined) await this.#finish(subject);
    } finally {
      await subject?.child?.end();
      rmSync(this.#folder, { recursive: true, force: true });
    }
    return this.tally;
  }

  #newSubject(): Subject {
    this.#galleries += 1;
    const directory = join(this.#folder, String(this.#galleries));
    const places = prepareBox(directory, this.#recoveryKey);
    const expectation = new Expectation();
    return { directory, places, expectation, child: undefined, kills: 0, persons: 0 };
  }

  /** Kills one process at work on `operation`, or while it opens the gallery; then checks what is left. */
  async #hit(subject: Subject, operation: string): Promise<void> {
    if (operation === 'open') return this.#hitTwice(subject);
    await this.#killAt(subject, operation);
    await this.#check(subject, operation);
  }

  /** Kills a process at work, and then the one that recovers the gallery, before the check. */
  async #hitTwice(subject: Subject): Promise<void> {
    const others = this.#options.operations.filter((name) => name in operations);
    const first = others[Math.floor(this.#options.random.unit() * others.length)] ?? 'enrol';
    await this.#killAt(subject, first);
    const wasOpen = await this.#killOpening(subject);
    await this.#check(subject, 'open', { operation: wasOpen ? undefined : 'open' });
  }

  /** Kills the process that has the gallery open while it is at work. */
  async #killAt(subject: Subject, operation: string): Promise<void> {
    const { random } = this.#options;
    if (subject.child === undefined) await this.#check(subject);
    const { child } = subject;
    if (child === undefined) return;
    this.#nextSeed += 1000;
    const settles = random.unit() < 0.5;
    child.order({ operation, firstSeed: this.#nextSeed, settles });
    if (settles) this.#blame(operation, await child.next(isSettled));
    const aim = operation === 're-embed' && random.unit() < 0.4 ? 'switch' : operation;
    for (let before = Math.floor(random.unit() * MOST_BEFORE); before >= 0; before -= 1)
      await child.next(isIntentOf(aim));
    subject.child = undefined;
    await child.killAfter(this.#delayWithin(aim));
  }

  /** Whether the gallery was open before the kill came. */
  async #killOpening(subject: Subject): Promise<boolean> {
    let isOpen = false;
    const child = this.#start(subject, () => {
      isOpen = true;
    });
    await child.next(isOpening);
    await child.killAfter(this.#delayWithin('open'));
    return isOpen;
  }

  /**
   * Opens the gallery in a new process and compares; `killed` is what the one before was ordered to do, and `hit` what it
   * was in the middle of, where its journal does not say.
   */
  async #check(subject: Subject, killed?: string, hit?: Pick<Outcome, 'operation'>): Promise<void> {
    const { expectation, places } = subject;
    const child = this.#start(subject);
    subject.child = child;
    const { state, openMs } = await child.next(isState);
    this.#measure(killed === undefined ? FIRST_OPENING : 'open', openMs);
    const { violations, ...found } = expectation.compare(state);
    const outcome = hit === undefined ? found : { found: found.found, operation: hit.operation };
    if (killed === undefined) {
      for (const violation of violations) this.#add('open', violation);
      return;
    }
    const all = [
      ...violations,
      ...tracesLeft(places, expectation.gone),
      ...(await backupsLeft(places, expectation.takeMade())),
    ];
    this.tally.kill(killed, { ...outcome, violations: all });
    for (const { kind, what } of all)
      this.#options.tell(`kill ${this.tally.kills}, ${outcome.operation ?? killed}: ${kind}: ${what}`);
    subject.kills += 1;
    subject.persons = state.persons.length;
  }

  /** Lets running work end, and checks for the last time what old keys open and what the files contain. */
  async #finish(subject: Subject): Promise<void> {
    const { child, expectation, places, directory } = subject;
    subject.child = undefined;
    child?.order({ operation: 'none', firstSeed: 0, settles: true });
    if (child !== undefined) this.#blame('open', await child.next(isSettled));
    await child?.end();
    for (const violation of tracesLeft(places, expectation.gone)) this.#add('open', violation);
    rmSync(directory, { recursive: true });
  }

  #blame(operation: string, { problems }: Entries<'settled'>): void {
    for (const what of problems) this.#add(operation, { kind: 'torn', what });
  }

  #add(operation: string, violation: Violation): void {
    this.tally.add(operation, violation);
    this.#options.tell(`after kill ${this.tally.kills}, ${operation}: ${violation.kind}: ${violation.what}`);
  }

  #start({ directory, expectation }: Subject, onOpen = (): void => undefined): KilledWorkload {
    return new KilledWorkload(directory, (entry) => {
      expectation.read(entry);
      if (entry.is === 'state') onOpen();
      if (entry.is !== 'done') return;
      this.tally.row(entry.operation).done += 1;
      this.#measure(entry.operation, entry.tookMs);
    });
  }

  #delayWithin(operation: string): number {
    return this.#options.random.unit() * OVERSHOOT * this.#durationOf(operation);
  }

  #durationOf(operation: string): number {
    return this.#durationMs.get(operation) ?? FIRST_GUESS_MS;
  }

  /** A running mean, of which the latest is a quarter. */
  #measure(operation: string, tookMs: number): void {
    const before = this.#durationMs.get(operation) ?? tookMs;
    this.#durationMs.set(operation, before + (tookMs - before) / 4);
  }
}
