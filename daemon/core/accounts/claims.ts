import type { Call } from '../../contract/handlers.js';
import type { User } from '../../contract/users.js';
import { networkOf } from '../../host/network-of.js';
import { opaqueText } from '../../host/opaque-text.js';
import { areEqual } from '../../host/sodium.js';
import type { RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { refusal } from '../../words/errors.js';
import { type AccountsContext, changeAudited, entryOf, isPossible } from './accounts-context.js';
import { normalPassword, refuseWeakPassword } from './password-rules.js';
import type { Proof } from './proof.js';
import { hashOfSecret, newSecret } from './secrets.js';
import { showUser } from './show-user.js';
import { adminRole, type UserRow } from './users-store.js';

export const claimMs = 60 * 60_000;

/** The one-time secret with which the first administrator is created. */
export class Claims {
  readonly #context: AccountsContext;
  readonly #proof: Proof;

  constructor(context: AccountsContext, proof: Proof) {
    this.#context = context;
    this.#proof = proof;
  }

  /** Makes a secret; the one before is void. @throws `already-claimed`, `only-at-the-box` */
  make(
    { isReset }: { readonly isReset: boolean },
    { caller }: Call,
  ): { readonly secret: string; readonly expiresAt: string } {
    const { users, sessions, clock } = this.#context;
    if (caller.isLimited) throw onlyAtTheBox();
    if (!isReset && users.activeAdmins() > 0) throw alreadyClaimed();
    const { text, hash } = newSecret('claim');
    const expiresAtMs = clock.wallMs() + claimMs;
    return changeAudited(this.#context, () => {
      sessions.putClaim(hash, isReset, expiresAtMs);
      return {
        result: { secret: text, expiresAt: isoTime(expiresAtMs) },
        entry: entryOf(caller, { action: 'user.claim-made', details: { isReset } }),
      };
    });
  }

  /** Creates the administrator. @throws `claim-refused`, `name-taken`, `password-refused`, `login-slowed`, `busy` */
  async redeem(
    given: {
      readonly secret: string;
      readonly userName: string;
      readonly displayName: string;
      readonly password: string;
    },
    { caller }: Call,
  ): Promise<User> {
    const { users, sessions, hasher, audit, clock, ids } = this.#context;
    // By address, so that one caller cannot lock the claim for others.
    const tried = { what: 'claim', name: networkOf(caller.address ?? '') } as const;
    const isRight = await this.#proof.guarded(tried, caller, async () =>
      this.#isValid(given.secret) ? true : undefined,
    );
    if (isRight !== true) {
      audit.append(entryOf(caller, { action: 'user.claim-refused' }));
      throw claimRefused();
    }
    const userName = given.userName.toLowerCase();
    const password = normalPassword(given.password);
    await refuseWeakPassword(password, { userName, siteWords: [ids.siteId, ids.boxId] });
    if (users.byName(userName) !== undefined) throw nameTaken(userName);
    const hash = await hasher.hash(password);
    const id = `u-${opaqueText()}`;
    return changeAudited(this.#context, () => {
      // Two requests may have come this far with one secret.
      if (!this.#isValid(given.secret)) throw claimRefused();
      if (users.byName(userName) !== undefined) throw nameTaken(userName);
      const row = newUserRow({ id, userName, password: hash, role: adminRole }, clock.wallMs());
      users.insert({ ...row, displayName: given.displayName.trim() });
      sessions.removeClaim();
      const stored = users.byId(id);
      const result = showUser(this.#context, stored ?? { ...row, revision: 1 });
      return {
        result,
        entry: entryOf({ ...caller, actor: `user:${id}` }, { action: 'user.claimed', subject: id }),
      };
    });
  }

  #isValid(secret: string): boolean {
    const { sessions, users, clock } = this.#context;
    const claim = sessions.claim();
    const given = hashOfSecret('claim', secret);
    if (claim === undefined || given === undefined || !areEqual(given, claim.hash)) return false;
    // An administrator may exist by now, by another way.
    return (
      isPossible(claim.expiresAtMs - claimMs, claim.expiresAtMs, claimMs, clock.wallMs()) &&
      (claim.isReset === 1 || users.activeAdmins() === 0)
    );
  }
}

/** The row of a new account. */
export function newUserRow(
  given: Pick<UserRow, 'id' | 'userName' | 'password' | 'role'>,
  nowMs: number,
): Omit<UserRow, 'revision'> {
  return {
    ...{ displayName: '', cameras: null, isDisabled: 0, mustChange: 0, language: 'en', timeFormat: '24h' },
    ...{ formerPassword: null, secondFactor: null, newSecondFactor: null, codeStep: 0 },
    ...{ createdAtMs: nowMs, passwordAtMs: nowMs, lastLoginAtMs: null, grantedAtMs: nowMs },
    ...given,
  };
}

export function nameTaken(name: string): RollcallError {
  return refusal('name-taken:user', {}, { details: { name } });
}

function claimRefused(): RollcallError {
  return refusal('claim-refused');
}

function alreadyClaimed(): RollcallError {
  return refusal('already-claimed');
}

function onlyAtTheBox(): RollcallError {
  return refusal('only-at-the-box');
}
