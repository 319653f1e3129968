import type { Scope } from '../../contract/scopes.js';

/** What the console does with these concerns all cameras: the box refuses it to an account that is limited to some. */
const scopesOfAllCameras: ReadonlySet<Scope> = new Set<Scope>([
  'attendance:read',
  'persons:export',
  'strangers:write',
]);

interface Account {
  readonly scopes: readonly Scope[];
  /** Absent: all cameras. */
  readonly cameras?: readonly string[];
}

/** The scopes of an account that are of use to it in the console. */
export const offeredScopes = ({ scopes, cameras }: Account): ReadonlySet<Scope> =>
  new Set(cameras === undefined ? scopes : scopes.filter((scope) => !scopesOfAllCameras.has(scope)));
