import type { RollcallError } from '../../base/errors.js';
import type { Sealed } from '../../gallery/open-gallery.js';

/** Why the gallery is sealed while nothing is wrong. */
export const unlocking: Sealed = {
  outcome: 'sealed',
  code: 'unlocking',
  message: 'it is being opened',
  remedy: 'Try again in a moment.',
};

/** What keeps the gallery from being opened is the reason for it to stay sealed. */
export function sealedBy({ code, message, remedy = '' }: RollcallError): Sealed {
  return { outcome: 'sealed', code, message, remedy };
}
