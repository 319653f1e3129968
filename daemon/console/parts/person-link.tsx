import { effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, isApiError } from '../api/call.js';
import { can, me } from '../api/session.js';

/** Names that the box tells at once. */
const mostNames = 100;

/** Names by id, of persons who were asked for since the login. */
const names = signal<ReadonlyMap<string, string>>(new Map());
const asked = new Set<string>();
let waiting: string[] = [];

effect(() => {
  if (me.value !== null) return;
  names.value = new Map();
  asked.clear();
});

function askForName(id: string): void {
  if (asked.has(id)) return;
  asked.add(id);
  waiting.push(id);
  // The other persons of the page are asked for in the same turn.
  if (waiting.length === 1) queueMicrotask(() => void learnNames());
}

async function learnNames(): Promise<void> {
  const all = waiting;
  waiting = [];
  const asker = me.value?.actor;
  try {
    for (let from = 0; from < all.length; from += mostNames) {
      const learned = await call('persons.names', { ids: all.slice(from, from + mostNames) });
      // Another user has come meanwhile, who asks again.
      if (me.value?.actor !== asker) return;
      names.value = new Map([...names.value, ...learned.map(({ id, name }) => [id, name] as const)]);
    }
  } catch (error) {
    // The id stands for a person whom the box does not name, such as one of a sealed gallery.
    if (!isApiError(error)) throw error;
  }
}

/** Notes a name that the box has told in another answer, so that it need not be asked for. */
export function noteName({ id, name }: { readonly id: string; readonly name: string }): void {
  asked.add(id);
  names.value = new Map([...names.value, [id, name]]);
}

interface NamedPersonProps {
  readonly id: string;
  /** Absent if the caller may not read names. */
  readonly name?: string | undefined;
}

/** A person by name, or by id where there is no name: a link where the caller may read persons. */
export function NamedPerson({ id, name = id }: NamedPersonProps) {
  return can('persons:read') ? <a href={`/people/${encodeURIComponent(id)}`}>{name}</a> : <span>{name}</span>;
}

/** The name of a person, once the box has told it; undefined where the caller may not read names, and for an empty `id`. */
export function usePersonName(id: string): string | undefined {
  const isNamed = id !== '' && can('names:read');
  useEffect(() => {
    if (isNamed) askForName(id);
  }, [id, isNamed]);
  return names.value.get(id);
}

/** A person of whom only the id is known: by name where the caller may read names, and as a link where they may read persons. */
export function PersonLink({ id }: { readonly id: string }) {
  return <NamedPerson id={id} name={usePersonName(id)} />;
}
