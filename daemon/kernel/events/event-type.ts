import type { BoxEvent, EventKind } from './event.js';

/** Returns its argument; does not compile if a kind is missing. */
function everyKind<const Kinds extends readonly EventKind[]>(
  kinds: [EventKind] extends [Kinds[number]] ? Kinds : never,
): Kinds {
  return kinds;
}

/**
 * All kinds of event, the most important first. When the outbox must give up events, it starts with the last kind.
 */
export const eventKinds = everyKind([
  'attendance',
  'gap',
  'person',
  'watchlist',
  'recognised-refused',
  'recognised-ambiguous',
  'recognised-unproven',
  'attack',
  'unknown',
  'loitering',
  'stranger',
  'mark',
  'summary',
  'identity',
  'audit',
  'gallery',
  'reply',
  'box',
  'camera',
]);

/**
 * The CloudEvents `type`. The number after `v` grows when a field is removed or changes its meaning, not when fields are added.
 */
export function eventType(event: BoxEvent): string {
  switch (event.kind) {
    case 'attendance':
      return 'rollcall.attendance.recorded.v1';
    case 'recognised-unproven':
      return 'rollcall.recognised.unproven.v1';
    case 'recognised-refused':
      return 'rollcall.recognised.refused.v1';
    case 'watchlist':
      return 'rollcall.watchlist.seen.v1';
    case 'recognised-ambiguous':
      return 'rollcall.recognised.ambiguous.v1';
    case 'unknown':
      return 'rollcall.unknown.seen.v1';
    case 'attack':
      return 'rollcall.attack.suspected.v1';
    case 'person':
      return `rollcall.person.${event.change}.v1`;
    case 'loitering':
      return 'rollcall.stranger.loitering.v1';
    case 'stranger':
      return 'rollcall.stranger.changed.v1';
    case 'mark':
      return 'rollcall.passage.marked.v1';
    case 'camera':
      return 'rollcall.camera.changed.v1';
    case 'gallery':
      return 'rollcall.gallery.changed.v1';
    case 'box':
      return 'rollcall.box.changed.v1';
    case 'audit':
      return 'rollcall.audit.digest.v1';
    case 'summary':
      return 'rollcall.attendance.summarised.v1';
    case 'gap':
      return 'rollcall.events.dropped.v1';
    case 'identity':
      return 'rollcall.identity.changed.v1';
    case 'reply':
      return 'rollcall.command.answered.v1';
  }
}
