import type { ShownEvent } from '../../../contract/events.js';
import { isDamaged } from './event-kind.js';

type Data = Readonly<Record<string, unknown>>;

/** What an event is about, as far as its content says. */
export interface EventFacts {
  readonly camera?: string;
  readonly persons: readonly string[];
  readonly stranger?: string;
  readonly passage?: string;
  /** The words by which the event tells what happened: `in`, `streaming`, `blinked`. */
  readonly says: readonly string[];
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const dataOf = (value: unknown): Data => (typeof value === 'object' && value !== null ? (value as Data) : {});

export function factsOf(event: ShownEvent): EventFacts {
  if (isDamaged(event)) return { persons: [], says: [] };
  const { data } = event;
  const candidates = Array.isArray(data['candidates']) ? data['candidates'] : [];
  const persons = [data['person'], ...candidates.map((each) => dataOf(each)['person'])];
  const said = ['direction', 'change', 'state', 'condition', 'code', 'reason', 'outcome', 'command', 'date'];
  const optional = {
    camera: textOf(data['camera']),
    passage: textOf(data['passage']),
    stranger: textOf(data['stranger']) ?? textOf(dataOf(data['stranger'])['id']),
  };
  return {
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as object),
    persons: persons.flatMap((person) => textOf(person) ?? []),
    says: [...said.map((name) => data[name]), dataOf(data['liveness'])['reason']].flatMap(
      (each) => textOf(each) ?? [],
    ),
  };
}
