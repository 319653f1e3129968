import { effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call, isApiError } from '../api/call.js';
import { can, me } from '../api/session.js';

/** Names by id, of persons who were asked for since the login. */
const names = signal<ReadonlyMap<string, string>>(new Map());
const asked = new Set<string>();
/** One at a time: a list of many persons must not take the box from others. */
let turn = Promise.resolve();

effect(() => {
  if (me.value !== null) return;
  names.value = new Map();
  asked.clear();
});

function askForName(id: string): void {
  if (asked.has(id)) return;
  asked.add(id);
  const learn = async (): Promise<void> => {
    // Another user has come meanwhile, who asks again.
    if (!asked.has(id)) return;
    const { name } = await call('persons.show', { id });
    names.value = new Map([...names.value, [id, name]]);
  };
  // The id stands for a person whom the box does not name: an erased one, or one of a sealed gallery.
  turn = turn.then(learn).catch((error: unknown) => {
    if (!isApiError(error)) throw error;
  });
}

/** A person of whom only the id is known: by name, and as a link, where the caller may read persons. */
export function PersonLink({ id }: { readonly id: string }) {
  const isNamed = can('persons:read', 'names:read');
  useEffect(() => {
    if (isNamed) askForName(id);
  }, [id, isNamed]);
  const name = names.value.get(id) ?? id;
  return can('persons:read') ? <a href={`/people/${encodeURIComponent(id)}`}>{name}</a> : <span>{name}</span>;
}
