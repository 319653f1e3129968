import { effect, type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { reconnections } from './connection.js';
import { me } from './session.js';

/** What the user left longer ago is fetched again: after a break, the present counts more than the place. */
const keptMs = 10 * 60_000;
/** Answers kept at a time, the latest. */
const most = 30;

const answers = new Map<string, { readonly value: unknown; readonly atMs: number }>();

/** How often what is kept was forgotten. */
let epoch = 0;

/** Taken before something is fetched, and given to `keep`: what was fetched before a change is not kept after it. */
export const keptEpoch = (): number => epoch;

/** True after the user went back or forward, until the next link or filter. */
let isReturn = false;
// Browsers without the Navigation API never return: their pages fetch everything again.
globalThis.navigation?.addEventListener('currententrychange', ({ navigationType }) => {
  isReturn = navigationType === 'traverse';
});

/** Keeps what a page shows as the user leaves it. `fetchedIn`: the epoch in which it was fetched. */
export function keep(key: string, value: unknown, fetchedIn: number): void {
  // Pages are left at a logout, too.
  if (!me.value || fetchedIn !== epoch) return;
  answers.delete(key);
  answers.set(key, { value, atMs: performance.now() });
  for (const oldest of [...answers.keys()].slice(0, -most)) answers.delete(oldest);
}

/** What was kept, if the user has come back to the page: a link or a filter fetches the present. */
export function kept<Value>(key: string): Value | undefined {
  const answer = isReturn ? answers.get(key) : undefined;
  if (answer === undefined || performance.now() - answer.atMs > keptMs) return undefined;
  // Each key is used for one type only.
  return answer.value as Value;
}

/** Called when the user has changed something that what is kept would not show. */
export function forgetKept(): void {
  epoch += 1;
  answers.clear();
}

effect(() => {
  if (me.value === null) forgetKept();
});
reconnections.subscribe(forgetKept);

/**
 * A signal of a page that has its value again when the user comes back, unless the user has changed something in the meantime.
 * `key`: what the value depends on, such as an operation and its input. When it changes, the signal begins again with `initial`.
 */
export function useKept<Value>(key: string, initial: Value): Signal<Value> {
  const signal = useSignal(kept<Value>(key) ?? initial);
  useEffect(() => {
    const begunIn = keptEpoch();
    signal.value = kept<Value>(key) ?? initial;
    return () => keep(key, signal.value, begunIn);
  }, [key]);
  return signal;
}
