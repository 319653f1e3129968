import { builtInRoles, isScope, type Scope } from '../../contract/scopes.js';
import type { TableForm } from '../../host/table-form.js';
import type { AccountLedger } from './account-ledger.js';
import { SealedTable } from './sealed-table.js';

/** An account as it is stored. */
export interface UserRow {
  readonly id: string;
  readonly userName: string;
  readonly displayName: string;
  readonly role: string;
  readonly cameras: string | null;
  readonly isDisabled: number;
  readonly mustChange: number;
  readonly language: string;
  readonly timeFormat: string;
  readonly password: Uint8Array;
  readonly formerPassword: Uint8Array | null;
  readonly secondFactor: Uint8Array | null;
  readonly newSecondFactor: Uint8Array | null;
  readonly codeStep: number;
  readonly createdAtMs: number;
  readonly passwordAtMs: number;
  readonly lastLoginAtMs: number | null;
  /** When somebody else last gave the account rights or a password. */
  readonly grantedAtMs: number;
  readonly revision: number;
}

export const userTable: TableForm<UserRow> = {
  name: 'user',
  key: 'id',
  columns: {
    id: 'id',
    userName: 'user_name',
    displayName: 'display_name',
    role: 'role',
    cameras: 'cameras',
    isDisabled: 'is_disabled',
    mustChange: 'must_change',
    language: 'language',
    timeFormat: 'time_format',
    password: 'password',
    formerPassword: 'former_password',
    secondFactor: 'second_factor',
    newSecondFactor: 'new_second_factor',
    codeStep: 'code_step',
    createdAtMs: 'created_at_ms',
    passwordAtMs: 'password_at_ms',
    lastLoginAtMs: 'last_login_at_ms',
    grantedAtMs: 'granted_at_ms',
    revision: 'revision',
  },
  passing: ['codeStep', 'lastLoginAtMs'],
};

interface RecoveryCodeRow {
  readonly hash: Uint8Array;
  readonly userId: string;
}

export const recoveryCodeTable: TableForm<RecoveryCodeRow> = {
  name: 'recovery_code',
  key: 'hash',
  columns: { hash: 'hash', userId: 'user_id' },
};

interface StoredRole {
  readonly name: string;
  readonly description: string;
  /** A JSON array. */
  readonly scopes: string;
  readonly revision: number;
}

export const roleTable: TableForm<StoredRole> = {
  name: 'role',
  key: 'name',
  columns: { name: 'name', description: 'description', scopes: 'scopes', revision: 'revision' },
};

export interface RoleRow {
  readonly name: string;
  readonly description: string;
  readonly scopes: readonly Scope[];
  readonly isBuiltIn: boolean;
  readonly revision: number;
}

/** The name of the role that can do everything. At least one active account has it, for all cameras, once the box is claimed. */
export const adminRole = 'admin';

export interface UserQuery {
  readonly limit: number;
  /** User names after this one. */
  readonly after: string;
  readonly role: string | null;
  readonly search: string | null;
}

/** Accounts and roles in accounts.db. Changes run in a transaction of the caller. */
export class UsersStore {
  readonly #ledger: AccountLedger;
  readonly #users: SealedTable<UserRow>;
  readonly #codes: SealedTable<RecoveryCodeRow>;
  readonly #roles: SealedTable<StoredRole>;

  constructor(ledger: AccountLedger) {
    this.#ledger = ledger;
    this.#users = new SealedTable(ledger, userTable);
    this.#codes = new SealedTable(ledger, recoveryCodeTable);
    this.#roles = new SealedTable(ledger, roleTable);
  }

  byId(id: string): UserRow | undefined {
    return this.#users.one('WHERE id = ?', id);
  }

  byName(userName: string): UserRow | undefined {
    return this.#users.one('WHERE user_name = ?', userName.toLowerCase());
  }

  insert(row: Omit<UserRow, 'revision'>): void {
    this.#users.insert({ ...row, revision: 1 });
  }

  /** Changes these fields and counts the change. */
  change(id: string, values: Partial<Omit<UserRow, 'id' | 'revision'>>): void {
    const revision = (this.byId(id)?.revision ?? 0) + 1;
    this.#users.change(id, { ...values, revision });
  }

  /** Changes fields that no editor of the account sees. */
  note(id: string, values: Partial<Pick<UserRow, 'codeStep' | 'lastLoginAtMs' | 'newSecondFactor'>>): void {
    this.#users.change(id, values);
  }

  /** Removes an account. The caller removes what hangs on it first. */
  remove(id: string): void {
    this.#codes.remove('WHERE user_id = ?', id);
    this.#users.remove('WHERE id = ?', id);
  }

  list({ limit, after, role, search }: UserQuery): readonly UserRow[] {
    const text = search?.toLowerCase() ?? null;
    return this.#users.all(
      `WHERE user_name > ? AND ${matches} ORDER BY user_name LIMIT ?`,
      ...[after, role, role, text, text, text, limit],
    );
  }

  count({ role, search }: Pick<UserQuery, 'role' | 'search'>): number {
    const text = search?.toLowerCase() ?? null;
    return Number(
      this.#ledger
        .prepare(`SELECT count(*) FROM user WHERE ${matches}`)
        .pluck()
        .get(role, role, text, text, text),
    );
  }

  /** Active accounts that can do everything, for all cameras. */
  activeAdmins(): number {
    return this.#users.all('WHERE role = ? AND is_disabled = 0 AND cameras IS NULL', adminRole).length;
  }

  idsWithRole(role: string): readonly string[] {
    return this.#users.all('WHERE role = ?', role).map(({ id }) => id);
  }

  recoveryCodesLeft(id: string): number {
    return this.#codes.all('WHERE user_id = ?', id).length;
  }

  /** True if the code was there; it is gone afterwards. */
  useRecoveryCode(id: string, hash: Uint8Array): boolean {
    return this.#codes.remove('WHERE hash = ? AND user_id = ?', hash, id) > 0;
  }

  putRecoveryCodes(id: string, hashes: readonly Uint8Array[]): void {
    this.#codes.remove('WHERE user_id = ?', id);
    for (const hash of hashes) this.#codes.insert({ hash, userId: id });
  }

  /** A built-in role, or a role of this box. */
  role(name: string): RoleRow | undefined {
    const builtIn = builtInRole(name);
    if (builtIn !== undefined) return builtIn;
    const row = this.#roles.one('WHERE name = ?', name);
    return row && { ...row, scopes: readScopes(row.scopes), isBuiltIn: false };
  }

  ownRoles(): readonly RoleRow[] {
    return this.#roles
      .all('ORDER BY name')
      .map((row) => ({ ...row, scopes: readScopes(row.scopes), isBuiltIn: false }));
  }

  insertRole(name: string, description: string, scopes: readonly Scope[]): void {
    this.#roles.insert({ name, description, scopes: JSON.stringify(scopes), revision: 1 });
  }

  changeRole(name: string, description: string, scopes: readonly Scope[]): void {
    const revision = (this.role(name)?.revision ?? 0) + 1;
    this.#roles.change(name, { description, scopes: JSON.stringify(scopes), revision });
  }

  removeRole(name: string): void {
    this.#roles.remove('WHERE name = ?', name);
  }
}

/** Takes the role twice and the text three times. */
const matches = `(? IS NULL OR role = ?) AND (? IS NULL OR instr(user_name, ?) > 0
  OR instr(lower(display_name), ?) > 0)`;

export function builtInRole(name: string): RoleRow | undefined {
  const found = Object.entries(builtInRoles).find(([each]) => each === name);
  return found && { name, description: '', scopes: found[1], isBuiltIn: true, revision: 1 };
}

/** Scopes as stored; those that this release does not know are left out. */
export function readScopes(text: string): readonly Scope[] {
  const given: unknown = JSON.parse(text);
  return Array.isArray(given)
    ? given.filter((each): each is Scope => typeof each === 'string' && isScope(each))
    : [];
}

/** A limit to cameras as stored; undefined for all cameras. Anything unreadable gives none. */
export function readCameras(text: string | null): readonly string[] | undefined {
  if (text === null) return undefined;
  const given: unknown = JSON.parse(text);
  return Array.isArray(given) ? given.filter((each): each is string => typeof each === 'string') : [];
}
