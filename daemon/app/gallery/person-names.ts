import { isRollcallError } from '../../base/errors.js';
import { personId } from '../../domain/ids.js';
import type { Gallery } from '../../gallery/gallery.js';

/**
 * Names of enrolled persons for what is just being sent; they are kept nowhere. Undefined while the gallery is sealed, for
 * somebody who was erased, and where the profile does not open: an event must not wait for a name.
 */
export function personNames(open: () => Gallery | undefined): (id: string) => string | undefined {
  return (id) => {
    try {
      return open()?.showPerson(personId(id))?.profile?.name;
    } catch (error) {
      if (isRollcallError(error) && error.kind === 'operational') return undefined;
      throw error;
    }
  };
}
