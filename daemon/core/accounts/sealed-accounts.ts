import { hkdfKey } from '../../host/keyed-hash.js';
import { areEqual, wipe } from '../../host/sodium.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { keyText, selectedOf, type TableForm, type Value } from '../../host/table-form.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { readState, type StatedSet } from '../../kernel/stated-set.js';
import type { AuditEntry } from '../audit/audit-entry.js';
import type { AuditLog } from '../audit/audit-log.js';
import {
  AccountLedger,
  accountsAtStart,
  digestOfRows,
  nothingStated,
  placeOf,
  type SealedRows,
  sealOfSet,
  sealRow,
} from './account-ledger.js';
import { moveAside, openAccountsDatabase } from './accounts-schema.js';
import { approvalTable } from './approvals-store.js';
import { passkeyTable } from './passkeys-store.js';
import { pushDeviceTable } from './push-devices-store.js';
import { savedFilterTable } from './saved-filters-store.js';
import { screenTable } from './screens-store.js';
import { SealedTable } from './sealed-table.js';
import { apiKeyTable, claimTable, refreshTable, sessionTable } from './sessions-store.js';
import { recoveryCodeTable, roleTable, userTable } from './users-store.js';

/** What can be wrong with accounts.db. */
export const accountFaults = [
  /** A row, or the whole file, that this program did not write. */
  'not-sealed',
  /** Rows that the log states are gone, or the file is. */
  'missing',
  /** The file is an older one. */
  'put-back',
  /** The newest change is in the log only: the box was killed during it, or the file before it was put back. */
  'unfinished',
  /** The accounts are newer than the log. */
  'log-older',
  /** The log cannot be trusted. */
  'log-broken',
] as const;
export type AccountFault = (typeof accountFaults)[number];
export type AccountFaults = ReadonlyMap<AccountFault, number>;

export type AccountsLog = Pick<AuditLog, 'append' | 'list' | 'isWholeSince' | 'verify' | 'oldest'>;

export interface SealedAccountsOptions {
  readonly path: string;
  /** The keys of the audit log, the one in use first. The caller wipes them. */
  readonly auditKeys: readonly Uint8Array[];
  /** `<site>/<box>`. A file from before the box was renamed keeps the name that it was made with. */
  readonly box: string;
  readonly log: AccountsLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Accounts whose rows were compared with the audit log. */
export interface SealedAccounts extends Disposable {
  readonly ledger: AccountLedger;
  /** What was found at the opening. */
  readonly faults: AccountFaults;
  /** Looks at the file again: for rows that others wrote, and whether it is still there. Returns what it found. */
  inspect(): AccountFaults;
}

/** A table as the settlement sees it: rows by field. */
type AnyForm = TableForm<Record<string, Value>>;

/** Children before what they refer to. */
const tables: readonly AnyForm[] = [
  ...[
    recoveryCodeTable,
    refreshTable,
    sessionTable,
    passkeyTable,
    approvalTable,
    savedFilterTable,
    pushDeviceTable,
  ],
  ...[apiKeyTable, claimTable, screenTable, userTable, roleTable],
].map((form) => form as unknown as AnyForm);

/** The groups and actions of the log that state the accounts. */
const statingActions = [
  ...['accounts', 'login', 'session', 'user', 'role', 'screen', 'approval'],
  ...['access.key-created', 'access.key-revoked'],
];

const use = 'rollcall accounts rows 1';

/**
 * Opens accounts.db and trusts what this program wrote last: the seal in the file must fit, and the audit log must state the same
 * set. A file that does not fit is renamed, and the box goes on without accounts until `rollcall user claim`. Rows of others are
 * deleted. All of it is written into the log.
 */
export function openSealedAccounts(options: SealedAccountsOptions): SealedAccounts {
  const { path, auditKeys, log, clock, logger } = options;
  const keys = auditKeys.map((each) => hkdfKey(each, use));
  const [key] = keys;
  if (key === undefined) throw new RangeError('no audit key');
  let file = openAccountsDatabase(path, { clock, logger, isUsable: canRead });
  const logged = readLog(log);
  const judged = judge(file, { keys, box: options.box, logged, log });
  const faults = new Map<AccountFault, number>(judged.faults);
  if (judged.verdict === 'refused') {
    file.close();
    moveAside(path, 'refused', clock);
    file = openAccountsDatabase(path, { clock, logger, isUsable: canRead });
  }
  dropForeignSchema(file, faults);
  const isKept = judged.verdict === 'kept';
  const box = isKept ? judged.box : options.box;
  const trusted = isKept ? keep(file, judged.rows, { key: judged.key, box, faults }) : new Map();
  const stated = logged.outcome === 'stated' ? logged.state : nothingStated;
  const revision = Math.max(stated.revision, isKept ? judged.revision : 0);
  const rows = isKept && judged.key === key ? trusted : sealAll(file, { key, box });
  // Until the log states them: a kill before that must not make them look put back.
  const isAhead = isKept && !faults.has('unfinished') && digestOfRows(rows) !== stated.digest;
  const ledger = new AccountLedger(file, {
    ...{ key, box, log, logger, rows },
    stated: { ...stated, revision: isAhead && logged.outcome === 'stated' ? revision + 1 : revision },
  });
  if (isAhead || judged.verdict === 'adopted') ledger.store();
  if (judged.verdict === 'adopted') {
    ledger.state({ by: accountsAtStart, action: 'accounts.sealed', details: countsOf(rows) });
    logger.warn('the accounts of an earlier version were sealed; all sessions ended', {
      remedy: "Check the accounts and API keys once: 'rollcall user list', and the API keys in the console.",
    });
  }
  if (faults.has('unfinished') && logged.outcome === 'stated') undoUnfinished(ledger, logged.newest);
  if (faults.size > 0) {
    const found = [...faults].map(([fault, count]) => `${fault}:${count}`).join(',');
    ledger.state({ by: accountsAtStart, action: 'accounts.set-aside', details: { found } });
    logger.error('the file of the accounts is not as the box left it; what does not fit is not used', {
      found: Object.fromEntries(faults),
      remedy: 'Follow docs/how-to/recovery.md, "When accounts.db was changed".',
    });
  }
  ledger.store();
  let isLost = false;
  return {
    ledger,
    faults,
    inspect() {
      const found = new Map<AccountFault, number>();
      if (!isLost && !file.isInPlace()) {
        isLost = true;
        found.set('missing', 1);
      }
      ledger.database.transaction(() => {
        dropForeignSchema(file, found);
        const foreign = tables.flatMap((form) =>
          rowsOf(file, form).flatMap((row) =>
            ledger.isTrusted(form, row) ? [] : [{ form, key: row[form.key] ?? null }],
          ),
        );
        for (const each of foreign) removeRow(file, each.form, each.key);
        const gone = ledger.forgetAllBut(presentPlaces(file));
        if (foreign.length > 0) found.set('not-sealed', foreign.length);
        else if (gone > 0) found.set('missing', gone);
      });
      if (found.size === 0) return found;
      const details = { found: [...found].map(([fault, count]) => `${fault}:${count}`).join(',') };
      ledger.state({ by: accountsAtStart, action: 'accounts.set-aside', details });
      return found;
    },
    [Symbol.dispose]() {
      file.close();
      for (const each of keys) wipe(each);
    },
  };
}

type Logged =
  | { readonly outcome: 'silent'; readonly isReplaced: boolean }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'broken' }
  | {
      readonly outcome: 'stated';
      readonly state: StatedSet;
      readonly newest: AuditEntry;
      /** A backup with another log was restored since. */
      readonly isReplaced: boolean;
    };

function readLog(log: AccountsLog): Logged {
  try {
    const stating = statingActions.flatMap((action) => {
      const [newest] = log.list({ action, limit: 1 });
      const state = newest && readState(newest.details);
      return newest === undefined || state === undefined ? [] : [{ newest, state }];
    });
    const [last] = stating.sort((a, b) => b.newest.sequence - a.newest.sequence);
    const [restored] = log.list({ action: 'backup.restored', limit: 1 });
    const isReplaced = restored !== undefined && restored.sequence > (last?.newest.sequence ?? 0);
    if (last === undefined) {
      // Silence is believed only if the log is whole: an attacker may have removed the statement.
      return log.verify().outcome === 'whole' ? { outcome: 'silent', isReplaced } : { outcome: 'broken' };
    }
    if (!log.isWholeSince(last.newest.sequence)) return { outcome: 'broken' };
    return { outcome: 'stated', ...last, isReplaced };
  } catch (error) {
    // The gallery file is damaged or being replaced: the seal in the file stands alone.
    if (isRollcallError(error, 'audit-log-missing')) return { outcome: 'unknown' };
    throw error;
  }
}

type Judged = { readonly faults: readonly (readonly [AccountFault, number])[] } & (
  | {
      readonly verdict: 'kept';
      readonly rows: SealedRows;
      readonly revision: number;
      readonly key: Uint8Array;
      readonly box: string;
    }
  | { readonly verdict: 'empty' | 'adopted' | 'refused' }
);

function judge(
  file: OpenDatabase,
  {
    keys,
    box,
    logged,
    log,
  }: {
    readonly keys: readonly Uint8Array[];
    readonly box: string;
    readonly logged: Logged;
    readonly log: AccountsLog;
  },
): Judged {
  const head = readHead(file, keys, box);
  const isEmpty = tables.every((form) => rowsOf(file, form).length === 0);
  const refused = (fault: AccountFault): Judged => ({
    verdict: isEmpty ? 'empty' : 'refused',
    faults: [[fault, 1]],
  });
  if (head === 'forged') return refused('not-sealed');
  const isStated = logged.outcome === 'stated' && logged.state.digest !== nothingStated.digest;
  if (logged.outcome === 'broken') {
    return isEmpty && head === undefined ? { verdict: 'empty', faults: [] } : refused('log-broken');
  }
  if (head === undefined) {
    if (isStated) return refused('missing');
    if (isEmpty) return { verdict: 'empty', faults: [] };
    // Rows without a seal are those of an earlier version only where the log never stated any.
    return logged.outcome === 'silent' ? adopt(file, log, logged.isReplaced) : refused('not-sealed');
  }
  const kept = (...faults: readonly AccountFault[]): Judged => ({
    ...{ verdict: 'kept', rows: head.rows, revision: head.revision, key: head.key, box: head.box },
    faults: faults.map((fault) => [fault, 1]),
  });
  if (logged.outcome === 'unknown' || logged.isReplaced) return kept();
  const isCurrentKey = head.key === keys[0];
  if (logged.outcome === 'silent') {
    if (head.rows.size === 0) return kept();
    return isCurrentKey && head.box === box ? kept('log-older') : refused('log-older');
  }
  const { state } = logged;
  const digest = digestOfRows(head.rows);
  if (digest === state.digest) return kept();
  // A former key may be known to others: rows under it count only where the log states exactly the same.
  if (!isCurrentKey) return refused('put-back');
  // Under another name it may be the file of a box that was cloned from this one.
  if (head.revision > state.revision) return head.box === box ? kept('log-older') : refused('put-back');
  if (digest === state.before && head.revision < state.revision) return kept('unfinished');
  return refused('put-back');
}

interface Head {
  readonly rows: SealedRows;
  readonly revision: number;
  readonly key: Uint8Array;
  /** `<site>/<box>` when the file was made. */
  readonly box: string;
}

/** The seals in the file; undefined without any. */
function readHead(
  { db }: OpenDatabase,
  keys: readonly Uint8Array[],
  box: string,
): Head | 'forged' | undefined {
  const found = db
    .prepare<[], { readonly content: string; readonly seal: Uint8Array }>('SELECT content, seal FROM sealed')
    .get();
  if (found === undefined) return undefined;
  const said = parsed(found.content);
  const bound = said?.box ?? box;
  const key = keys.find((each) => areEqual(sealOfSet(each, bound, found.content), found.seal));
  if (said === undefined || key === undefined) return 'forged';
  const rows = new Map(said.rows.map(([place, firm, whole]) => [place, { firm, whole }]));
  return { key, box: bound, revision: said.revision, rows };
}

interface HeadContent {
  /** Absent in a file of an earlier version. */
  readonly box?: string;
  readonly revision: number;
  readonly rows: readonly (readonly [place: string, firm: string, whole: string])[];
}

/** Has this form where the seal is right, because the program wrote it. Undefined if it is no JSON. */
function parsed(content: string): HeadContent | undefined {
  try {
    return JSON.parse(content) as HeadContent;
  } catch {
    return undefined;
  }
}

/** Deletes what the seals do not name, and says what is missing. Returns what is left. */
function keep(
  file: OpenDatabase,
  sealed: SealedRows,
  {
    key,
    box,
    faults,
  }: { readonly key: Uint8Array; readonly box: string; readonly faults: Map<AccountFault, number> },
): SealedRows {
  return file.transaction(() => {
    let foreign = 0;
    for (const form of tables) {
      for (const row of rowsOf(file, form)) {
        if (form.isIdle?.(row) === true) continue;
        if (sealed.get(placeOf(form, row))?.whole === sealRow(form, row, { key, box }).whole) continue;
        foreign += 1;
        removeRow(file, form, row[form.key] ?? null);
      }
    }
    const there = presentPlaces(file);
    const kept: SealedRows = new Map([...sealed].filter(([place]) => there.has(place)));
    if (foreign > 0) faults.set('not-sealed', foreign);
    // A row that was altered is missing, too; one fault is enough for it.
    else if (kept.size < sealed.size) faults.set('missing', sealed.size - kept.size);
    return kept;
  });
}

/** Rows of an earlier version, which sealed nothing: those whose making the log can know and does not know are refused. */
function adopt(file: OpenDatabase, log: AccountsLog, isReplaced: boolean): Judged {
  const entries = [
    ...log.list({ action: 'user', limit: Number.MAX_SAFE_INTEGER }),
    ...log.list({ action: 'access.key-created', limit: Number.MAX_SAFE_INTEGER }),
    ...log.list({ action: 'screen.added', limit: Number.MAX_SAFE_INTEGER }),
  ];
  const known = new Set(entries.flatMap(({ subject, details }) => [subject, details['passkey']]));
  const oldest = log.oldest();
  const isCut = isReplaced || (oldest?.sequence ?? 1) > 1;
  const mayBe = ({ id, createdAtMs }: Record<string, Value>): boolean =>
    known.has(String(id)) || (isCut && Number(createdAtMs) < (oldest?.atMs ?? 0));
  let foreign = 0;
  file.transaction(() => {
    for (const name of ['refresh_token', 'session', 'approval', 'claim']) {
      file.db.prepare(`DELETE FROM ${name}`).run();
    }
    for (const form of tables) {
      if (!['user', 'api_key', 'screen', 'passkey'].includes(form.name)) continue;
      for (const row of rowsOf(file, form)) {
        if (mayBe(row)) continue;
        foreign += 1;
        removeRow(file, form, row[form.key] ?? null);
      }
    }
  });
  return { verdict: 'adopted', faults: foreign > 0 ? [['not-sealed', foreign]] : [] };
}

/** Ends what the newest change of the log may have ended: the file may be the one before it. */
function undoUnfinished(ledger: AccountLedger, { action, subject = '', details }: AuditEntry): void {
  const { database } = ledger;
  const on = (form: unknown, which: string, ...given: readonly Value[]): void => {
    const table = form as AnyForm;
    for (const row of rowsOf(database, table, which, given)) {
      removeRow(database, table, row[table.key] ?? null);
    }
  };
  database.transaction(() => {
    on(claimTable, '');
    on(sessionTable, 'WHERE user_id = ?', subject);
    on(approvalTable, 'WHERE asked_by = ?', subject);
    on(apiKeyTable, 'WHERE id = ?', subject);
    on(screenTable, 'WHERE id = ?', subject);
    if (action.startsWith('role.')) on(roleTable, 'WHERE name = ?', subject);
    if (action === 'user.recovery-code-used' || action === 'user.recovery-codes-renewed') {
      on(recoveryCodeTable, 'WHERE user_id = ?', subject);
    }
    if (action === 'user.passkey-removed') on(passkeyTable, 'WHERE id = ?', String(details['passkey']));
    if (action === 'user.removed') {
      on(apiKeyTable, 'WHERE created_by = ?', `user:${subject}`);
      on(userTable, 'WHERE id = ?', subject);
    }
    ledger.forgetAllBut(presentPlaces(database));
    if (disabling.includes(action)) new SealedTable(ledger, userTable).change(subject, { isDisabled: 1 });
  });
}

/** After these, an older row of the account could open more than the present one. An administrator can enable it again. */
const disabling = [
  ...['user.changed', 'user.password-changed', 'user.password-reset'],
  ...['user.second-factor-added', 'user.second-factor-removed'],
];

function rowsOf(
  { db }: OpenDatabase,
  form: AnyForm,
  which = '',
  given: readonly Value[] = [],
): readonly Record<string, Value>[] {
  return db
    .prepare<Value[], Record<string, Value>>(`SELECT ${selectedOf(form)} FROM ${form.name} ${which}`)
    .all(...given);
}

function removeRow({ db }: OpenDatabase, { name, columns, key }: AnyForm, value: Value): void {
  db.prepare(`DELETE FROM ${name} WHERE ${columns[key]} = ?`).run(value);
}

function presentPlaces(file: OpenDatabase): ReadonlySet<string> {
  return new Set(
    tables.flatMap((form) =>
      rowsOf(file, form).map((row) => `${form.name} ${keyText(row[form.key] ?? null)}`),
    ),
  );
}

function sealAll(file: OpenDatabase, by: { readonly key: Uint8Array; readonly box: string }): SealedRows {
  const rows: SealedRows = new Map();
  for (const form of tables) {
    for (const row of rowsOf(file, form)) {
      if (form.isIdle?.(row) !== true) rows.set(placeOf(form, row), sealRow(form, row, by));
    }
  }
  return rows;
}

function countsOf(rows: SealedRows): Readonly<Record<string, number>> {
  const count = (table: string): number =>
    [...rows.keys()].filter((place) => place.startsWith(`${table} `)).length;
  return { users: count('user'), apiKeys: count('api_key'), screens: count('screen') };
}

/** The file has no triggers and no views: those that are there come from somebody else. */
function dropForeignSchema({ db }: OpenDatabase, faults: Map<AccountFault, number>): void {
  const found = db
    .prepare<[], { readonly type: string; readonly name: string }>(
      `SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'view')`,
    )
    .all();
  for (const { type, name } of found) db.exec(`DROP ${type} "${name.replaceAll('"', '""')}"`);
  if (found.length > 0) faults.set('not-sealed', found.length);
}

/** Whether the file has the tables that the program reads. */
function canRead(file: OpenDatabase): boolean {
  try {
    readHead(file, [], '');
    for (const form of tables) rowsOf(file, form, 'LIMIT 1');
    const known = file.db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all();
    return ['sealed', 'failure', ...tables.map(({ name }) => name)].every((name) => known.includes(name));
  } catch {
    return false;
  }
}
