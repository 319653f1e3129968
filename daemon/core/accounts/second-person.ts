import { createHash } from 'node:crypto';
import type { Approval, approvalOperations } from '../../contract/approvals.js';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { OperationDeclaration } from '../../contract/operation.js';
import { keyedHash } from '../../host/keyed-hash.js';
import { opaqueText } from '../../host/opaque-text.js';
import type { RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { SecondPersonClass } from '../../kernel/second-person-classes.js';
import { refusal } from '../../words/errors.js';
import {
  type AccountsContext,
  changeAudited,
  covers,
  entryOf,
  type Rights,
  scopesOf,
} from './accounts-context.js';
import type { ApprovalRow } from './approvals-store.js';
import { notAnAccount } from './session-life.js';
import { readCameras, type UserRow } from './users-store.js';

/** A request and its approval are over after this time. */
export const approvalMs = 30 * 60_000;
/** Requests of one user; a further one removes the oldest. */
export const mostOfUser = 20;

/** What is to be done. */
export interface Undertaking {
  readonly operationId: string;
  readonly declaration: Pick<
    OperationDeclaration,
    'scope' | 'secondPerson' | 'hiddenFields' | 'files' | 'secrets'
  >;
  readonly input: object;
}

/**
 * Lets an operation begin only when a second person has approved it, where the configuration demands that. An approval is for one
 * user, one operation and exactly one input, for one use.
 */
export class SecondPerson {
  readonly #context: AccountsContext;
  readonly #demanded: () => readonly SecondPersonClass[];

  constructor(context: AccountsContext, demanded: () => readonly SecondPersonClass[]) {
    this.#context = context;
    // Who may make an account that approves could approve alone: accounts need two persons wherever anything does.
    this.#demanded = () => {
      const named = demanded();
      return named.length === 0 ? named : [...named, 'users'];
    };
  }

  /** Uses up an approval, or asks for one. @throws `approval-required`, which names the request */
  admit(undertaking: Undertaking, caller: Caller): void {
    const { secondPerson: asked, scope } = undertaking.declaration;
    if (asked === undefined || scope === 'public' || scope === 'self') return;
    if (!this.#demanded().includes(asked)) return;
    const { userId } = caller;
    // API keys never prove who they are; this holds if that changes.
    if (userId === undefined) throw notAnAccount();
    const digest = this.#digest(undertaking);
    const waiting = this.#useOrFind(undertaking, { digest, userId }, caller);
    if (waiting !== undefined) throw approvalRequired(waiting);
  }

  /** Undefined if an approval was used up; otherwise the request that waits for one. */
  #useOrFind(
    { operationId, declaration, input }: Undertaking,
    { digest, userId }: { readonly digest: Buffer; readonly userId: string },
    caller: Caller,
  ): ApprovalRow | undefined {
    const { database, approvals, audit, clock } = this.#context;
    const { secondPerson: asked, scope } = declaration;
    if (asked === undefined || scope === 'public' || scope === 'self') return undefined;
    return database.transaction(() => {
      const nowMs = clock.wallMs();
      const found = approvals.open(userId, digest, nowMs);
      const by = found?.decidedBy;
      if (found?.state === 'approved' && this.#mayStillDecide(found)) {
        approvals.use(found.id);
        const details = { approval: found.id, operation: operationId, ...present({ by: by ?? undefined }) };
        audit.append(entryOf(caller, { action: 'approval.used', subject: userId, details }));
        return undefined;
      }
      if (found?.state === 'waiting') return found;
      if (found !== undefined) approvals.decide(found.id, 'refused', by ?? caller.actor);
      const row: ApprovalRow = {
        ...{ id: `q-${opaqueText()}`, operation: operationId, class: asked, scope, digest },
        shown: JSON.stringify(shownFields(declaration, input)),
        ...{ askedBy: userId, askedAtMs: nowMs, expiresAtMs: nowMs + approvalMs },
        ...{ state: 'waiting', decidedBy: null },
      };
      // Before the new one, which a clock that was set back makes look like the oldest.
      approvals.keepNewest(userId, mostOfUser - 1);
      approvals.insert(row);
      const details = { approval: row.id, operation: operationId };
      audit.append(entryOf(caller, { action: 'approval.asked', subject: userId, details }));
      return row;
    });
  }

  /** Whoever approved may have lost the right to it. A person on the box keeps it. */
  #mayStillDecide(row: ApprovalRow): boolean {
    const { decidedBy } = row;
    if (decidedBy?.startsWith('user:') !== true) return decidedBy !== null;
    const user = this.#context.users.byId(decidedBy.slice('user:'.length));
    if (user === undefined || user.isDisabled === 1) return false;
    if (!isOlder(user, row)) return false;
    const cameras = readCameras(user.cameras);
    const rights = {
      scopes: new Set(scopesOf(this.#context, user)),
      cameras: cameras === undefined ? undefined : new Set(cameras),
    };
    return mayDecide(this.#context, rights, row);
  }

  /** Keyed: a digest in the file must not let anyone guess a secret that was part of the input. */
  #digest({ operationId, input }: Undertaking): Buffer {
    return keyedHash(this.#context.keys.hiding, 'second person', [operationId, canonical(input)]);
  }
}

const approved = { state: 'approved', action: 'approval.given' } as const;
const refused = { state: 'refused', action: 'approval.refused' } as const;

/** Users list, approve and refuse requests. */
export function approvalHandlers(context: AccountsContext): Handlers<typeof approvalOperations> {
  const { approvals, clock } = context;
  const openFor = (id: string, caller: Caller): ApprovalRow => {
    const row = approvals.byId(id);
    if (row === undefined || row.expiresAtMs <= clock.wallMs() || !isVisible(context, caller, row)) {
      throw noSuchApproval(id);
    }
    return row;
  };
  const decide = (row: ApprovalRow, by: typeof approved | typeof refused, caller: Caller): Approval =>
    changeAudited(context, () => {
      const { state, action } = by;
      approvals.decide(row.id, state, caller.actor);
      const details = { approval: row.id, operation: row.operation };
      return {
        result: show(context, { ...row, state, decidedBy: caller.actor }),
        entry: entryOf(caller, { action, subject: row.askedBy, details }),
      };
    });
  return {
    'approvals.list'({ limit, cursor }, { caller }) {
      refuseOthers(caller);
      const visible = approvals.list(clock.wallMs()).filter((row) => isVisible(context, caller, row));
      const last = visible.findIndex(({ id }) => id === cursor);
      // What comes after a request that is over is older, and over, too.
      const begin = cursor !== undefined && last < 0 ? visible.length : last + 1;
      const items = visible.slice(begin, begin + limit);
      const nextCursor = begin + limit < visible.length ? items.at(-1)?.id : undefined;
      return { items: items.map((row) => show(context, row)), nextCursor, total: visible.length };
    },
    'approvals.approve'({ id }, { caller }) {
      refuseOthers(caller);
      const row = openFor(id, caller);
      if (row.askedBy === caller.userId) throw ownApproval();
      const approver = caller.userId === undefined ? undefined : context.users.byId(caller.userId);
      if (approver !== undefined && !isOlder(approver, row)) throw approverTooNew();
      if (row.state !== 'waiting') throw alreadyDecided(row);
      // A gate that was taken over holds the session of the second person, but cannot make a new proof.
      if (caller.provedAtMs !== 'always' && caller.provedAtMs < row.askedAtMs) throw proofTooOld();
      return decide(row, approved, caller);
    },
    'approvals.refuse'({ id }, { caller }) {
      refuseOthers(caller);
      const row = openFor(id, caller);
      if (row.state === 'used' || row.state === 'refused') throw alreadyDecided(row);
      return decide(row, refused, caller);
    },
  };
}

/**
 * The account of the second person, with its rights and its password, is older than the request: otherwise the first person
 * could make, raise or take over an account to approve with.
 */
function isOlder({ createdAtMs, grantedAtMs }: UserRow, { askedAtMs }: ApprovalRow): boolean {
  return Math.max(createdAtMs, grantedAtMs) < askedAtMs;
}

/** Only persons decide: users, and those on the box itself. */
function refuseOthers({ userId, provedAtMs }: Caller): void {
  if (userId === undefined && provedAtMs !== 'always') throw notAnAccount();
}

/** A user sees their own requests, and those of which they could do the operation themselves. */
function isVisible(context: AccountsContext, caller: Caller, row: ApprovalRow): boolean {
  return row.askedBy === caller.userId || mayDecide(context, caller, row);
}

function mayDecide({ users }: AccountsContext, rights: Rights, { askedBy, scope }: ApprovalRow): boolean {
  const asker = users.byId(askedBy);
  return asker !== undefined && covers(rights, [scope], readCameras(asker.cameras));
}

function show({ users }: AccountsContext, row: ApprovalRow): Approval {
  const asker: UserRow | undefined = users.byId(row.askedBy);
  return {
    ...{ id: row.id, operation: row.operation, class: row.class, state: row.state },
    // The program wrote it, from checked input.
    input: JSON.parse(row.shown) as Readonly<Record<string, unknown>>,
    askedBy: { id: row.askedBy, userName: asker?.userName ?? '' },
    askedAt: isoTime(row.askedAtMs),
    expiresAt: isoTime(row.expiresAtMs),
    ...present({ decidedBy: row.decidedBy ?? undefined }),
  };
}

/** The fields that a second person sees: no secret, no file. */
function shownFields(
  { hiddenFields = [], files, secrets }: Undertaking['declaration'],
  input: object,
): object {
  const hidden = new Set([...hiddenFields, ...Object.keys(files ?? {}), ...Object.keys(secrets ?? {})]);
  return Object.fromEntries(Object.entries(input).filter(([name]) => !hidden.has(name)));
}

/** JSON with sorted names, bytes by their hash: the same for the same input, and for no other. */
function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `sha256:${createHash('sha256').update(value).digest('hex')}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, each]) => each !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(',')}}`;
}

function approvalRequired({ id, expiresAtMs }: ApprovalRow): RollcallError {
  return refusal('approval-required', {}, { details: { approval: id, expiresAt: isoTime(expiresAtMs) } });
}

function ownApproval(): RollcallError {
  return refusal('own-approval');
}

function proofTooOld(): RollcallError {
  return refusal('step-up-required:proof-too-old');
}

function approverTooNew(): RollcallError {
  return refusal('approver-too-new');
}

function alreadyDecided({ state }: ApprovalRow): RollcallError {
  return refusal('approval-decided', {}, { details: { state } });
}

function noSuchApproval(id: string): RollcallError {
  return refusal('no-such-approval', {}, { details: { id } });
}
