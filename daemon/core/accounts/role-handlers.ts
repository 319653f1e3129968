import type { ApiKey, apiKeyOperations } from '../../contract/api-keys.js';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { Role, roleOperations } from '../../contract/roles.js';
import { allScopes, builtInRoles, type Scope } from '../../contract/scopes.js';
import { opaqueText } from '../../host/opaque-text.js';
import type { RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { type AccountsContext, changeAudited, covers, entryOf, refuseStronger } from './accounts-context.js';
import { newSecret } from './secrets.js';
import type { ApiKeyRow } from './sessions-store.js';
import { requireRole, requireUser } from './user-handlers.js';
import { builtInRole, type RoleRow, readCameras, readScopes } from './users-store.js';

export const mostRoles = 50;
export const mostApiKeys = 100;
const dayMs = 86_400_000;

/** Roles of this box. */
export function roleHandlers(context: AccountsContext): Handlers<typeof roleOperations> {
  const { users, sessions } = context;
  const show = (role: RoleRow): Role => ({
    ...role,
    userCount: users.count({ role: role.name, search: null }),
  });
  return {
    'roles.list': () =>
      [...Object.keys(builtInRoles).flatMap((name) => builtInRole(name) ?? []), ...users.ownRoles()].map(
        show,
      ),
    'roles.get': ({ name }) => show(requireRole(context, name)),
    'roles.create'({ name, description, scopes }, { caller }) {
      refuseBeyond(caller, scopes);
      return changeAudited(context, () => {
        if (users.role(name) !== undefined) throw roleNameTaken(name);
        if (users.ownRoles().length >= mostRoles) throw tooMany('roles', mostRoles);
        users.insertRole(name, description, inOrder(scopes));
        const details = { scopes: scopes.length };
        return {
          result: show(requireRole(context, name)),
          entry: entryOf(caller, { action: 'role.created', subject: name, details }),
        };
      });
    },
    'roles.change'({ name, description, scopes, ifRevision }, { caller }) {
      const role = ownRole(context, name);
      if (ifRevision !== undefined && ifRevision !== role.revision) throw changedMeanwhile(role.revision);
      refuseBeyond(caller, [...role.scopes, ...(scopes ?? [])]);
      const next = inOrder(scopes ?? role.scopes);
      const isOther = next.join() !== inOrder(role.scopes).join();
      const holders = isOther ? users.idsWithRole(name) : [];
      // A user of the role may have cameras that the caller lacks.
      for (const id of holders) refuseStronger(context, caller, requireUser(context, id));
      return changeAudited(context, () => {
        users.changeRole(name, description ?? role.description, next);
        const grantedAtMs = context.clock.wallMs();
        for (const id of holders) users.change(id, { grantedAtMs });
        const ended = holders.reduce((sum, id) => sum + sessions.endOfUser(id), 0);
        const details = { scopes: next.length, sessionsEnded: ended };
        return {
          result: show(requireRole(context, name)),
          entry: entryOf(caller, { action: 'role.changed', subject: name, details }),
        };
      });
    },
    'roles.remove'({ name }, { caller }) {
      const role = ownRole(context, name);
      refuseBeyond(caller, role.scopes);
      return changeAudited(context, () => {
        if (users.idsWithRole(name).length > 0) throw roleInUse(name);
        users.removeRole(name);
        return { result: { name }, entry: entryOf(caller, { action: 'role.removed', subject: name }) };
      });
    },
  };
}

/** API keys of programs. */
export function apiKeyHandlers(context: AccountsContext): Handlers<typeof apiKeyOperations> {
  const { sessions, clock } = context;
  return {
    'api-keys.list': () => sessions.apiKeys().map(showApiKey),
    'api-keys.create'({ label, scopes, cameras, expiresInDays }, { caller }) {
      if (!covers(caller, scopes, cameras)) throw refusal('beyond-own-scopes:new-key');
      const { text, hash } = newSecret('api-key');
      const nowMs = clock.wallMs();
      const row: ApiKeyRow = {
        ...{ id: `k-${opaqueText()}`, hash, label, createdBy: caller.actor, createdAtMs: nowMs },
        scopes: JSON.stringify(inOrder(scopes)),
        cameras: cameras === undefined ? null : JSON.stringify([...new Set(cameras)].sort()),
        expiresAtMs: nowMs + expiresInDays * dayMs,
        lastUsedAtMs: null,
      };
      return changeAudited(context, () => {
        if (sessions.apiKeys().length >= mostApiKeys) throw tooMany('api-keys', mostApiKeys);
        sessions.insertApiKey(row);
        const details = { scopes: scopes.length, days: expiresInDays };
        return {
          result: { apiKey: showApiKey(row), secret: text },
          entry: entryOf(caller, { action: 'access.key-created', subject: row.id, details }),
        };
      });
    },
    'api-keys.revoke'({ id }, { caller }) {
      const row = sessions.apiKeyById(id);
      if (row === undefined) throw noSuchApiKey(id);
      if (!covers(caller, readScopes(row.scopes), readCameras(row.cameras))) {
        throw refusal('beyond-own-scopes:key');
      }
      return changeAudited(context, () => {
        sessions.removeApiKey(id);
        context.onActorRemoved(`api-key:${id}`);
        return { result: { id }, entry: entryOf(caller, { action: 'access.key-revoked', subject: id }) };
      });
    },
  };
}

function showApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    label: row.label,
    scopes: readScopes(row.scopes),
    createdBy: row.createdBy,
    createdAt: isoTime(row.createdAtMs),
    expiresAt: isoTime(row.expiresAtMs),
    ...present({
      cameras: readCameras(row.cameras),
      lastUsedAt: row.lastUsedAtMs === null ? undefined : isoTime(row.lastUsedAtMs),
    }),
  };
}

/** Each scope once, in the order of the reference. */
function inOrder(scopes: readonly Scope[]): readonly Scope[] {
  return allScopes.filter((scope) => scopes.includes(scope));
}

function ownRole(context: AccountsContext, name: string): RoleRow {
  const role = requireRole(context, name);
  if (!role.isBuiltIn) return role;
  throw refusal('built-in-role', { name }, { details: { name } });
}

function refuseBeyond(caller: Caller, scopes: readonly Scope[]): void {
  const missing = scopes.find((scope) => !caller.scopes.has(scope));
  if (missing !== undefined) throw refusal('beyond-own-scopes:role', { scope: missing });
}

function roleNameTaken(name: string): RollcallError {
  return refusal('name-taken:role', { name }, { details: { name } });
}

function roleInUse(name: string): RollcallError {
  return refusal('role-in-use', { name }, { details: { name } });
}

function noSuchApiKey(id: string): RollcallError {
  return refusal('no-such-api-key', {}, { details: { id } });
}

function changedMeanwhile(revision: number): RollcallError {
  return refusal('changed-meanwhile:role', {}, { details: { revision } });
}

function tooMany(what: 'roles' | 'api-keys', most: number): RollcallError {
  return refusal(`too-many-${what}`, { most });
}
