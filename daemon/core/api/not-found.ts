import { badInput, type RollcallError } from '../../kernel/errors.js';

/**
 * An error for an unknown id. `list` is the command that shows the known ids. `noun` is what people call it, where that
 * differs from the stable code.
 */
export function notFound(what: string, id: string, list: string, noun = what): RollcallError {
  return badInput(`no-such-${what}`, `there is no ${noun} with id '${id}'`, {
    remedy: `Run '${list}' to see the ids.`,
  });
}
