import { builtInRoles, isScope, type Scope } from '../contract/scopes.js';
import type { OpenDatabase } from '../host/sqlite.js';

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
  readonly revision: number;
}

/** Columns that may change, with their names in SQL. */
const columns = {
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
} as const;
type Column = keyof typeof columns;

const selected = `id, ${Object.entries(columns)
  .map(([name, column]) => `${column} AS ${name}`)
  .join(', ')}, revision`;

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
  readonly #db: OpenDatabase['db'];
  readonly #byId;
  readonly #byName;
  readonly #role;

  constructor({ db }: OpenDatabase) {
    this.#db = db;
    this.#byId = db.prepare<[string], UserRow>(`SELECT ${selected} FROM user WHERE id = ?`);
    this.#byName = db.prepare<[string], UserRow>(`SELECT ${selected} FROM user WHERE user_name = ?`);
    this.#role = db.prepare<
      [string],
      { readonly description: string; readonly scopes: string; readonly revision: number }
    >('SELECT description, scopes, revision FROM role WHERE name = ?');
  }

  byId(id: string): UserRow | undefined {
    return this.#byId.get(id);
  }

  byName(userName: string): UserRow | undefined {
    return this.#byName.get(userName.toLowerCase());
  }

  insert(row: Omit<UserRow, 'revision'>): void {
    const names = ['id', ...Object.keys(columns)];
    const targets = ['id', ...Object.values(columns)];
    this.#db
      .prepare(
        `INSERT INTO user (${targets.join(', ')}) VALUES (${names.map((name) => `@${name}`).join(', ')})`,
      )
      .run(row);
  }

  /** Changes these columns and counts the change. */
  change(id: string, values: Partial<Pick<UserRow, Column>>): void {
    this.#update(id, values, ', revision = revision + 1');
  }

  /** Changes columns that no editor of the account sees. */
  note(id: string, values: Partial<Pick<UserRow, 'codeStep' | 'lastLoginAtMs' | 'newSecondFactor'>>): void {
    this.#update(id, values, '');
  }

  #update(id: string, values: Partial<Pick<UserRow, Column>>, counting: string): void {
    const given = (Object.keys(columns) as Column[]).filter((name) => values[name] !== undefined);
    const set = given.map((name) => `${columns[name]} = @${name}`).join(', ');
    const counted = set === '' ? counting.replace(', ', '') : `${set}${counting}`;
    if (counted !== '') this.#db.prepare(`UPDATE user SET ${counted} WHERE id = @id`).run({ ...values, id });
  }

  remove(id: string): void {
    this.#db.prepare('DELETE FROM user WHERE id = ?').run(id);
  }

  list({ limit, after, role, search }: UserQuery): readonly UserRow[] {
    return this.#db
      .prepare<unknown[], UserRow>(
        `SELECT ${selected} FROM user WHERE user_name > @after AND ${matches} ORDER BY user_name LIMIT @limit`,
      )
      .all({ limit, after, role, search: search?.toLowerCase() ?? null });
  }

  count({ role, search }: Pick<UserQuery, 'role' | 'search'>): number {
    return Number(
      this.#db
        .prepare(`SELECT count(*) FROM user WHERE ${matches}`)
        .pluck()
        .get({ role, search: search?.toLowerCase() ?? null }),
    );
  }

  /** Active accounts that can do everything, for all cameras. */
  activeAdmins(): number {
    return Number(
      this.#db
        .prepare('SELECT count(*) FROM user WHERE role = ? AND is_disabled = 0 AND cameras IS NULL')
        .pluck()
        .get(adminRole),
    );
  }

  idsWithRole(role: string): readonly string[] {
    return this.#db.prepare<[string], string>('SELECT id FROM user WHERE role = ?').pluck().all(role);
  }

  recoveryCodesLeft(id: string): number {
    return Number(this.#db.prepare('SELECT count(*) FROM recovery_code WHERE user_id = ?').pluck().get(id));
  }

  /** True if the code was there; it is gone afterwards. */
  useRecoveryCode(id: string, hash: Uint8Array): boolean {
    return (
      this.#db.prepare('DELETE FROM recovery_code WHERE hash = ? AND user_id = ?').run(hash, id).changes > 0
    );
  }

  putRecoveryCodes(id: string, hashes: readonly Uint8Array[]): void {
    this.#db.prepare('DELETE FROM recovery_code WHERE user_id = ?').run(id);
    const insert = this.#db.prepare('INSERT INTO recovery_code (hash, user_id) VALUES (?, ?)');
    for (const hash of hashes) insert.run(hash, id);
  }

  /** A built-in role, or a role of this box. */
  role(name: string): RoleRow | undefined {
    const builtIn = builtInRole(name);
    if (builtIn !== undefined) return builtIn;
    const row = this.#role.get(name);
    return row && { ...row, name, scopes: readScopes(row.scopes), isBuiltIn: false };
  }

  ownRoles(): readonly RoleRow[] {
    return this.#db
      .prepare<[], string>('SELECT name FROM role ORDER BY name')
      .pluck()
      .all()
      .flatMap((name) => this.role(name) ?? []);
  }

  insertRole(name: string, description: string, scopes: readonly Scope[]): void {
    this.#db
      .prepare('INSERT INTO role (name, description, scopes) VALUES (?, ?, ?)')
      .run(name, description, JSON.stringify(scopes));
  }

  changeRole(name: string, description: string, scopes: readonly Scope[]): void {
    this.#db
      .prepare('UPDATE role SET description = ?, scopes = ?, revision = revision + 1 WHERE name = ?')
      .run(description, JSON.stringify(scopes), name);
  }

  removeRole(name: string): void {
    this.#db.prepare('DELETE FROM role WHERE name = ?').run(name);
  }
}

const matches = `(@role IS NULL OR role = @role) AND (@search IS NULL OR instr(user_name, @search) > 0
  OR instr(lower(display_name), @search) > 0)`;

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
