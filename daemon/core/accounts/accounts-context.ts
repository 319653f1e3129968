import { type Caller, clockToleranceMs } from '../../contract/caller.js';
import type { Scope } from '../../contract/scopes.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { AuditAction } from '../../kernel/audit-action.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import type { CustomField } from '../../kernel/persons/custom-fields.js';
import { refusal } from '../../words/errors.js';
import type { AuditDetails, NewAuditEntry } from '../audit/audit-entry.js';
import type { AccessTokens } from './access-tokens.js';
import type { AccountsKeys } from './accounts-key.js';
import { agentWord } from './agent-word.js';
import type { ApprovalsStore } from './approvals-store.js';
import type { LoginThrottle } from './login-throttle.js';
import type { PasskeyAttempts } from './passkey-attempts.js';
import type { RelyingParty } from './passkeys.js';
import type { PasskeysStore } from './passkeys-store.js';
import type { PasswordHasher } from './password-hash.js';
import type { PushDevicesStore } from './push-devices-store.js';
import type { SavedFiltersStore } from './saved-filters-store.js';
import type { ScreensStore } from './screens-store.js';
import type { SessionsStore } from './sessions-store.js';
import { readCameras, type UserRow, type UsersStore } from './users-store.js';

/** What the parts of the accounts share. */
export interface AccountsContext {
  readonly database: OpenDatabase;
  readonly users: UsersStore;
  readonly sessions: SessionsStore;
  readonly passkeys: PasskeysStore;
  readonly approvals: ApprovalsStore;
  readonly screens: ScreensStore;
  readonly savedFilters: SavedFiltersStore;
  readonly devices: PushDevicesStore;
  /** Passkey challenges that wait for their answer. */
  readonly attempts: PasskeyAttempts;
  /** For whom passkeys are made. @throws `passkeys-not-offered` */
  readonly relyingParty: () => RelyingParty;
  readonly throttle: LoginThrottle;
  readonly hasher: PasswordHasher;
  readonly tokens: AccessTokens;
  readonly keys: AccountsKeys;
  /** Every entry states the accounts; see `AccountLedger`. */
  readonly audit: { append(entry: NewAuditEntry): unknown };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ids: { readonly siteId: string; readonly boxId: string };
  /** What the box tells callers about itself. */
  readonly about: AboutBox;
  /** Whether the configuration in force has this camera. */
  readonly hasCamera: (id: string) => boolean;
  /** Called with the actor while an account or an API key is removed, so that other parts forget what is theirs. */
  readonly onActorRemoved: (actor: string) => void;
}

export interface AboutBox {
  /** The zone of the site. */
  readonly timeZone: string;
  /** The version of the program. */
  readonly version: string;
  /** The custom fields of persons. */
  readonly personFields: () => readonly CustomField[];
  /** The web addresses at which other devices may reach the box now. */
  readonly origins: () => readonly string[];
}

/** The author of an action: a caller, or a user who has just logged in. */
type Author = Pick<Caller, 'actor' | 'origin' | 'agent' | 'sessionId'>;

interface Note {
  readonly action: AuditAction;
  readonly subject?: string;
  readonly details?: AuditDetails;
}

/** An entry about accounts: with the session and the program of the caller, and never a name. */
export function entryOf(by: Author, { action, subject, details = {} }: Note): NewAuditEntry {
  return {
    by: { actor: by.actor, origin: by.origin },
    action,
    ...(subject === undefined ? {} : { subject }),
    details: {
      ...(by.sessionId === undefined ? {} : { session: by.sessionId }),
      ...(by.agent === undefined ? {} : { agent: agentWord(by.agent) }),
      ...details,
    },
  };
}

/** A change of the accounts with its entry. If the entry cannot be written, nothing has changed. */
export function changeAudited<T>(
  { database, audit }: Pick<AccountsContext, 'database' | 'audit'>,
  work: () => { readonly result: T; readonly entry: NewAuditEntry },
): T {
  return database.transaction(() => {
    const { result, entry } = work();
    audit.append(entry);
    return result;
  });
}

/** Stores when a session or a key was last used. A full disk must not keep callers from what needs no disk. */
export function noteUse(
  { database, logger }: Pick<AccountsContext, 'database' | 'logger'>,
  work: () => void,
) {
  try {
    database.transaction(work);
  } catch (error) {
    if (!isRollcallError(error) || error.kind === 'defect') throw error;
    logger.warn('the time of a request could not be stored', { error });
  }
}

/**
 * Whether something that was made then and ends then counts now. What was made in the future or lives longer than the program
 * allows was not made by it, or the clock was wrong.
 */
export function isPossible(madeAtMs: number, endsAtMs: number, longestMs: number, nowMs: number): boolean {
  return endsAtMs > nowMs && madeAtMs <= nowMs + clockToleranceMs && endsAtMs - madeAtMs <= longestMs;
}

/** The scopes of an account at this moment. A role that no longer exists has none. */
export function scopesOf({ users }: Pick<AccountsContext, 'users'>, user: UserRow): readonly Scope[] {
  return users.role(user.role)?.scopes ?? [];
}

/** What somebody may do. */
export type Rights = Pick<Caller, 'scopes' | 'cameras'>;

/** Whether somebody has all of these scopes, for all of these cameras. `cameras` undefined: all cameras. */
export function covers(
  rights: Rights,
  scopes: readonly Scope[],
  cameras: readonly string[] | undefined,
): boolean {
  if (!scopes.every((scope) => rights.scopes.has(scope))) return false;
  const { cameras: own } = rights;
  if (own === undefined) return true;
  return cameras?.every((camera) => own.has(camera)) ?? false;
}

/** @throws `beyond-own-scopes` if the account can do more than the caller */
export function refuseStronger(context: Pick<AccountsContext, 'users'>, caller: Caller, user: UserRow): void {
  if (covers(caller, scopesOf(context, user), readCameras(user.cameras))) return;
  throw refusal('beyond-own-scopes:account');
}
