import { useLocation } from 'preact-iso';

/** What a page shows, kept in its address: links, the back button and a reload lead to the same. */
export interface Query {
  readonly get: (name: string) => string;
  /** Changes some; an empty text takes one away. */
  readonly set: (changes: Readonly<Record<string, string>>) => void;
}

export function useQuery(): Query {
  const { path, query, route } = useLocation();
  return {
    get: (name) => query[name] ?? '',
    set: (changes) => {
      const next = Object.entries({ ...query, ...changes }).filter(([, value]) => value !== '');
      const text = new URLSearchParams(next).toString();
      route(text === '' ? path : `${path}?${text}`, true);
    },
  };
}
