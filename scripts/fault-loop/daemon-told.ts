import type { EventMessage } from '../../daemon/publish/contract/event-schema.js';
import type { EventViolation } from './event-verdict.js';

/**
 * What was told under two ids: a track twice in one kind; of a person or a camera the same change twice without another one
 * between; and anything whose kind, time and data are those of another event.
 */
export function toldTwice(events: readonly EventMessage[]): readonly EventViolation[] {
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

/** What an event says has changed, and to what, where that can only be told again after something else. */
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
