import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';

/** What a page shows, kept in its address: links, the back button and a reload lead to the same. */
export interface Query {
  readonly get: (name: string) => string;
  /** The value, if it is one of these. */
  readonly oneOf: <Value extends string>(name: string, values: readonly Value[]) => Value | undefined;
  /** Value and change of a field that writes into the address: `<Field label={…} {...query.bound('name')} />`. */
  readonly bound: (name: string) => {
    readonly value: string;
    readonly onValue: (value: string) => void;
  };
  /** Changes some; an empty text takes one away. */
  readonly set: (changes: Readonly<Record<string, string>>) => void;
  /** Puts another query in the place of all of it: empty, or with its question mark. */
  readonly replace: (search: string) => void;
  /** All of it as it stands in the address, with its question mark, for a link to another page with the same query. */
  readonly search: string;
  /** The same with some changed, for a link to another view of the page. */
  readonly searchWith: (changes: Readonly<Record<string, string>>) => string;
}

export function useQuery(): Query {
  const { path, query, route } = useLocation();
  const get = (name: string): string => query[name] ?? '';
  const searchWith: Query['searchWith'] = (changes) => searchOf({ ...query, ...changes });
  const replace: Query['replace'] = (search) => route(path + search, true);
  const set: Query['set'] = (changes) => replace(searchWith(changes));
  return {
    ...{ get, set, replace, searchWith, search: searchOf(query) },
    oneOf: (name, values) => values.find((each) => each === query[name]),
    bound: (name) => ({ value: get(name), onValue: (value) => set({ [name]: value }) }),
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
