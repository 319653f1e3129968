import type { authOperations } from '../../contract/auth.js';
import type { Call, Handlers } from '../../contract/handlers.js';
import { allScopes } from '../../contract/scopes.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { type AccountsContext, changeAudited, entryOf } from './accounts-context.js';
import type { Claims } from './claims.js';
import { normalPassword, refuseWeakPassword, usedBefore } from './password-rules.js';
import { isSamePassword, loginRefused, type Proof, provedBy } from './proof.js';
import {
  authenticatorUri,
  newAuthenticatorSecret,
  openSecret,
  sealSecret,
  stepOfCode,
} from './second-factor.js';
import { hashOfRecoveryCode, newRecoveryCodes } from './secrets.js';
import { notAnAccount, type SessionLife } from './session-life.js';
import { showUser } from './show-user.js';
import type { UserRow } from './users-store.js';

/** Whether the caller can make links for phones or displays. Nobody else needs the addresses of this machine. */
const makesLinks = ({ scopes }: Call['caller']): boolean =>
  scopes.has('persons:write') || scopes.has('prompts:show');

const knowsPersons = ({ scopes }: Call['caller']): boolean =>
  scopes.has('persons:read') || scopes.has('persons:write');

interface Parts {
  readonly context: AccountsContext;
  readonly life: SessionLife;
  readonly proof: Proof;
  readonly claims: Claims;
}

/** Logins, and what users do with their own account. */
export function authHandlers({ context, life, proof, claims }: Parts): Handlers<typeof authOperations> {
  const { users, clock } = context;
  const own = (call: Call): UserRow => ownAccount(context, call);
  return {
    ...secondFactorHandlers(context, proof),
    'auth.claim': (input, call) => claims.redeem(input, call),
    async 'auth.login'(input, call) {
      const { user, factor } = await proof.login(input, call.caller);
      return life.start(user, input.kind, call, { factor });
    },
    async 'auth.login-with-passkey'(input, call) {
      const { user, factor } = await proof.passkeyLogin(input, call.caller);
      return life.start(user, input.kind, call, { factor });
    },
    'auth.refresh': ({ refreshToken }, call) => life.refresh(refreshToken, call),
    'auth.logout'(_, call) {
      const { sessionId, userId } = call.caller;
      call.setSessionCookie?.(undefined, 0);
      if (sessionId === undefined || userId === undefined) return { ended: 0 };
      return { ended: life.end(sessionId, call, userId) };
    },
    'auth.me'(_, { caller }) {
      const user = caller.userId === undefined ? undefined : users.byId(caller.userId);
      const savedFilters = user === undefined ? [] : context.savedFilters.ofUser(user.id);
      return {
        actor: caller.actor,
        scopes: allScopes.filter((scope) => caller.scopes.has(scope)),
        box: {
          ...{ site: context.ids.siteId, box: context.ids.boxId },
          ...{ ...context.about, origins: makesLinks(caller) ? context.about.origins() : [] },
          personFields: knowsPersons(caller) ? context.about.personFields() : [],
        },
        ...present({
          user: user && showUser(context, user),
          cameras: caller.cameras && [...caller.cameras],
          sessionId: caller.sessionId,
          savedFilters: savedFilters.length === 0 ? undefined : savedFilters,
          provedAt:
            caller.provedAtMs === 'always' || caller.provedAtMs === 0
              ? undefined
              : isoTime(caller.provedAtMs),
        }),
      };
    },
    async 'auth.step-up'(input, call) {
      const { sessionId } = call.caller;
      const { user, factor } = await proof.again(own(call), input, call.caller);
      if (sessionId === undefined) throw notAnAccount();
      const nowMs = clock.wallMs();
      changeAudited(context, () => {
        context.sessions.proved(sessionId, nowMs, provedBy(factor));
        return {
          result: undefined,
          entry: entryOf(call.caller, { action: 'session.proved', subject: user.id, details: { factor } }),
        };
      });
      return { provedAt: isoTime(nowMs) };
    },
    'auth.change-password': (input, call) => changePassword(context, proof, own(call), input, call),
    'auth.preferences'({ savedFilters, ...shown }, call) {
      const { id } = own(call);
      return changeAudited(context, () => {
        users.change(id, present(shown));
        if (savedFilters !== undefined) context.savedFilters.replaceOfUser(id, savedFilters);
        const entry = entryOf(call.caller, {
          action: 'user.changed',
          subject: id,
          details: { preferences: true },
        });
        return { result: showUser(context, own(call)), entry };
      });
    },
    'auth.sessions': (_, { caller }) =>
      caller.userId === undefined ? [] : life.list(caller.userId, caller.sessionId),
    'auth.end-session'({ id }, call) {
      const { userId } = call.caller;
      const row = context.sessions.byId(id);
      if (userId === undefined || row === undefined || row.userId !== userId) throw noSuchSession(id);
      return { ended: life.end(id, call, userId) };
    },
  };
}

async function changePassword(
  context: AccountsContext,
  proof: Proof,
  user: UserRow,
  { oldPassword, newPassword }: { readonly oldPassword: string; readonly newPassword: string },
  { caller }: Call,
): Promise<{ readonly ended: number }> {
  const { users, sessions, hasher, ids, clock } = context;
  const next = normalPassword(newPassword);
  await proof.oldPassword(user, oldPassword, caller);
  await refuseWeakPassword(next, { userName: user.userName, siteWords: [ids.siteId, ids.boxId] });
  for (const used of [user.password, user.formerPassword]) {
    if (used !== null && (await hasher.matches(next, used))) throw usedBefore();
  }
  const password = await hasher.hash(next);
  return changeAudited(context, () => {
    // An administrator may have reset the password meanwhile: the old one then counts no more.
    if (!isSamePassword(user, users.byId(user.id))) throw loginRefused();
    users.change(user.id, {
      password,
      formerPassword: user.password,
      mustChange: 0,
      passwordAtMs: clock.wallMs(),
    });
    const ended = sessions.endOfUser(user.id, caller.sessionId);
    const details = { sessionsEnded: ended };
    return {
      result: { ended },
      entry: entryOf(caller, { action: 'user.password-changed', subject: user.id, details }),
    };
  });
}

type SecondFactorOperation =
  | 'auth.begin-second-factor'
  | 'auth.confirm-second-factor'
  | 'auth.remove-second-factor'
  | 'auth.renew-recovery-codes';

function secondFactorHandlers(
  context: AccountsContext,
  proof: Proof,
): Pick<Handlers<typeof authOperations>, SecondFactorOperation> {
  const { users, keys, ids, clock } = context;
  const own = (call: Call): UserRow => ownAccount(context, call);
  return {
    'auth.begin-second-factor'(_, call) {
      const user = own(call);
      if (user.secondFactor !== null) throw secondFactorExists();
      refuseWithoutPresentFactor(context, user, call);
      const secret = newAuthenticatorSecret();
      const sealed = sealSecret(keys.sealing, user.id, secret);
      return changeAudited(context, () => {
        users.note(user.id, { newSecondFactor: sealed });
        return {
          result: { secret, uri: authenticatorUri(secret, user.userName, ids.siteId) },
          entry: entryOf(call.caller, { action: 'user.second-factor-begun', subject: user.id }),
        };
      });
    },
    async 'auth.confirm-second-factor'({ code }, call) {
      const user = own(call);
      const { id, secondFactor, newSecondFactor } = user;
      if (secondFactor !== null) throw secondFactorExists();
      refuseWithoutPresentFactor(context, user, call);
      const secret = newSecondFactor && openSecret(keys.sealing, id, newSecondFactor);
      if (!secret) throw noSecondFactor();
      const step = await proof.guarded(
        { what: 'session', name: call.caller.sessionId ?? '' },
        call.caller,
        async () => stepOfCode(secret, code, 0, clock.wallMs()),
      );
      if (step === undefined) throw codeRefused();
      const codes = newRecoveryCodes();
      return changeAudited(context, () => {
        // Another request may have confirmed or replaced the secret while this code was checked.
        const now = own(call);
        if (now.secondFactor !== null) throw secondFactorExists();
        if (!now.newSecondFactor || Buffer.compare(now.newSecondFactor, newSecondFactor) !== 0) {
          throw codeRefused();
        }
        users.change(id, { secondFactor: newSecondFactor, newSecondFactor: null, codeStep: step });
        putCodes(context, id, codes);
        return {
          result: { recoveryCodes: codes },
          entry: entryOf(call.caller, { action: 'user.second-factor-added', subject: id }),
        };
      });
    },
    'auth.remove-second-factor'(_, call) {
      const { id, secondFactor } = own(call);
      if (secondFactor === null) throw noSecondFactor();
      changeAudited(context, () => {
        removeAuthenticator(context, id);
        const entry = entryOf(call.caller, { action: 'user.second-factor-removed', subject: id });
        return { result: undefined, entry };
      });
      return showUser(context, own(call));
    },
    'auth.renew-recovery-codes'(_, call) {
      const { id, secondFactor } = own(call);
      if (secondFactor === null) throw noSecondFactor();
      const codes = newRecoveryCodes();
      return changeAudited(context, () => {
        putCodes(context, id, codes);
        const entry = entryOf(call.caller, { action: 'user.recovery-codes-renewed', subject: id });
        return { result: { recoveryCodes: codes }, entry };
      });
    },
  };
}

/** Call it in a transaction. */
function removeAuthenticator({ users }: Pick<AccountsContext, 'users'>, id: string): void {
  users.change(id, { secondFactor: null, newSecondFactor: null, codeStep: 0 });
  users.putRecoveryCodes(id, []);
}

/** Removes all that is more than the password: authenticator, recovery codes, passkeys. Call it in a transaction. */
export function removeSecondFactors(context: Pick<AccountsContext, 'users' | 'passkeys'>, id: string): void {
  removeAuthenticator(context, id);
  context.passkeys.removeOfUser(id);
}

function putCodes({ users }: AccountsContext, id: string, codes: readonly string[]): void {
  users.putRecoveryCodes(
    id,
    codes.flatMap((code) => hashOfRecoveryCode(id, code) ?? []),
  );
}

export function ownAccount({ users }: AccountsContext, { caller }: Call): UserRow {
  const user = caller.userId === undefined ? undefined : users.byId(caller.userId);
  if (user === undefined) throw notAnAccount();
  return user;
}

/**
 * An account that has a second factor gets another one only after a proof with the present one: otherwise the password of a
 * stolen session would be enough to replace it. @throws `present-factor-required`
 */
export function refuseWithoutPresentFactor(
  { passkeys, sessions }: Pick<AccountsContext, 'passkeys' | 'sessions'>,
  { id, secondFactor }: UserRow,
  { caller: { sessionId = '' } }: Call,
): void {
  if (secondFactor === null && passkeys.ofUser(id).length === 0) return;
  if (sessions.byId(sessionId)?.provedBy === 'second-factor') return;
  throw refusal('present-factor-required');
}

export function noSuchSession(id: string) {
  return refusal('no-such-session', {}, { details: { id } });
}

function secondFactorExists() {
  return refusal('second-factor-exists');
}

function noSecondFactor() {
  return refusal('no-second-factor');
}

function codeRefused() {
  return refusal('code-refused');
}
