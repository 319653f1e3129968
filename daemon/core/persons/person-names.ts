import { isRollcallError } from '../../kernel/errors.js';
import { personId } from '../../kernel/ids.js';
import type { Gallery } from '../gallery/gallery.js';

/**
 * Looks up the name of a person while an event is sent; the event log keeps no names. Undefined while the gallery is sealed,
 * for an erased person and for a damaged profile: an event never waits for a name.
 */
export function personNames(
  open: () => Pick<Gallery, 'showPerson'> | undefined,
): (id: string) => string | undefined {
  return (id) => {
    try {
      return open()?.showPerson(personId(id))?.profile?.name;
    } catch (error) {
      if (isRollcallError(error) && error.kind === 'operational') return undefined;
      throw error;
    }
  };
}
