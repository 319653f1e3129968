import { join } from 'node:path';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import type { Clock } from '../base/clock.js';
import type { RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { Recurring } from '../base/recurring.js';
import type { approvalOperations } from '../contract/approvals.js';
import type { authOperations } from '../contract/auth.js';
import type { Caller } from '../contract/caller.js';
import type { Handlers } from '../contract/handlers.js';
import type { passkeyOperations } from '../contract/passkeys.js';
import type { screenOperations } from '../contract/screens.js';
import type { SecondPersonClass } from '../contract/second-person.js';
import type { apiKeyOperations, roleOperations, userOperations } from '../contract/users.js';
import type { OwnSecretPlaces } from '../host/own-secret.js';
import { AccessTokens } from './access-tokens.js';
import type { AboutBox, AccountsContext } from './accounts-context.js';
import { openAccountsKeys } from './accounts-key.js';
import { openAccountsDatabase } from './accounts-schema.js';
import { ApprovalsStore } from './approvals-store.js';
import { authHandlers } from './auth-handlers.js';
import { Authenticator, type Credentials } from './authenticate.js';
import { Claims } from './claims.js';
import { LoginThrottle } from './login-throttle.js';
import { PasskeyAttempts } from './passkey-attempts.js';
import { passkeyHandlers, passkeysNotOffered } from './passkey-handlers.js';
import { loadWebAuthn, type RelyingParty } from './passkeys.js';
import { PasskeysStore } from './passkeys-store.js';
import { PasswordHasher } from './password-hash.js';
import { Proof } from './proof.js';
import { apiKeyHandlers, roleHandlers } from './role-handlers.js';
import { screenHandlers } from './screens.js';
import { ScreensStore } from './screens-store.js';
import { approvalHandlers, SecondPerson, type Undertaking } from './second-person.js';
import { idleMs, SessionLife } from './session-life.js';
import { SessionsStore } from './sessions-store.js';
import { userHandlers } from './user-handlers.js';
import { UsersStore } from './users-store.js';

/** How often expired sessions, tokens and failures are deleted. */
export const sweepEveryMs = 10 * 60_000;

export interface AccountsOptions {
  readonly places: OwnSecretPlaces;
  readonly ids: { readonly siteId: string; readonly boxId: string };
  readonly about: AboutBox;
  readonly audit: { append(entry: NewAuditEntry): unknown };
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called at every failed login of an account or an address from the fifth within ten minutes on. */
  readonly onAlarm: () => void;
  /** For whom passkeys are made, by the configuration in force; undefined where the box offers none. */
  readonly relyingParty?: () => RelyingParty | undefined;
  /** Whether the configuration in force has this camera. */
  readonly hasCamera: (id: string) => boolean;
  /** The classes of operations that a second person must approve. Default: none. */
  readonly secondPerson?: () => readonly SecondPersonClass[];
  /** Default: `passwordCost` and its bounds. */
  readonly hasher?: PasswordHasher;
}

export type AccountHandlers = Handlers<
  typeof authOperations &
    typeof passkeyOperations &
    typeof approvalOperations &
    typeof screenOperations &
    typeof userOperations &
    typeof roleOperations &
    typeof apiKeyOperations
>;

/** The accounts of a box. */
export interface Accounts extends AsyncDisposable {
  readonly handlers: AccountHandlers;
  /** Why the key file of the accounts cannot be used, since this start. */
  readonly damage: RollcallError | undefined;
  /** The caller of a request; see `Authenticator`. @throws `unauthenticated`, `forbidden` */
  authenticate(given: Credentials): Promise<Caller | undefined>;
  /** Lets an operation begin unless a second person must approve it first. @throws `approval-required` */
  admit(undertaking: Undertaking, caller: Caller): void;
}

/** Opens accounts.db in the data folder. @throws what `openAccountsKeys` and `openAccountsDatabase` throw */
export async function openAccounts(options: AccountsOptions): Promise<Accounts> {
  const { places, ids, about, audit, clock, logger, onAlarm, hasher = new PasswordHasher() } = options;
  const { relyingParty = () => undefined, hasCamera } = options;
  if (relyingParty() !== undefined) await loadWebAuthn();
  const keys = await openAccountsKeys(places);
  try {
    const tokens = await AccessTokens.open({ seed: keys.signing, box: `${ids.siteId}/${ids.boxId}`, clock });
    const database = openAccountsDatabase(join(places.dataDir, 'accounts.db'), { clock, logger });
    const throttle = new LoginThrottle({ database, key: keys.hiding, clock, onAlarm });
    const context: AccountsContext = {
      ...{ database, throttle, hasher, tokens, keys, audit, clock, logger, ids, about, hasCamera },
      users: new UsersStore(database),
      sessions: new SessionsStore(database),
      passkeys: new PasskeysStore(database),
      approvals: new ApprovalsStore(database),
      screens: new ScreensStore(database),
      attempts: new PasskeyAttempts(clock),
      relyingParty() {
        const party = relyingParty();
        if (party === undefined) throw passkeysNotOffered();
        return party;
      },
    };
    const sweeping = startSweeping(context);
    const secondPerson = new SecondPerson(context, options.secondPerson ?? (() => []));
    return {
      handlers: handlersOf(context),
      damage: keys.damage,
      authenticate: authenticatorOf(context),
      admit: (undertaking, caller) => secondPerson.admit(undertaking, caller),
      async [Symbol.asyncDispose]() {
        await sweeping[Symbol.asyncDispose]();
        database.close();
        keys[Symbol.dispose]();
      },
    };
  } catch (error) {
    keys[Symbol.dispose]();
    throw error;
  }
}

function handlersOf(context: AccountsContext): AccountHandlers {
  const life = new SessionLife(context);
  const proof = new Proof(context);
  const claims = new Claims(context, proof);
  return {
    ...authHandlers({ context, life, proof, claims }),
    ...passkeyHandlers(context),
    ...approvalHandlers(context),
    ...screenHandlers(context),
    ...userHandlers({ context, life, claims }),
    ...roleHandlers(context),
    ...apiKeyHandlers(context),
  };
}

function authenticatorOf(context: AccountsContext): Accounts['authenticate'] {
  const authenticator = new Authenticator(context, new SessionLife(context));
  return (given) => authenticator.authenticate(given);
}

function startSweeping({
  database,
  sessions,
  approvals,
  screens,
  throttle,
  clock,
  logger,
}: AccountsContext): Recurring {
  const sweep = (): void =>
    database.transaction(() => {
      const nowMs = clock.wallMs();
      sessions.sweep(nowMs, nowMs - idleMs);
      approvals.sweep(nowMs);
      screens.sweep(nowMs);
      throttle.sweep();
    });
  return new Recurring({
    clock,
    everyMs: sweepEveryMs,
    work: sweep,
    onFailure: (error) => logger.error('old sessions could not be deleted; retrying', { error }),
  }).start();
}
