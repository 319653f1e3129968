import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { language } from '../words/words.js';
import { type ApiError, call, isApiError, readLines } from './call.js';
import { reconnections } from './connection.js';
import { keep, kept, keptEpoch } from './kept-answers.js';
import type { CallId, Input, ItemOf, Line, LinesId, Output, PageId } from './request.js';

/** What a page has fetched. */
export interface Fetched<Value> {
  readonly value: Value | undefined;
  readonly fault: ApiError | undefined;
  readonly isLoading: boolean;
  /** When the value was asked for, by `performance.now()`: what the box has told since may be newer. */
  readonly askedMs: number;
  /** Fetches again, at once. */
  readonly reload: () => Promise<void>;
  /** Puts a value that the box has just answered, so that it need not be fetched. */
  readonly put: (value: Value) => void;
}

interface FetchOptions {
  /** Fetches again after this time, while the page is visible. */
  readonly everyMs?: number;
  /** False: fetches nothing. */
  readonly isWanted?: boolean;
}

/**
 * Loads a value, again when `key` changes and when the connection comes back. Keeps the last value while it loads. `load` stops
 * when its signal aborts: something newer is wanted, or the page has gone.
 */
function useLoaded<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  key: string,
  { everyMs, isWanted = true }: FetchOptions,
): Fetched<Value> {
  const value = useSignal<Value | undefined>(undefined);
  const fault = useSignal<ApiError | undefined>(undefined);
  const isLoading = useSignal(isWanted);
  const running = useRef(new AbortController());
  const asked = useRef(Number.NEGATIVE_INFINITY);
  const reload = async (): Promise<void> => {
    running.current.abort();
    const own = new AbortController();
    const askedMs = performance.now();
    running.current = own;
    isLoading.value = true;
    try {
      const loaded = await load(own.signal);
      if (own.signal.aborted) return;
      asked.current = askedMs;
      value.value = loaded;
      fault.value = undefined;
    } catch (error) {
      if (own.signal.aborted) return;
      if (!isApiError(error)) throw error;
      fault.value = error;
    } finally {
      if (!own.signal.aborted) isLoading.value = false;
    }
  };
  const reconnected = reconnections.value;
  useEffect(() => {
    if (!isWanted) return;
    void reload();
    return () => running.current.abort();
  }, [key, isWanted, reconnected, language()]);
  useRepeat(reload, isWanted ? everyMs : undefined);
  useReadmission(isWanted ? fault.value : undefined, reload);
  return {
    ...{ value: value.value, fault: fault.value, isLoading: isLoading.value, reload },
    askedMs: asked.current,
    put: (next) => {
      running.current.abort();
      asked.current = performance.now();
      isLoading.value = false;
      value.value = next;
    },
  };
}

/** Fetches the answer of an operation, again when `input` changes and when the connection comes back. */
export function useFetched<Id extends CallId>(
  id: Id,
  input: Input<Id>,
  options: FetchOptions = {},
): Fetched<Output<Id>> {
  const load = (signal: AbortSignal): Promise<Output<Id>> =>
    call(...([id, input, { signal }] as unknown as Parameters<typeof call<Id>>));
  return useLoaded(load, `${id} ${JSON.stringify(input)}`, options);
}

/** Fetches all lines of an answer that ends by itself, such as a report. */
export function useLines<Id extends LinesId>(
  id: Id,
  input: Input<Id>,
  options: FetchOptions = {},
): Fetched<readonly Line<Id>[]> {
  const load = async (signal: AbortSignal): Promise<readonly Line<Id>[]> => {
    const lines: Line<Id>[] = [];
    const given = [id, input, { signal }] as unknown as Parameters<typeof readLines<Id>>;
    for await (const line of readLines(...given)) lines.push(line);
    return lines;
  };
  return useLoaded(load, `${id} ${JSON.stringify(input)}`, options);
}

/** The stream begins again after this time when it was cut. */
const againMs = 3000;

interface FollowOptions {
  readonly key?: string;
  readonly isWanted?: boolean;
  /** How long after its end the stream begins again. */
  readonly waitMs?: number;
  /** Codes of errors that do not pass by waiting. */
  readonly lasting?: readonly string[];
  /** Called when the stream was cut. */
  readonly onCut?: () => void;
}

/**
 * Follows an answer that goes on until the page leaves: calls `onLine` for each line, and begins again after a cut. `input` is
 * asked anew at each beginning, so that it can say after which line to go on.
 */
export function useFollowed<Id extends LinesId>(
  id: Id,
  input: () => Input<Id>,
  onLine: (line: Line<Id>) => void,
  { key = '', isWanted = true, waitMs = againMs, lasting = [], onCut }: FollowOptions = {},
): { readonly fault: ApiError | undefined } {
  const fault = useSignal<ApiError | undefined>(undefined);
  const latest = useRef({ input, onLine });
  latest.current = { input, onLine };
  useEffect(() => {
    if (!isWanted) return;
    const over = new AbortController();
    const follow = async (): Promise<void> => {
      for (let tries = 0; !over.signal.aborted; tries += 1) {
        try {
          const onOpen = (): void => {
            fault.value = undefined;
          };
          const given = [id, latest.current.input(), { signal: over.signal, onOpen }];
          for await (const line of readLines(...(given as unknown as Parameters<typeof readLines<Id>>))) {
            latest.current.onLine(line);
          }
        } catch (error) {
          if (over.signal.aborted) return;
          onCut?.();
          if (!isApiError(error)) throw error;
          // The box may not know yet that this user has let go of the stream before, on the page or the filter that they left.
          if (error.code !== 'busy' || tries > 0 || lasting.includes('busy')) fault.value = error;
          if (lasting.includes(error.code)) return;
        }
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    };
    void follow();
    return () => over.abort();
  }, [id, key, isWanted, language()]);
  return { fault: fault.value };
}

/** Calls `run` again and again, each time `everyMs` after it ended, while the page is visible. */
function useRepeat(run: () => Promise<void>, everyMs: number | undefined): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    if (everyMs === undefined) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    const again = async (): Promise<void> => {
      if (!document.hidden) await latest.current();
      if (!isOver) timer = setTimeout(again, everyMs);
    };
    timer = setTimeout(again, everyMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [everyMs]);
}

/** Fetches again when the box says that it admits the user again. */
function useReadmission(fault: ApiError | undefined, fetchAgain: () => Promise<void>): void {
  const latest = useRef(fetchAgain);
  latest.current = fetchAgain;
  useEffect(() => {
    if (!isApiError(fault, 'rate-limited')) return;
    const waitMs = 1000 * Number(fault.details['retryAfterS'] ?? 5);
    const timer = setTimeout(() => void latest.current(), waitMs);
    return () => clearTimeout(timer);
  }, [fault]);
}

/** A list that is fetched page by page. */
export interface FetchedList<Item> {
  readonly items: readonly Item[];
  /** How many there are; absent where the box does not count them. */
  readonly total: number | undefined;
  readonly fault: ApiError | undefined;
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  /** Fetches the next page, unless one is on its way or a fault stands. */
  readonly more: () => void;
  /** Fetches again what failed: the first page or the next one. */
  readonly retry: () => Promise<void>;
  /** Begins again with the first page. */
  readonly reload: () => Promise<void>;
}

interface ListState<Item> {
  readonly items: readonly Item[];
  readonly total: number | undefined;
  /** `undefined`: no page yet; `null`: the last one is there. */
  readonly cursor: string | null | undefined;
}

interface ListOptions<Item> {
  /** False: fetches nothing. */
  readonly isWanted?: boolean;
  /** Looks again and again for items that are newer than the first, and puts them before it. */
  readonly newer?: { readonly everyMs: number; readonly keyOf: (item: Item) => string | number } | undefined;
}

/** Fetches a list page by page, from the start again when `input` changes. A user who comes back finds the pages they had. */
export function useList<Id extends PageId>(
  id: Id,
  input: Omit<Input<Id>, 'cursor'>,
  { isWanted = true, newer }: ListOptions<ItemOf<Id>> = {},
): FetchedList<ItemOf<Id>> {
  const key = `${id} ${language()} ${JSON.stringify(input)}`;
  const before = kept<ListState<ItemOf<Id>>>(key);
  const state = useSignal(before ?? { items: [], total: undefined, cursor: undefined });
  const fault = useSignal<ApiError | undefined>(undefined);
  const isLoading = useSignal(isWanted && before === undefined);
  const turn = useRef(0);
  /** When the first page was fetched: later pages do not make the first ones newer. */
  const fetchedIn = useRef(keptEpoch());
  /** What was asked for last. The cursor does not tell: that of the list before stays while a first page is fetched. */
  const wasFirst = useRef(true);
  const fetchPage = async (isFirst: boolean): Promise<void> => {
    wasFirst.current = isFirst;
    turn.current += 1;
    const own = turn.current;
    const begunIn = keptEpoch();
    isLoading.value = true;
    try {
      const page = await pageOf<Id>(id, {
        ...input,
        cursor: isFirst ? undefined : (state.value.cursor ?? undefined),
      });
      if (own !== turn.current) return;
      const items = isFirst ? page.items : [...state.value.items, ...page.items];
      state.value = { items, total: page.total, cursor: page.nextCursor ?? null };
      if (isFirst) fetchedIn.current = begunIn;
      fault.value = undefined;
    } catch (error) {
      if (own !== turn.current) return;
      if (!isApiError(error)) throw error;
      fault.value = error;
    } finally {
      if (own === turn.current) isLoading.value = false;
    }
  };
  const fetchNewer = async (): Promise<void> => {
    const { keyOf = () => '' } = newer ?? {};
    const own = turn.current;
    const begunIn = keptEpoch();
    if (isLoading.value) return;
    const page = await pageOf<Id>(id, { ...input, cursor: undefined }).catch(faultless);
    if (page === undefined || own !== turn.current) return;
    const { items, cursor } = state.value;
    const known = new Set(items.map(keyOf));
    const added = page.items.filter((item) => !known.has(keyOf(item)));
    // More than a page is new: what lies between is fetched when it comes into view.
    const isGap = added.length === page.items.length;
    if (isGap) fetchedIn.current = begunIn;
    state.value = isGap
      ? { items: page.items, total: page.total, cursor: page.nextCursor ?? null }
      : { items: [...added, ...items], total: page.total, cursor };
  };
  useRepeat(fetchNewer, newer?.everyMs);
  const reconnected = reconnections.value;
  /** What is kept is for those who come back: a reconnection fetches. */
  const lookedFor = useRef<string | undefined>(undefined);
  useEffect(() => {
    const own = lookedFor.current === key ? undefined : kept<ListState<ItemOf<Id>>>(key);
    lookedFor.current = key;
    if (own !== undefined) {
      state.value = own;
      fetchedIn.current = keptEpoch();
      isLoading.value = false;
    } else if (isWanted) void fetchPage(true);
    return () => {
      turn.current += 1;
      if (state.value.cursor !== undefined && fault.value === undefined)
        keep(key, state.value, fetchedIn.current);
    };
  }, [key, isWanted, reconnected]);
  const retry = (): Promise<void> => fetchPage(wasFirst.current);
  useReadmission(isWanted ? fault.value : undefined, retry);
  return {
    ...{ items: state.value.items, total: state.value.total, fault: fault.value, isLoading: isLoading.value },
    hasMore: state.value.cursor !== null,
    more: () => {
      // Tables ask at every drawing: without a look at the fault, a refusal would be followed by the next one at once.
      if (isLoading.value || fault.value !== undefined) return;
      if (typeof state.value.cursor === 'string') void fetchPage(false);
    },
    retry,
    reload: () => fetchPage(true),
  };
}

/** The next look will tell: what stands in the way now is shown by the connection, or by what the user does. */
function faultless(error: unknown): undefined {
  if (!isApiError(error)) throw error;
}

interface AnyPage<Item> {
  readonly items: readonly Item[];
  readonly nextCursor?: string | undefined;
  readonly total?: number | undefined;
}

async function pageOf<Id extends PageId>(id: Id, input: object): Promise<AnyPage<ItemOf<Id>>> {
  // `PageId` names exactly the operations whose answer has this form, which the compiler cannot tell of a type parameter.
  const answer: unknown = await call(...([id, input] as unknown as Parameters<typeof call<Id & CallId>>));
  return answer as AnyPage<ItemOf<Id>>;
}

/** An act of the user that the box carries out: whether it runs, and why it failed. */
export interface Act {
  readonly isRunning: boolean;
  readonly fault: ApiError | undefined;
  /** Runs it; resolves with true if it succeeded. */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
  readonly clear: () => void;
}

/** One act at a time, with its fault. */
export function useAct(): Act {
  const isRunning: Signal<boolean> = useSignal(false);
  const fault = useSignal<ApiError | undefined>(undefined);
  return {
    isRunning: isRunning.value,
    fault: fault.value,
    clear: () => {
      fault.value = undefined;
    },
    async run(work) {
      if (isRunning.value) return false;
      isRunning.value = true;
      fault.value = undefined;
      try {
        await work();
        return true;
      } catch (error) {
        if (!isApiError(error)) throw error;
        fault.value = error;
        return false;
      } finally {
        isRunning.value = false;
      }
    },
  };
}
