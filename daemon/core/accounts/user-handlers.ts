import type { Caller } from '../../contract/caller.js';
import type { Call, Handlers } from '../../contract/handlers.js';
import type { User, userOperations } from '../../contract/users.js';
import { opaqueText } from '../../host/opaque-text.js';
import type { RollcallError } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { type AccountsContext, changeAudited, covers, entryOf, refuseStronger } from './accounts-context.js';
import { noSuchSession, removeSecondFactors } from './auth-handlers.js';
import { type Claims, nameTaken, newUserRow } from './claims.js';
import { normalPassword, refuseWeakPassword } from './password-rules.js';
import { newInitialPassword } from './secrets.js';
import type { SessionLife } from './session-life.js';
import { showUser } from './show-user.js';
import { adminRole, type RoleRow, readCameras, type UserRow } from './users-store.js';

export const mostUsers = 1000;

interface Parts {
  readonly context: AccountsContext;
  readonly life: SessionLife;
  readonly claims: Claims;
}

type UserHandlers = Handlers<typeof userOperations>;

/** What administrators of users do with accounts. Nothing gives a scope that the caller does not have. */
export function userHandlers({ context, life, claims }: Parts): UserHandlers {
  const { users, sessions } = context;
  return {
    'users.claim': (input, call) => claims.make(input, call),
    'users.list'({ limit, cursor, role, search }) {
      const filter = { role: role ?? null, search: search ?? null };
      const rows = users.list({ limit: limit + 1, after: cursor ?? '', ...filter });
      const items = rows.slice(0, limit);
      const nextCursor = rows.length > limit ? items.at(-1)?.userName : undefined;
      return { items: items.map((row) => showUser(context, row)), nextCursor, total: users.count(filter) };
    },
    'users.get': ({ id }) => showUser(context, requireUser(context, id)),
    'users.create': (input, call) => createUser(context, input, call),
    'users.change': (input, call) => changeUser(context, input, call),
    'users.remove'({ id }, { caller }) {
      const user = changeable(context, id, caller);
      return changeAudited(context, () => {
        refuseLastAdmin(context, user);
        sessions.endOfUser(id);
        context.passkeys.removeOfUser(id);
        context.approvals.removeOfUser(id);
        context.onActorRemoved(`user:${id}`);
        context.savedFilters.removeOfUser(id);
        const apiKeys = sessions.removeApiKeysOf(`user:${id}`);
        for (const key of apiKeys) context.onActorRemoved(`api-key:${key}`);
        users.remove(id);
        return {
          result: { id },
          entry: entryOf(caller, {
            action: 'user.removed',
            subject: id,
            details: { apiKeys: apiKeys.length },
          }),
        };
      });
    },
    'users.reset-password': ({ id }, call) => resetPassword(context, id, call),
    'users.unlock'({ id }, { caller }) {
      const user = changeable(context, id, caller);
      context.audit.append(entryOf(caller, { action: 'user.unlocked', subject: id }));
      context.throttle.forget(user.userName);
      return showUser(context, user);
    },
    'users.remove-second-factor'({ id }, { caller }) {
      changeable(context, id, caller);
      return changeAudited(context, () => {
        removeSecondFactors(context, id);
        context.users.change(id, { grantedAtMs: context.clock.wallMs() });
        const details = { sessionsEnded: sessions.endOfUser(id) };
        return {
          result: showUser(context, requireUser(context, id)),
          entry: entryOf(caller, { action: 'user.second-factor-removed', subject: id, details }),
        };
      });
    },
    'users.sessions'({ id }, { caller }) {
      requireUser(context, id);
      return life.list(id, caller.sessionId);
    },
    'users.end-sessions'({ id, sessionId }, call) {
      changeable(context, id, call.caller);
      if (sessionId !== undefined) {
        if (sessions.byId(sessionId)?.userId !== id) throw noSuchSession(sessionId);
        return { ended: life.end(sessionId, call, id) };
      }
      return changeAudited(context, () => {
        const ended = sessions.endOfUser(id);
        return {
          result: { ended },
          entry: entryOf(call.caller, { action: 'session.ended', subject: id, details: { ended } }),
        };
      });
    },
  };
}

async function createUser(
  context: AccountsContext,
  input: Parameters<UserHandlers['users.create']>[0],
  { caller }: Call,
): Promise<{ readonly user: User; readonly initialPassword?: string }> {
  const { users, hasher, ids, clock } = context;
  const userName = input.userName.toLowerCase();
  const check = (): void => {
    refuseBeyond(caller, requireRole(context, input.role), input.cameras);
    if (users.byName(userName) !== undefined) throw nameTaken(userName);
    if (users.count({ role: null, search: null }) >= mostUsers) throw tooManyUsers();
  };
  check();
  const made = input.password === undefined ? newInitialPassword() : undefined;
  const password = normalPassword(made ?? input.password ?? '');
  await refuseWeakPassword(password, { userName, siteWords: [ids.siteId, ids.boxId] });
  const hash = await hasher.hash(password);
  const id = `u-${opaqueText()}`;
  return changeAudited(context, () => {
    // Roles and names may have changed while the password was hashed.
    check();
    users.insert({
      ...newUserRow({ id, userName, password: hash, role: input.role }, clock.wallMs()),
      displayName: input.displayName?.trim() ?? '',
      cameras: storedCameras(input.cameras),
      language: input.language ?? 'en',
      mustChange: 1,
    });
    const user = showUser(context, requireUser(context, id));
    return {
      result: { user, ...present({ initialPassword: made }) },
      entry: entryOf(caller, { action: 'user.created', subject: id, details: { role: input.role } }),
    };
  });
}

function changeUser(
  context: AccountsContext,
  input: Parameters<UserHandlers['users.change']>[0],
  { caller }: Call,
): User {
  const { users, sessions } = context;
  const { id } = input;
  const user = changeable(context, id, caller);
  if (input.ifRevision !== undefined && input.ifRevision !== user.revision) throw changedMeanwhile(user);
  const cameras = input.cameras === undefined ? readCameras(user.cameras) : (input.cameras ?? undefined);
  const role = requireRole(context, input.role ?? user.role);
  refuseBeyond(caller, role, cameras);
  return changeAudited(context, () => {
    const losesAdmin = role.name !== adminRole || input.isDisabled === true || cameras !== undefined;
    if (losesAdmin) refuseLastAdmin(context, user);
    users.change(id, {
      role: role.name,
      cameras: storedCameras(cameras),
      ...present({
        displayName: input.displayName?.trim(),
        isDisabled: input.isDisabled === undefined ? undefined : Number(input.isDisabled),
        mustChange: input.mustChangePassword === true ? 1 : undefined,
      }),
    });
    const changed = requireUser(context, id);
    const isOther = (['role', 'cameras', 'isDisabled'] as const).some((name) => changed[name] !== user[name]);
    if (isOther) users.change(id, { grantedAtMs: context.clock.wallMs() });
    const now = requireUser(context, id);
    const details = {
      role: role.name,
      isDisabled: now.isDisabled === 1,
      sessionsEnded: isOther ? sessions.endOfUser(id) : 0,
    };
    return {
      result: showUser(context, now),
      entry: entryOf(caller, { action: 'user.changed', subject: id, details }),
    };
  });
}

async function resetPassword(
  context: AccountsContext,
  id: string,
  { caller }: Call,
): Promise<{ readonly user: User; readonly initialPassword: string }> {
  const { users, sessions, hasher, throttle, clock } = context;
  changeable(context, id, caller);
  const initialPassword = newInitialPassword();
  const password = await hasher.hash(initialPassword);
  const user = changeAudited(context, () => {
    const before = changeable(context, id, caller);
    users.change(id, {
      password,
      formerPassword: before.password,
      mustChange: 1,
      passwordAtMs: clock.wallMs(),
      grantedAtMs: clock.wallMs(),
    });
    const details = { sessionsEnded: sessions.endOfUser(id) };
    return {
      result: before,
      entry: entryOf(caller, { action: 'user.password-reset', subject: id, details }),
    };
  });
  throttle.forget(user.userName);
  return { user: showUser(context, requireUser(context, id)), initialPassword };
}

export function requireUser({ users }: Pick<AccountsContext, 'users'>, id: string): UserRow {
  const user = users.byId(id);
  if (user !== undefined) return user;
  throw refusal('no-such-user', {}, { details: { id } });
}

/** The account, if the caller may change it. @throws `no-such-user`, `beyond-own-scopes` */
function changeable(context: AccountsContext, id: string, caller: Caller): UserRow {
  const user = requireUser(context, id);
  refuseStronger(context, caller, user);
  return user;
}

export function requireRole({ users }: Pick<AccountsContext, 'users'>, name: string): RoleRow {
  const role = users.role(name);
  if (role !== undefined) return role;
  throw refusal('no-such-role', { name }, { details: { name } });
}

function refuseBeyond(caller: Caller, role: RoleRow, cameras: readonly string[] | undefined): void {
  if (covers(caller, role.scopes, cameras)) return;
  throw refusal('beyond-own-scopes:role-for-cameras', { name: role.name });
}

/** @throws `last-admin` if the box would have no active administrator of all cameras without this account */
function refuseLastAdmin({ users }: AccountsContext, user: UserRow): void {
  const isWhole = user.role === adminRole && user.isDisabled === 0 && user.cameras === null;
  if (!isWhole || users.activeAdmins() > 1) return;
  throw refusal('last-admin');
}

function storedCameras(cameras: readonly string[] | undefined): string | null {
  return cameras === undefined ? null : JSON.stringify([...new Set(cameras)].sort());
}

function changedMeanwhile({ revision }: UserRow): RollcallError {
  return refusal('changed-meanwhile:account', {}, { details: { revision } });
}

function tooManyUsers(): RollcallError {
  return refusal('too-many-users', { mostUsers });
}
