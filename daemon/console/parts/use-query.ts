import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';

/** What a page shows, kept in its address: links, the back button and a reload lead to the same. */
export interface Query {
  readonly get: (name: string) => string;
  /** Changes some; an empty text takes one away. */
  readonly set: (changes: Readonly<Record<string, string>>) => void;
  /** All of it as it stands in the address, with its question mark, for a link to another page with the same query. */
  readonly search: string;
}

export function useQuery(): Query {
  const { path, query, route } = useLocation();
  return {
    get: (name) => query[name] ?? '',
    set: (changes) => route(path + searchOf({ ...query, ...changes }), true),
    search: searchOf(query),
  };
}

function searchOf(query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  return text === '' ? '' : `?${text}`;
}

const settledMs = 300;

/** The value once it has stayed the same for a moment: while the user types, the box is not asked for every letter. */
export function useSettled<Value>(value: Value): Value {
  const settled = useSignal(value);
  const key = JSON.stringify(value);
  useEffect(() => {
    if (JSON.stringify(settled.value) === key) return;
    const timer = setTimeout(() => {
      settled.value = value;
    }, settledMs);
    return () => clearTimeout(timer);
  }, [key]);
  return settled.value;
}
