import type { Call, Handlers } from '../../contract/handlers.js';
import type { Passkey, passkeyOperations } from '../../contract/passkeys.js';
import { networkOf } from '../../host/network-of.js';
import { opaqueText } from '../../host/opaque-text.js';
import type { RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { type AccountsContext, changeAudited, entryOf } from './accounts-context.js';
import { ownAccount, refuseWithoutPresentFactor } from './auth-handlers.js';
import { checkNewPasskey, creationOptionsFor, requestOptionsFor } from './passkeys.js';
import type { PasskeyRow } from './passkeys-store.js';

/** Passkeys of one account. */
export const mostPasskeys = 10;

/** Users add, list and remove their passkeys, and begin to use one. */
export function passkeyHandlers(context: AccountsContext): Handlers<typeof passkeyOperations> {
  const { passkeys, sessions, attempts } = context;
  return {
    'auth.begin-passkey'(_, call) {
      const party = context.relyingParty();
      const user = ownAccount(context, call);
      refuseWithoutPresentFactor(context, user, call);
      const known = passkeys.ofUser(user.id);
      if (known.length >= mostPasskeys) throw tooMany();
      const { sessionId } = call.caller;
      const { attempt, challenge } = attempts.begin({ purpose: 'registration', sessionId });
      context.audit.append(entryOf(call.caller, { action: 'user.passkey-begun', subject: user.id }));
      const options = creationOptionsFor(user, party, { challenge, known, site: context.ids.siteId });
      return { attempt, options };
    },
    'auth.add-passkey': (input, call) => addPasskey(context, input, call),
    'auth.passkeys': (_, call) => passkeys.ofUser(ownAccount(context, call).id).map(showPasskey),
    'auth.remove-passkey'({ id }, call) {
      const user = ownAccount(context, call);
      return changeAudited(context, () => {
        if (passkeys.remove(user.id, id) === 0) throw noSuchPasskey(id);
        // Who used the passkey last may be a thief.
        const ended = sessions.endOfUser(user.id, call.caller.sessionId);
        const details = { passkey: id, sessionsEnded: ended };
        return {
          result: { ended },
          entry: entryOf(call.caller, { action: 'user.passkey-removed', subject: user.id, details }),
        };
      });
    },
    'auth.begin-passkey-proof'(_, call) {
      const party = context.relyingParty();
      const known = passkeys.ofUser(ownAccount(context, call).id);
      if (known.length === 0) throw noSuchPasskey();
      const { attempt, challenge } = attempts.begin({ purpose: 'step-up', sessionId: call.caller.sessionId });
      return { attempt, options: requestOptionsFor(party, challenge, known) };
    },
    'auth.begin-passkey-login'(_, { caller }) {
      const party = context.relyingParty();
      const network = networkOf(caller.address ?? '');
      const { attempt, challenge } = attempts.begin({ purpose: 'login', network });
      // No passkey is named: the answer must not tell which accounts have some.
      return { attempt, options: requestOptionsFor(party, challenge, []) };
    },
  };
}

async function addPasskey(
  context: AccountsContext,
  { attempt, name, credential }: Parameters<Handlers<typeof passkeyOperations>['auth.add-passkey']>[0],
  call: Call,
): Promise<Passkey> {
  const { passkeys, attempts, clock } = context;
  const party = context.relyingParty();
  const { caller } = call;
  const { id: userId } = ownAccount(context, call);
  const challenge = attempts.take(attempt, { purpose: 'registration', sessionId: caller.sessionId });
  const made = await checkNewPasskey(credential, challenge, party);
  const row: PasskeyRow = {
    ...{ id: `p-${opaqueText()}`, userId, name, ...made },
    ...{ createdAtMs: clock.wallMs(), lastUsedAtMs: null },
  };
  return changeAudited(context, () => {
    refuseWithoutPresentFactor(context, ownAccount(context, call), call);
    if (passkeys.byCredential(row.credentialId) !== undefined) throw passkeyExists();
    if (passkeys.ofUser(userId).length >= mostPasskeys) throw tooMany();
    passkeys.insert(row);
    const details = { passkey: row.id };
    return {
      result: showPasskey(row),
      entry: entryOf(caller, { action: 'user.passkey-added', subject: userId, details }),
    };
  });
}

function showPasskey({ id, name, createdAtMs, lastUsedAtMs }: PasskeyRow): Passkey {
  return {
    ...{ id, name, createdAt: isoTime(createdAtMs) },
    ...present({ lastUsedAt: lastUsedAtMs === null ? undefined : isoTime(lastUsedAtMs) }),
  };
}

/** @throws where the configuration names no host for passkeys */
export function passkeysNotOffered(): RollcallError {
  return refusal('passkeys-not-offered');
}

function noSuchPasskey(id?: string): RollcallError {
  return refusal('no-such-passkey', {}, { details: { ...present({ id }) } });
}

function passkeyExists(): RollcallError {
  return refusal('passkey-exists');
}

function tooMany(): RollcallError {
  return refusal('too-many-passkeys', { most: mostPasskeys });
}
