import type { ShownEvent } from '../../../contract/events.js';
import type { EventKind } from '../../../kernel/events/event.js';
import type en from '../../messages/en/events.json';
import type { Tone } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';

type Data = Readonly<Record<string, unknown>>;

/** What an event is about, as far as its content says. */
interface EventFacts {
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

const t = wordsOf<typeof en>('events');

/** The subject and the act in the type of an event, by kind: `rollcall.SUBJECT.ACT.v1`. */
const typeOf: Readonly<Record<EventKind, string>> = {
  attendance: 'attendance.recorded',
  gap: 'events.dropped',
  person: 'person.',
  watchlist: 'watchlist.seen',
  'recognised-refused': 'recognised.refused',
  'recognised-ambiguous': 'recognised.ambiguous',
  'recognised-unproven': 'recognised.unproven',
  attack: 'attack.suspected',
  unknown: 'unknown.seen',
  loitering: 'stranger.loitering',
  stranger: 'stranger.changed',
  mark: 'passage.marked',
  summary: 'attendance.summarised',
  identity: 'identity.changed',
  audit: 'audit.digest',
  gallery: 'gallery.changed',
  reply: 'command.answered',
  box: 'box.changed',
  camera: 'camera.changed',
};
export const kinds = Object.keys(typeOf) as readonly EventKind[];

/** True for an event whose content the box cannot read. */
export function isDamaged(event: ShownEvent): event is Extract<ShownEvent, { damaged: true }> {
  return 'damaged' in event && event['damaged'] === true;
}

/** The kind of an event; undefined for one that this console does not know. */
export function kindOf(event: ShownEvent): EventKind | undefined {
  if (isDamaged(event)) return kinds.find((kind) => kind === event.kind);
  return kinds.find((kind) => event.type.startsWith(`rollcall.${typeOf[kind]}`));
}

export const kindText = (kind: EventKind): string => t(`kind-${kind}`);

const tones: Partial<Record<EventKind, Tone>> = {
  attendance: 'ok',
  attack: 'bad',
  gap: 'bad',
  'recognised-refused': 'warn',
  'recognised-ambiguous': 'warn',
  'recognised-unproven': 'warn',
  watchlist: 'warn',
  loitering: 'warn',
};

export const toneOf = (kind: EventKind): Tone => tones[kind] ?? 'quiet';
