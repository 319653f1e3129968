import { can } from '../api/session.js';
import { useFetched } from '../api/use-fetched.js';

/** The cameras of the box, for choices, and their names. */
export interface Cameras {
  readonly all: readonly { readonly id: string; readonly name: string }[];
  /** The name of a camera; its id where the caller may not read names, and for one that is no longer there. */
  readonly nameOf: (id: string) => string;
}

export function useCameras(): Cameras {
  const { value: all = [] } = useFetched('cameras.list', {}, { isWanted: can('cameras:read') });
  const names = new Map(all.map(({ id, name }) => [id, name]));
  return { all, nameOf: (id) => names.get(id) ?? id };
}
