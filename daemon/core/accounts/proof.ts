import type { Caller } from '../../contract/caller.js';
import type { Assertion } from '../../contract/passkeys.js';
import type { RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { failure, refusal } from '../../words/errors.js';
import { type AccountsContext, entryOf } from './accounts-context.js';
import type { Attempt, Tried } from './login-throttle.js';
import { counterOfAssertion, isCounterSuspect } from './passkeys.js';
import type { PasskeyRow } from './passkeys-store.js';
import { normalPassword } from './password-rules.js';
import { openSecret, stepOfCode } from './second-factor.js';
import { hashOfRecoveryCode } from './secrets.js';
import type { SessionRow } from './sessions-store.js';
import type { UserRow } from './users-store.js';

/** How a user proved who they are. */
export type Factor =
  | 'password'
  | 'authenticator'
  | 'passkey'
  | 'recovery-code'
  | 'password-and-authenticator'
  | 'password-and-recovery-code';

/** An attempt that knows what it tries. */
interface Begun extends Attempt {
  readonly tried: Tried;
  isConcluded(): boolean;
}

const account = (name: string): Tried => ({ what: 'account', name });
/** What the user of a session tries: a stranger who guesses at the account must not lock it for them. */
const ownSession = ({ sessionId = '' }: Caller): Tried => ({ what: 'session', name: sessionId });

/** Whether a proof took more than the password. */
export function provedBy(factor: Factor): SessionRow['provedBy'] {
  return factor === 'password' ? 'password' : 'second-factor';
}

/** The answer of a browser to a challenge. */
export interface PasskeyAnswer {
  readonly attempt: string;
  readonly credential: Assertion;
}

/** Checks passwords, codes and passkeys. Every check counts for the throttle and leaves an entry when it fails. */
export class Proof {
  readonly #context: AccountsContext;

  constructor(context: AccountsContext) {
    this.#context = context;
  }

  /**
   * The user of a login, by password and, where the account has one, second factor.
   * @throws `login-refused`, `login-slowed`, `account-locked`, `second-factor-required`, `busy`
   */
  async login(
    given: { readonly userName: string; readonly password: string; readonly code?: string | undefined },
    caller: Caller,
  ): Promise<{ readonly user: UserRow; readonly factor: Factor }> {
    const { users, hasher } = this.#context;
    const attempt = this.#begin(account(given.userName), caller);
    return this.#concluded(attempt, async () => {
      const before = users.byName(given.userName);
      const isRight = await hasher.matches(normalPassword(given.password), before?.password);
      // The account may have changed while the password was hashed.
      const user = before && users.byId(before.id);
      if (user === undefined || !isRight || !isSamePassword(before, user)) {
        return this.#fail(attempt, caller, before, 'password');
      }
      if (user.isDisabled === 1) return this.#fail(attempt, caller, user, 'disabled');
      if (user.secondFactor === null) return this.#succeed(attempt, user, 'password');
      if (given.code === undefined) throw secondFactorRequired();
      const used = this.#useCode(user, given.code, caller);
      if (used === undefined) return this.#fail(attempt, caller, user, 'code');
      return this.#succeed(attempt, user, `password-and-${used}`);
    });
  }

  /**
   * The user of a session proves again who they are: with the password, with a code where the account has a second factor, or
   * with a passkey.
   * @throws `login-refused`, `login-slowed`, `account-locked`, `second-factor-required`, `bad-request`, `busy`, `no-such-attempt`
   */
  async again(
    user: UserRow,
    given: {
      readonly password?: string | undefined;
      readonly code?: string | undefined;
      readonly passkey?: PasskeyAnswer | undefined;
    },
    caller: Caller,
  ): Promise<{ readonly user: UserRow; readonly factor: Factor }> {
    if (given.passkey !== undefined) return this.#passkeyAgain(user, given.passkey, caller);
    const attempt = this.#begin(ownSession(caller), caller);
    return this.#concluded(attempt, async () => {
      if (given.code !== undefined && user.secondFactor !== null) {
        const used = this.#useCode(user, given.code, caller);
        if (used === undefined) return this.#fail(attempt, caller, user, 'code');
        return this.#succeed(attempt, user, used);
      }
      // A stolen session of an account with a second factor must not be strengthened by a password alone.
      if (user.secondFactor !== null) throw secondFactorRequired();
      if (given.password === undefined) throw passwordRequired();
      if (await this.#isPassword(user, given.password)) return this.#succeed(attempt, user, 'password');
      return this.#fail(attempt, caller, user, 'password');
    });
  }

  /**
   * The user of a login with a passkey, which counts as both factors.
   * @throws `login-refused`, `login-slowed`, `account-locked`, `no-such-attempt`, `passkeys-not-offered`
   */
  async passkeyLogin(
    { attempt: id, credential }: PasskeyAnswer,
    caller: Caller,
  ): Promise<{ readonly user: UserRow; readonly factor: Factor }> {
    const { attempts, passkeys, users } = this.#context;
    const challenge = attempts.take(id, { purpose: 'login' });
    const passkey = passkeys.byCredential(credential.id);
    const owner = passkey && users.byId(passkey.userId);
    // An unknown passkey counts against itself and its address. No user name has a space.
    const attempt = this.#begin(account(owner?.userName ?? `passkey ${credential.id}`), caller);
    return this.#concluded(attempt, async () => {
      const isRight =
        passkey !== undefined && (await this.#usePasskey(passkey, { challenge, credential }, caller));
      // The account may have changed while the signature was checked.
      const user = owner && users.byId(owner.id);
      if (user === undefined || !isRight) return this.#fail(attempt, caller, owner, 'passkey');
      if (user.isDisabled === 1) return this.#fail(attempt, caller, user, 'disabled');
      return this.#succeed(attempt, user, 'passkey');
    });
  }

  async #passkeyAgain(user: UserRow, { attempt: id, credential }: PasskeyAnswer, caller: Caller) {
    const { attempts, passkeys } = this.#context;
    const challenge = attempts.take(id, { purpose: 'step-up', sessionId: caller.sessionId });
    const attempt = this.#begin(ownSession(caller), caller);
    return this.#concluded(attempt, async () => {
      const passkey = passkeys.ofUser(user.id).find((each) => each.credentialId === credential.id);
      const isRight =
        passkey !== undefined && (await this.#usePasskey(passkey, { challenge, credential }, caller));
      if (!isRight) return this.#fail(attempt, caller, user, 'passkey');
      return this.#succeed(attempt, user, 'passkey');
    });
  }

  /** Checks what an authenticator signed, and remembers its counter. */
  async #usePasskey(
    passkey: PasskeyRow,
    { challenge, credential }: { readonly challenge: string; readonly credential: Assertion },
    caller: Caller,
  ): Promise<boolean> {
    const { database, passkeys, audit, clock } = this.#context;
    const party = this.#context.relyingParty();
    const counter = await counterOfAssertion(credential, passkey, { challenge, party });
    if (counter === undefined) return false;
    return database.transaction(() => {
      // Read again: it may have been removed or used meanwhile.
      const now = passkeys.byCredential(passkey.credentialId);
      if (now?.id !== passkey.id) return false;
      if (isCounterSuspect(now.counter, counter)) {
        const details = { passkey: now.id, counter, before: now.counter };
        audit.append(entryOf(caller, { action: 'user.passkey-suspect', subject: now.userId, details }));
        return false;
      }
      passkeys.used(now.id, counter, clock.wallMs());
      return true;
    });
  }

  /** Checks the old password of a user. @throws as `again` */
  async oldPassword(user: UserRow, password: string, caller: Caller): Promise<void> {
    const attempt = this.#begin(ownSession(caller), caller);
    await this.#concluded(attempt, async () => {
      if (await this.#isPassword(user, password)) return this.#succeed(attempt, user, 'password');
      return this.#fail(attempt, caller, user, 'password');
    });
  }

  /** Runs a check that belongs to no password: of a claim, or of the first code of an authenticator. */
  async guarded<T>(
    tried: Tried,
    caller: Caller,
    check: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const attempt = this.#begin(tried, caller);
    return this.#concluded(attempt, async () => {
      const result = await check();
      if (result === undefined) attempt.failed();
      else attempt.succeeded();
      return result;
    });
  }

  async #isPassword(user: UserRow, password: string): Promise<boolean> {
    const isRight = await this.#context.hasher.matches(normalPassword(password), user.password);
    const now = this.#context.users.byId(user.id);
    return isRight && isSamePassword(user, now);
  }

  #begin(tried: Tried, caller: Caller): Begun {
    const address = tried.what === 'session' ? undefined : caller.address;
    const attempt = this.#context.throttle.begin(tried, address);
    let isConcluded = false;
    const once = <T>(work: () => T): T => {
      isConcluded = true;
      return work();
    };
    return {
      tried,
      isConcluded: () => isConcluded,
      succeeded: () => once(attempt.succeeded),
      failed: () => once(attempt.failed),
      abandoned: () => once(attempt.abandoned),
    };
  }

  async #concluded<T>(attempt: Begun, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      if (!attempt.isConcluded()) attempt.abandoned();
    }
  }

  #succeed(attempt: Attempt, user: UserRow, factor: Factor) {
    attempt.succeeded();
    return { user, factor };
  }

  #fail(attempt: Begun, caller: Caller, user: UserRow | undefined, reason: string): never {
    const { audit, throttle } = this.#context;
    const hasLocked = attempt.failed();
    const about = user === undefined ? {} : { subject: user.id };
    audit.append(
      entryOf(caller, {
        action: 'login.failed',
        ...about,
        details: { reason: user === undefined ? 'unknown-user' : reason },
      }),
    );
    if (!hasLocked) throw loginRefused();
    audit.append(entryOf(caller, { action: 'login.locked', ...about }));
    // By the name as it was given: the answer must not tell whether an account has it.
    throw lockedNow(attempt.tried, throttle.untilMs(attempt.tried));
  }

  /** Uses up a code. Undefined if it is not valid. */
  #useCode(user: UserRow, code: string, caller: Caller): 'authenticator' | 'recovery-code' | undefined {
    const { database, users, keys, audit, clock } = this.#context;
    return database.transaction(() => {
      const recovery = hashOfRecoveryCode(user.id, code);
      if (recovery !== undefined) {
        if (!users.useRecoveryCode(user.id, recovery)) return undefined;
        const details = { left: users.recoveryCodesLeft(user.id) };
        audit.append(entryOf(caller, { action: 'user.recovery-code-used', subject: user.id, details }));
        return 'recovery-code';
      }
      // Read in the transaction: two requests with one code must not both pass.
      const { secondFactor, codeStep } = users.byId(user.id) ?? user;
      const secret = secondFactor && openSecret(keys.sealing, user.id, secondFactor);
      if (!secret) return undefined;
      const step = stepOfCode(secret, code, codeStep, clock.wallMs());
      if (step === undefined) return undefined;
      users.note(user.id, { codeStep: step });
      return 'authenticator';
    });
  }
}

/** Whether the password of an account is still the one that was checked. */
export function isSamePassword(before: UserRow | undefined, now: UserRow | undefined): boolean {
  return before !== undefined && now !== undefined && Buffer.compare(before.password, now.password) === 0;
}

/** The same for a wrong name, a wrong password, a wrong code, a wrong passkey and a disabled account. */
export function loginRefused(): RollcallError {
  return refusal('login-refused');
}

function lockedNow({ what }: Tried, untilMs: number | undefined): RollcallError {
  const details = untilMs === undefined ? {} : { lockedUntil: isoTime(untilMs) };
  const key = what === 'session' ? 'account-locked:session' : 'account-locked:logins';
  return failure(key, {}, { details: { ...details, retryAfterS: 15 * 60 }, retryable: true });
}

function secondFactorRequired(): RollcallError {
  return refusal('second-factor-required');
}

function passwordRequired(): RollcallError {
  return refusal('bad-request:no-password');
}
