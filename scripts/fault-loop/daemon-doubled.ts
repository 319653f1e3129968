import type { EventMessage } from '../../daemon/contract/events/event-schema.js';
import type { EventViolation } from './event-verdict.js';

/**
 * Facts that came under two ids: two events of one kind for one track; the same change of a person or a camera twice
 * without another change between; two events with the same kind, time and data.
 */
export function findDoubled(events: readonly EventMessage[]): readonly EventViolation[] {
  const found: EventViolation[] = [];
  const idByText = new Map<string, string>();
  const lastChanges = new Map<string, { readonly change: string; readonly id: string }>();
  for (const event of events) {
    const { id, type, time } = event;
    const text =
      'track' in event.data ? `${type} ${event.data.track}` : `${type} ${time} ${JSON.stringify(event.data)}`;
    const other = idByText.get(text);
    if (other !== undefined) found.push({ kind: 'doubled', what: `${text} came as ${other} and ${id}` });
    idByText.set(text, id);
    const changed = changeOf(event);
    if (changed === undefined) continue;
    const { of, change } = changed;
    const last = lastChanges.get(of);
    if (last?.change === change)
      found.push({ kind: 'doubled', what: `${of}: ${change} came as ${last.id} and ${id}` });
    lastChanges.set(of, { change, id });
  }
  return found;
}

/** The subject and the change of an event that must not repeat without another change between. */
function changeOf(event: EventMessage): { readonly of: string; readonly change: string } | undefined {
  switch (event.type) {
    case 'rollcall.person.enrolled.v1':
    case 'rollcall.person.removed.v1':
    case 'rollcall.person.restored.v1':
    case 'rollcall.person.erased.v1':
      return { of: `person ${event.data.person}`, change: event.type };
    case 'rollcall.camera.changed.v1': {
      const { camera, state, code } = event.data;
      return { of: `camera ${camera}`, change: `${state} ${code}` };
    }
    default:
      return undefined;
  }
}
