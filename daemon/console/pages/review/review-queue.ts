import { computed, signal } from '@preact/signals';
import type { ReviewItem } from '../../../contract/review.js';

/** What a user says of an item. */
export type Answer =
  | { readonly is: 'person'; readonly person: string; readonly name: string }
  | { readonly is: 'stranger' | 'nobody' | 'ignored' | 'done' | 'skipped' };

/** An item with the answer of this user, if they gave one on this page. */
export interface Entry {
  readonly item: ReviewItem;
  readonly answer?: Answer;
  /** True while it is in view after somebody else has answered it. It takes no answer. */
  readonly isGone?: boolean;
}

const isOpen = ({ answer, isGone = false }: Entry): boolean => answer === undefined && !isGone;

/** What the queue asks of the box. */
export interface ReviewBox {
  list(): Promise<{ readonly items: readonly ReviewItem[]; readonly hasMore: boolean }>;
  /** Both may wait until the box takes the request, but send nothing after `signal`. */
  give(item: ReviewItem, answer: Answer, signal: AbortSignal): Promise<unknown>;
  takeBack(item: ReviewItem, answer: Answer, signal: AbortSignal): Promise<unknown>;
  /** True if the answer could not be taken back because somebody else has answered since. */
  isOvertaken(error: unknown): boolean;
}

/** An answer, or its undoing, that did not reach the box. */
export interface Failure {
  readonly item: ReviewItem;
  /** The answer that the box still has, because it was not taken back. */
  readonly standing: Answer | undefined;
  readonly error: unknown;
}

interface State {
  readonly entries: readonly Entry[];
  /** The entry that is shown; the length of the list after the last one. */
  readonly at: number;
}

/** A change that can be undone. */
interface Done {
  readonly id: string;
  readonly before: Answer | undefined;
}

/**
 * The items of the review page. An answer shows the next item at once and goes to the box in the background, one after the other, so
 * that undoing never overtakes what it undoes. An answer that fails comes back into the queue; one that cannot be taken back stands.
 */
export class ReviewQueue {
  readonly failure = signal<Failure | undefined>(undefined);
  readonly hasMore = signal(false);
  readonly isLoaded = signal(false);
  /** Answers that the box has not confirmed. */
  readonly pending = signal(0);
  readonly #box: ReviewBox;
  readonly #state = signal<State>({ entries: [], at: 0 });
  readonly #done = signal<readonly Done[]>([]);
  /** What the box has confirmed, by item. */
  readonly #known = new Map<string, Answer>();
  readonly #ending = new AbortController();
  #sending: Promise<void> = Promise.resolve();

  readonly current = computed(() => this.#state.value.entries[this.#state.value.at]);
  /** The shown item and those after it, to load their images ahead. */
  readonly ahead = computed(() => {
    const { entries, at } = this.#state.value;
    return entries.slice(at).filter((entry, index) => index === 0 || isOpen(entry));
  });
  readonly waiting = computed(() => this.#state.value.entries.filter(isOpen).length);
  readonly answered = computed(
    () => this.#state.value.entries.filter(({ answer }) => answer !== undefined).length,
  );
  /** What undoing would undo. */
  readonly last = computed(() => {
    const id = this.#done.value.at(-1)?.id;
    return this.#state.value.entries.find(({ item }) => item.id === id);
  });
  readonly isFirst = computed(() => this.#state.value.at === 0);

  constructor(box: ReviewBox) {
    this.#box = box;
  }

  /** Adds what is new at the box, and drops what somebody else has answered. @throws what `list` throws */
  async load(): Promise<void> {
    const before = this.#state.value;
    const wasSettled = this.pending.value === 0;
    const { items, hasMore } = await this.#box.list();
    const now = this.#state.value;
    // A list that is older than what was done meanwhile says nothing about what is missing in it.
    const isCurrent = wasSettled && this.pending.value === 0 && before === now;
    this.hasMore.value = hasMore;
    this.isLoaded.value = true;
    if (isCurrent) this.#reopen(items);
    const kept = isCurrent ? withoutGone(this.#state.value, items, hasMore) : now;
    this.#state.value = withNew(kept, items);
    if (kept.at === kept.entries.length) this.#show(this.#nextAfter(kept.at - 1));
  }

  /** Sends nothing any more: what the box has not got yet is lost. */
  end(): void {
    this.#ending.abort();
  }

  /** Answers the shown item, and shows the next one. */
  answer(answer: Answer): void {
    const { entries, at } = this.#state.value;
    const entry = entries[at];
    if (entry === undefined) return;
    if (entry.isGone === true) {
      if (answer.is === 'skipped') this.#show(this.#nextAfter(at));
      return;
    }
    const { item, answer: before } = entry;
    this.failure.value = undefined;
    this.#done.value = [...this.#done.value, { id: item.id, before }];
    this.#put(item.id, answer);
    this.#show(this.#nextAfter(at));
    this.#send(item);
  }

  /** Undoes the last answer, and shows its item again. */
  undo(): void {
    const entry = this.last.value;
    const done = this.#done.value.at(-1);
    if (entry?.answer === undefined || done === undefined) return;
    const { id } = entry.item;
    this.failure.value = undefined;
    this.#done.value = this.#done.value.slice(0, -1);
    this.#put(id, done.before);
    this.#show(this.#state.value.entries.findIndex((each) => each.item.id === id));
    this.#send(entry.item);
  }

  /** Shows the item before, with its answer, which can be replaced. */
  back(): void {
    this.#show(Math.max(0, this.#state.value.at - 1));
  }

  /** Shows the item after this one, without an answer to it. */
  forward(): void {
    const { entries, at } = this.#state.value;
    this.#show(Math.min(entries.length, at + 1));
  }

  /** What the box lists waits again: the answer was taken back on another page, or something new has happened. */
  #reopen(items: readonly ReviewItem[]): void {
    for (const { id } of items) {
      this.#known.delete(id);
      this.#done.value = this.#done.value.filter((done) => done.id !== id);
      this.#put(id, undefined);
    }
  }

  #send(item: ReviewItem): void {
    this.pending.value += 1;
    this.#sending = this.#sending
      .then(() => this.#match(item))
      .catch((error: unknown) => {
        if (!this.#ending.signal.aborted) this.#fail(item, error);
      })
      .finally(() => {
        this.pending.value -= 1;
      });
  }

  /** Lets the box know of an item what the user says of it now, which may be less than was said since the last time. */
  async #match(item: ReviewItem): Promise<void> {
    const { signal } = this.#ending;
    const known = this.#known.get(item.id);
    const wanted = this.#state.value.entries.find((each) => each.item.id === item.id)?.answer;
    if (signal.aborted || known === wanted) return;
    if (known !== undefined) {
      await this.#box.takeBack(item, known, signal);
      this.#known.delete(item.id);
    }
    if (wanted !== undefined) {
      await this.#box.give(item, wanted, signal);
      this.#known.set(item.id, wanted);
    }
  }

  /** Shows of an item what the box knows, and undoing goes on from there. */
  #fail(item: ReviewItem, error: unknown): void {
    const { id } = item;
    const isGone = this.#box.isOvertaken(error);
    if (isGone) this.#known.delete(id);
    const known = this.#known.get(id);
    this.failure.value = { item, error, standing: known };
    const others = this.#done.value.filter((done) => done.id !== id);
    this.#done.value = known === undefined ? others : [...others, { id, before: undefined }];
    this.#put(id, known, isGone);
    const { entries, at } = this.#state.value;
    if (at === entries.length) this.#show(this.#nextAfter(at));
  }

  #put(id: string, answer: Answer | undefined, isGone = false): void {
    const { entries, at } = this.#state.value;
    const changed = entries.map(({ item, ...rest }) =>
      item.id === id
        ? { item, ...(answer !== undefined && { answer }), ...(isGone && { isGone }) }
        : { item, ...rest },
    );
    this.#state.value = { entries: changed, at };
  }

  #show(at: number): void {
    this.#state.value = { ...this.#state.value, at };
  }

  /** The next item without an answer; from the beginning where none follows; the end without any. */
  #nextAfter(at: number): number {
    const { entries } = this.#state.value;
    const later = entries.findIndex((entry, index) => index > at && isOpen(entry));
    if (later >= 0) return later;
    const first = entries.findIndex(isOpen);
    return first >= 0 ? first : entries.length;
  }
}

/** Both are in the order of the queue, so what is missing before a listed item has been answered elsewhere. */
function withoutGone({ entries, at }: State, items: readonly ReviewItem[], hasMore: boolean): State {
  const listed = new Set(items.map(({ id }) => id));
  const lastListed = entries.findLastIndex(({ item }) => listed.has(item.id));
  const shown = entries[at];
  const kept = entries.filter(
    (entry, index) =>
      entry.answer !== undefined ||
      entry === shown ||
      listed.has(entry.item.id) ||
      (hasMore && index > lastListed),
  );
  const isGone = (entry: Entry): boolean =>
    entry === shown && isOpen(entry) && !listed.has(entry.item.id) && !(hasMore && at > lastListed);
  return {
    entries: kept.map((entry) => (isGone(entry) ? { ...entry, isGone: true } : entry)),
    at: shown === undefined ? kept.length : kept.indexOf(shown),
  };
}

function withNew({ entries, at }: State, items: readonly ReviewItem[]): State {
  const known = new Set(entries.map(({ item }) => item.id));
  const added = items.filter(({ id }) => !known.has(id)).map((item) => ({ item }));
  return { entries: [...entries, ...added], at };
}
