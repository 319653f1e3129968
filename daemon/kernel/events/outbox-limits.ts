import type { EventKind } from './event.js';

/** Groups of event kinds with a common limit in the outbox, the most important first. */
const outboxGroups = ['attendance', 'persons', 'attacks', 'unknown', 'box', 'replies', 'cameras'] as const;

type OutboxGroup = (typeof outboxGroups)[number];

const groupOfKind: Readonly<Record<EventKind, OutboxGroup>> = {
  attendance: 'attendance',
  'recognised-ambiguous': 'attendance',
  'recognised-unproven': 'attendance',
  'recognised-refused': 'attendance',
  watchlist: 'attendance',
  person: 'persons',
  summary: 'persons',
  attack: 'attacks',
  unknown: 'unknown',
  loitering: 'unknown',
  stranger: 'persons',
  mark: 'persons',
  gap: 'box',
  identity: 'box',
  audit: 'box',
  gallery: 'box',
  box: 'box',
  reply: 'replies',
  camera: 'cameras',
};

/** The limit for waiting events. It applies to each kind of a group separately. */
export interface KindLimit {
  readonly events: number;
  readonly days: number;
}

/** The limits of the configuration. */
export type OutboxRules = Readonly<Record<OutboxGroup, KindLimit>> & {
  /** Limit for the recorded size of all waiting events together. */
  readonly totalMiB: number;
};

export function limitOf(kind: EventKind, rules: OutboxRules): KindLimit {
  return rules[groupOfKind[kind]];
}
