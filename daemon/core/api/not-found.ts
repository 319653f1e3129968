import { badInput, type RollcallError } from '../../kernel/errors.js';

/** An error for an unknown id. `list` is the command that shows the known ids. */
export function notFound(what: string, id: string, list: string): RollcallError {
  return badInput(`no-such-${what}`, `there is no ${what} with id '${id}'`, {
    remedy: `Run '${list}' to see the ids.`,
  });
}
