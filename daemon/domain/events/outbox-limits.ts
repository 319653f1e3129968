import type { EventKind } from './event.js';

/** Kinds of event that share a limit of the outbox, most worth first. */
export const outboxGroups = [
  'attendance',
  'persons',
  'attacks',
  'unknown',
  'box',
  'replies',
  'cameras',
] as const;

export type OutboxGroup = (typeof outboxGroups)[number];

const groupOfKind: Readonly<Record<EventKind, OutboxGroup>> = {
  attendance: 'attendance',
  'recognised-ambiguous': 'attendance',
  'recognised-unproven': 'attendance',
  person: 'persons',
  summary: 'persons',
  attack: 'attacks',
  unknown: 'unknown',
  gap: 'box',
  identity: 'box',
  audit: 'box',
  gallery: 'box',
  box: 'box',
  reply: 'replies',
  camera: 'cameras',
};

/** How much of each kind may wait. Each kind of a group has the limit for itself. */
export interface KindLimit {
  readonly events: number;
  readonly days: number;
}

/** As the configuration says it. */
export type OutboxRules = Readonly<Record<OutboxGroup, KindLimit>> & {
  /** Of all events that wait together, as they are recorded. */
  readonly totalMiB: number;
};

/** What may wait of one kind. */
export function limitOf(kind: EventKind, rules: OutboxRules): KindLimit {
  return rules[groupOfKind[kind]];
}
