import { join } from 'node:path';
import type { alertDeviceOperations } from '../../contract/alert-devices.js';
import type { apiKeyOperations } from '../../contract/api-keys.js';
import type { approvalOperations } from '../../contract/approvals.js';
import type { authOperations } from '../../contract/auth.js';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { passkeyOperations } from '../../contract/passkeys.js';
import type { roleOperations } from '../../contract/roles.js';
import type { screenOperations } from '../../contract/screens.js';
import type { userOperations } from '../../contract/users.js';
import type { OwnSecretPlaces } from '../../host/own-secret.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { Clock } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { SecondPersonClass } from '../../kernel/second-person-classes.js';
import { AccessTokens } from './access-tokens.js';
import type { AboutBox, AccountsContext } from './accounts-context.js';
import { openAccountsKeys } from './accounts-key.js';
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
import { PushDevices, pushDeviceHandlers } from './push-devices.js';
import { PushDevicesStore } from './push-devices-store.js';
import { apiKeyHandlers, roleHandlers } from './role-handlers.js';
import { SavedFiltersStore } from './saved-filters-store.js';
import { screenHandlers } from './screens.js';
import { ScreensStore } from './screens-store.js';
import {
  type AccountFaults,
  type AccountsLog,
  openSealedAccounts,
  type SealedAccounts,
} from './sealed-accounts.js';
import { approvalHandlers, SecondPerson, type Undertaking } from './second-person.js';
import { idleMs, SessionLife } from './session-life.js';
import { SessionsStore } from './sessions-store.js';
import { userHandlers } from './user-handlers.js';
import { UsersStore } from './users-store.js';

/** How often expired sessions, tokens and failures are deleted. */
export const sweepEveryMs = 10 * 60_000;
/** How often the accounts are stated where nothing changes, so that retention never deletes the newest statement. */
const stateEveryMs = 12 * 3_600_000;

export interface AccountsOptions {
  readonly places: OwnSecretPlaces;
  readonly ids: { readonly siteId: string; readonly boxId: string };
  readonly about: AboutBox;
  readonly audit: AccountsLog;
  /** The keys of the audit log, the one in use first. The caller wipes them. */
  readonly auditKeys: readonly Uint8Array[];
  /** Called with what is wrong with accounts.db. */
  readonly onAltered?: (found: AccountFaults) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called at every failed login of an account or an address from the fifth within ten minutes on. */
  readonly onAlarm: () => void;
  /** For whom passkeys are made, by the configuration in force; undefined where the box offers none. */
  readonly relyingParty?: () => RelyingParty | undefined;
  /** Whether the configuration in force has this camera. */
  readonly hasCamera: (id: string) => boolean;
  /** Called with the actor while an account is removed; throws where the account must stay. */
  readonly onActorRemoved?: (actor: string) => void;
  /** The classes of operations that a second person must approve. Default: none. */
  readonly secondPerson?: () => readonly SecondPersonClass[];
  /** The hosts of push services that the box may post to, by the configuration in force; undefined where no channel pushes. */
  readonly pushHosts?: () => readonly string[] | undefined;
  /** Default: `passwordCost` and its bounds. */
  readonly hasher?: PasswordHasher;
}

export type AccountHandlers = Handlers<
  typeof authOperations &
    typeof passkeyOperations &
    typeof alertDeviceOperations &
    typeof approvalOperations &
    typeof screenOperations &
    typeof userOperations &
    typeof roleOperations &
    typeof apiKeyOperations
>;

/** The accounts of a box. */
export interface Accounts extends AsyncDisposable {
  readonly database: OpenDatabase;
  readonly handlers: AccountHandlers;
  readonly devices: PushDevices;
  /** Why the key file of the accounts cannot be used, since this start. */
  readonly damage: RollcallError | undefined;
  /** The caller of a request; see `Authenticator`. @throws `unauthenticated`, `forbidden` */
  authenticate(given: Credentials): Promise<Caller | undefined>;
  /** States the accounts in the audit log again, after another log took its place. */
  state(): void;
  /** Lets an operation begin unless a second person must approve it first. @throws `approval-required` */
  admit(undertaking: Undertaking, caller: Caller): void;
}

/** Opens accounts.db in the data folder. @throws what `openAccountsKeys` and `openAccountsDatabase` throw */
export async function openAccounts(options: AccountsOptions): Promise<Accounts> {
  const { places, ids, about, clock, logger, onAlarm, hasher = new PasswordHasher() } = options;
  const { relyingParty = () => undefined, hasCamera, onActorRemoved = () => undefined } = options;
  if (relyingParty() !== undefined) await loadWebAuthn();
  const keys = await openAccountsKeys(places);
  try {
    const tokens = await AccessTokens.open({ seed: keys.signing, box: `${ids.siteId}/${ids.boxId}`, clock });
    const sealed = openSealedAccounts({
      ...{ path: join(places.dataDir, 'accounts.db'), auditKeys: options.auditKeys, log: options.audit },
      ...{ box: `${ids.siteId}/${ids.boxId}`, clock, logger },
    });
    const { ledger } = sealed;
    const { database, audit } = ledger;
    if (sealed.faults.size > 0) options.onAltered?.(sealed.faults);
    const throttle = new LoginThrottle({ database, key: keys.hiding, clock, onAlarm });
    const context: AccountsContext = {
      ...{ database, throttle, hasher, tokens, keys, audit, clock, logger, ids, about },
      ...{ hasCamera, onActorRemoved },
      users: new UsersStore(ledger),
      sessions: new SessionsStore(ledger),
      passkeys: new PasskeysStore(ledger),
      approvals: new ApprovalsStore(ledger),
      screens: new ScreensStore(ledger),
      savedFilters: new SavedFiltersStore(ledger),
      devices: new PushDevicesStore(ledger),
      attempts: new PasskeyAttempts(clock),
      relyingParty() {
        const party = relyingParty();
        if (party === undefined) throw passkeysNotOffered();
        return party;
      },
    };
    const sweeping = startSweeping(context, sealed, options.onAltered);
    const secondPerson = new SecondPerson(context, options.secondPerson ?? (() => []));
    return {
      database,
      handlers: handlersOf(context, options.pushHosts ?? (() => undefined)),
      devices: new PushDevices(context),
      damage: keys.damage,
      state: () => ledger.state(),
      authenticate: authenticatorOf(context),
      admit: (undertaking, caller) => secondPerson.admit(undertaking, caller),
      async [Symbol.asyncDispose]() {
        await sweeping[Symbol.asyncDispose]();
        sealed[Symbol.dispose]();
        keys[Symbol.dispose]();
      },
    };
  } catch (error) {
    keys[Symbol.dispose]();
    throw error;
  }
}

function handlersOf(
  context: AccountsContext,
  pushHosts: () => readonly string[] | undefined,
): AccountHandlers {
  const life = new SessionLife(context);
  const proof = new Proof(context);
  const claims = new Claims(context, proof);
  return {
    ...authHandlers({ context, life, proof, claims }),
    ...passkeyHandlers(context),
    ...pushDeviceHandlers(context, pushHosts),
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

function startSweeping(
  { database, sessions, approvals, screens, throttle, clock, logger }: AccountsContext,
  sealed: SealedAccounts,
  onAltered: AccountsOptions['onAltered'],
): Recurring {
  let statedAtMs = Number.NEGATIVE_INFINITY;
  const inspect = (): void => {
    const found = sealed.inspect();
    if (found.size > 0) onAltered?.(found);
  };
  const sweep = (): void => {
    inspect();
    database.transaction(() => {
      const nowMs = clock.wallMs();
      sessions.sweep(nowMs, nowMs - idleMs);
      approvals.sweep(nowMs);
      screens.sweep(nowMs);
      throttle.sweep();
    });
    if (clock.monotonicMs() - statedAtMs < stateEveryMs) return;
    sealed.ledger.state();
    statedAtMs = clock.monotonicMs();
  };
  const recurring = new Recurring({
    clock,
    everyMs: sweepEveryMs,
    work: sweep,
    onFailure: (error) => logger.error('old sessions could not be deleted; retrying', { error }),
  }).start();
  sealed.ledger.onForeign(inspect);
  return recurring;
}
