import type { Changes, Entry, Fate, FoundPerson, GalleryState } from './journal.js';

type Intent = Extract<Entry, { readonly is: 'intent' }>;

/** A fault that must never occur. */
export interface Violation {
  readonly kind: 'lost' | 'came back' | 'torn';
  readonly what: string;
}

/** The result of the operation that a kill hit. */
export interface Outcome {
  /** Undefined if the kill came between two operations. */
  readonly operation: string | undefined;
  /** `nothing`: it changes no person. */
  readonly found: 'done' | 'not done' | 'partly done' | 'nothing';
  readonly violations: readonly Violation[];
}

interface Held {
  readonly fate: Fate;
  readonly id: string | undefined;
  readonly pieces: Set<string>;
}

const isThere = (fate: Fate | undefined): boolean =>
  fate === 'active' || fate === 'removed' || fate === 'withdrawn';

/** What a gallery must contain according to the journals of its processes. Compared at every opening. */
export class Expectation {
  readonly #held = new Map<number, Held>();
  readonly #gone = new Set<string>();
  readonly #made = new Set<string>();
  #intent: Intent | undefined;

  /** The operation that was started and not acknowledged. */
  get underWay(): string | undefined {
    return this.#intent?.operation;
  }

  /** Sealed values, hexadecimal, that may be left in no file. */
  get gone(): readonly string[] {
    return [...this.#gone];
  }

  /** Files that were acknowledged since the last call. */
  takeMade(): readonly string[] {
    const made = [...this.#made];
    this.#made.clear();
    return made;
  }

  read(entry: Entry): void {
    if (entry.is === 'intent') this.#intent = entry;
    if (entry.is === 'samples') this.#remember(entry);
    if (entry.is !== 'done') return;
    if (this.#intent?.makes !== undefined) this.#made.add(this.#intent.makes);
    for (const [seed, fate] of changesOf(this.#intent?.changes)) this.#settle(seed, fate);
    this.#intent = undefined;
  }

  /** Compares the gallery with the expectation, and continues from what was found. */
  compare({ persons, tombstones, problems }: GalleryState): Outcome {
    const violations: Violation[] = problems.map((what) => ({ kind: 'torn', what }));
    const found = new Map(persons.map((person) => [person.seed, person]));
    if (found.size !== persons.length) violations.push({ kind: 'torn', what: 'a person is there twice' });
    const { operation } = this.#intent ?? {};
    const outcome = this.#settleIntent(found, violations);
    for (const [seed, { fate, id }] of [...this.#held]) {
      const isErased = id !== undefined && tombstones.includes(id);
      const person = found.get(seed);
      // A restore may erase a person who withdrew after the backup: the name need not survive that.
      if (fate === 'withdrawn' && person === undefined && isErased) continue;
      if (fate === 'erased' && id !== undefined && !isErased)
        violations.push({ kind: 'torn', what: `Person ${seed} was erased without a tombstone` });
      const violation = violationOf(seed, fate, person);
      if (violation === undefined) continue;
      violations.push(violation);
      // Report it once: from here on expect what was found.
      this.#settle(seed, person?.fate ?? 'replaced');
    }
    for (const person of persons) {
      if (this.#held.has(person.seed)) this.#remember(person);
      else violations.push({ kind: 'torn', what: `Person ${person.seed} was never enrolled` });
    }
    return { operation, found: outcome, violations };
  }

  #settleIntent(found: ReadonlyMap<number, FoundPerson>, violations: Violation[]): Outcome['found'] {
    const intent = this.#intent;
    this.#intent = undefined;
    const changes = changesOf(intent?.changes);
    let done = 0;
    for (const [seed, fate] of changes) {
      const now = found.get(seed)?.fate;
      const isDone = isThere(fate) ? now === fate : now === undefined;
      if (!isDone) continue;
      done += 1;
      this.#settle(seed, fate);
    }
    if (changes.length === 0) return 'nothing';
    if (done === changes.length) return 'done';
    if (done === 0) return 'not done';
    if (intent?.isAtomic === true) {
      const what = `${intent.operation} was done to ${done} of ${changes.length} persons`;
      violations.push({ kind: 'torn', what });
    }
    return 'partly done';
  }

  #settle(seed: number, fate: Fate): void {
    const { id, pieces = new Set<string>() } = this.#held.get(seed) ?? {};
    if (fate !== 'erased' && fate !== 'withdrawn') {
      this.#held.set(seed, { fate, id, pieces });
      return;
    }
    for (const piece of pieces) this.#gone.add(piece);
    this.#held.set(seed, { fate, id, pieces: new Set() });
  }

  #remember({
    seed,
    id,
    pieces,
  }: {
    readonly seed: number;
    readonly id: string;
    readonly pieces: readonly string[];
  }): void {
    const held = this.#held.get(seed);
    if (held === undefined) return;
    for (const piece of pieces) held.pieces.add(piece);
    this.#held.set(seed, { ...held, id });
  }
}

const changesOf = (changes: Changes = {}): readonly (readonly [number, Fate])[] =>
  Object.entries(changes).map(([seed, fate]) => [Number(seed), fate]);

function violationOf(seed: number, fate: Fate, person: FoundPerson | undefined): Violation | undefined {
  const name = `Person ${seed}`;
  if (!isThere(fate))
    return person === undefined ? undefined : { kind: 'came back', what: `${name} was ${fate}` };
  if (person === undefined) return { kind: 'lost', what: `${name} was ${fate}` };
  if (person.fate === fate) return undefined;
  const kind = fate === 'withdrawn' ? 'came back' : 'torn';
  return { kind, what: `${name} was ${fate} and is ${person.fate}` };
}
