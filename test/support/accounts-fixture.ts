import assert from 'node:assert/strict';
import { generateSync } from 'otplib';
import type { Caller } from '../../daemon/contract/caller.js';
import type { Call } from '../../daemon/contract/handlers.js';
import { allScopes } from '../../daemon/contract/scopes.js';
import { anonymousCaller, type Credentials } from '../../daemon/core/accounts/authenticate.js';
import {
  type Accounts,
  type AccountsOptions,
  openAccounts,
} from '../../daemon/core/accounts/open-accounts.js';
import { PasswordHasher } from '../../daemon/core/accounts/password-hash.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import { type AuditLog, openAuditLog } from '../../daemon/core/audit/audit-log.js';
import { daemonAtStart } from '../../daemon/kernel/actor.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

import { auditKeyOf, openAuditDatabase } from './audit-fixture.js';
import { temporaryDirectory } from './temporary-directory.js';

export const accountsEpochMs = Date.UTC(2026, 2, 1, 8);
export const goodPassword = 'vier Worte reichen aus';

/** Hashes in milliseconds; no test measures the cost. */
export const quickHasher = (): PasswordHasher => new PasswordHasher({ passes: 1, memoryBytes: 1024 * 1024 });

/** Root at the local socket. */
export const atTheBox: Caller = {
  actor: 'uid:0',
  origin: 'local socket pid 1',
  scopes: new Set(allScopes),
  provedAtMs: 'always',
  isLimited: false,
};

export const fromNetwork = (address = '192.0.2.7'): Caller =>
  anonymousCaller({ address, agent: 'curl/8.5.0' });

export interface AccountsFixture extends AsyncDisposable {
  readonly accounts: Accounts;
  readonly clock: VirtualClock;
  /** Without the state of the accounts, which every entry has. */
  readonly entries: NewAuditEntry[];
  /** The log behind them. */
  readonly log: AuditLog;
  readonly dataDir: string;
  /** Alarms so far. */
  alarms(): number;
  /** The cookie that the last call set. */
  cookie(): string | undefined;
  call(caller?: Caller): Call;
  /** The caller of a request with these credentials. */
  caller(given: Partial<Credentials>): Promise<Caller | undefined>;
  /** Closes and opens the accounts again, as a restart does; `between` runs while they are closed. */
  restart(between?: () => void): Promise<void>;
  /** The first administrator, created by a claim. */
  claim(userName?: string): Promise<string>;
  login(userName: string, password?: string, code?: string): Promise<TokenLogin>;
  /** An account with this role that has its own password. Returns its id. */
  addUser(userName: string, role: string, cameras?: readonly string[]): Promise<string>;
  /** What the audit log has of these actions, newest last. */
  actions(): readonly string[];
}

export interface TokenLogin {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly caller: Caller;
}

export interface AccountsFixtureOptions extends Partial<AccountsOptions> {
  /** May refuse an entry. */
  readonly onEntry?: (entry: NewAuditEntry) => void;
  /** True while the log is to be one of a version that sealed no accounts. */
  readonly isEarlier?: () => boolean;
}

/** Accounts and an audit log on real files in a new folder, with a clock that moves only on request. */
export async function openAccountsFixture(options: AccountsFixtureOptions = {}): Promise<AccountsFixture> {
  const directory = await temporaryDirectory();
  const clock = new VirtualClock(accountsEpochMs);
  const entries: NewAuditEntry[] = [];
  let alarms = 0;
  let cookie: string | undefined;
  const auditDatabase = openAuditDatabase(`${directory.path}/audit.db`);
  const log = openAuditLog({ database: auditDatabase, key: auditKeyOf(7), clock });
  const nowhere = { sequence: 0, hash: '' };
  // As a daemon does before it opens the accounts.
  log.append({ by: daemonAtStart, action: 'daemon.started' });
  const open = () =>
    openAccounts({
      hasCamera: (id) => id === 'gate',
      places: {
        dataDir: directory.path,
        secretsDirectory: `${directory.path}/secrets`,
        credentialsDirectory: '',
      },
      ids: { siteId: 'werk-nord', boxId: 'box-1' },
      about: {
        ...{
          timeZone: 'Europe/Berlin',
          version: '0.1.0',
          personFields: () => [{ id: 'badge', name: 'Badge' }],
        },
        origins: () => ['https://192.0.2.7:8443'],
      },
      audit: {
        ...log,
        append(entry) {
          options.onEntry?.(entry);
          const { state: _, ...details } = entry.details ?? {};
          if (entry.action !== 'accounts.stated') {
            entries.push({ ...entry, details });
          }
          if (options.isEarlier?.() !== true) return log.append(entry);
          return entry.action.startsWith('accounts.') ? nowhere : log.append({ ...entry, details });
        },
      },
      auditKeys: [auditKeyOf(7)],
      clock,
      logger: silentLogger,
      onAlarm: () => {
        alarms += 1;
      },
      hasher: quickHasher(),
      ...options,
    });
  let accounts = await open();
  const call = (caller: Caller = fromNetwork()): Call => ({
    caller,
    signal: new AbortController().signal,
    requestId: 'request-1',
    setSessionCookie: (token) => {
      cookie = token;
    },
  });
  const callerOf = (given: Partial<Credentials>) =>
    accounts.authenticate({
      ...{ address: '192.0.2.7', agent: 'curl/8.5.0', isChange: false, isOwnOrigin: false },
      ...given,
    });
  const fixture: AccountsFixture = {
    get accounts() {
      return accounts;
    },
    ...{ clock, entries, log, dataDir: directory.path, call, caller: callerOf },
    alarms: () => alarms,
    cookie: () => cookie,
    async restart(between = () => undefined) {
      await accounts[Symbol.asyncDispose]();
      between();
      accounts = await open();
    },
    async claim(userName = 'anna') {
      const { handlers } = accounts;
      const { secret } = await handlers['users.claim']({ isReset: false }, call(atTheBox));
      const { id } = await handlers['auth.claim'](
        { secret, userName, displayName: 'Anna', password: goodPassword },
        call(),
      );
      return id;
    },
    async login(userName, password = goodPassword, code) {
      const result = await accounts.handlers['auth.login'](
        { userName, password, code, kind: 'tokens' },
        call(),
      );
      assert.equal(result.kind, 'tokens');
      const caller = await callerOf({ authorization: `Bearer ${result.accessToken}` });
      assert.ok(caller);
      return { accessToken: result.accessToken, refreshToken: result.refreshToken, caller };
    },
    async addUser(userName, role, cameras) {
      const { handlers } = accounts;
      const { user, initialPassword = '' } = await handlers['users.create'](
        { userName, role, cameras: cameras && [...cameras] },
        call(atTheBox),
      );
      const { caller } = await fixture.login(userName, initialPassword);
      await handlers['auth.change-password'](
        { oldPassword: initialPassword, newPassword: goodPassword },
        call(caller),
      );
      return user.id;
    },
    actions: () => entries.map(({ action }) => action),
    async [Symbol.asyncDispose]() {
      await accounts[Symbol.asyncDispose]();
      auditDatabase.close();
      await directory[Symbol.asyncDispose]();
    },
  };
  return fixture;
}

/** Runs a test with new accounts. */
export async function withAccounts(
  work: (fixture: AccountsFixture) => Promise<void>,
  options: AccountsFixtureOptions = {},
): Promise<void> {
  await using fixture = await openAccountsFixture(options);
  await work(fixture);
}

/** The error code that a call gives; `none` if it succeeds. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'none';
  } catch (error) {
    if (isRollcallError(error)) return error.code;
    throw error;
  }
}

/** What an authenticator shows at a time. */
export function codeAt(secret: string, wallMs: number): string {
  return generateSync({ secret, epoch: Math.floor(wallMs / 1000) });
}
