import { badInput, type RollcallError } from '../base/errors.js';

/** Somebody asked for a thing that there is not; `list` is the command that shows which there are. */
export function noSuch(what: string, id: string, list: string): RollcallError {
  return badInput(`no-such-${what}`, `there is no ${what} with id '${id}'`, {
    remedy: `run '${list}' for the ids`,
  });
}
