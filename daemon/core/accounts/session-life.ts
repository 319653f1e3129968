import type { Login } from '../../contract/auth.js';
import { clockToleranceMs } from '../../contract/caller.js';
import type { Call } from '../../contract/handlers.js';
import type { Session } from '../../contract/users.js';
import { opaqueText } from '../../host/opaque-text.js';
import type { RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { type AccountsContext, entryOf, isPossible, noteUse } from './accounts-context.js';
import { type Factor, isSamePassword, loginRefused, provedBy } from './proof.js';
import { hashOfSecret, newSecret } from './secrets.js';
import type { SessionRow } from './sessions-store.js';
import { showUser } from './show-user.js';
import type { UserRow } from './users-store.js';

/** A browser's session ends so long after the login, whatever happens. */
export const sessionMs = 12 * 3_600_000;
/** … or after this time without a request. */
export const idleMs = 30 * 60_000;
/** A refresh token can be used for this time. */
export const refreshMs = 14 * 86_400_000;
/** The tokens of one login end after this time, however often they were refreshed. */
export const familyMs = 90 * 86_400_000;
/** A second use of a refresh token within this time may be two honest requests at once. */
export const concurrentMs = 10_000;
/** The time of the last request is stored so exactly, to spare the disk. */
export const seenEveryMs = 60_000;
/** Sessions of one user; a further login ends the oldest. */
export const mostSessions = 20;

export type SessionContext = Pick<
  AccountsContext,
  'database' | 'users' | 'sessions' | 'passkeys' | 'throttle' | 'tokens' | 'audit' | 'clock' | 'logger'
>;

/** Begins, renews and ends sessions of browsers and tokens of programs. */
export class SessionLife {
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** Begins a session after a login. `details`: how the user proved who they are. */
  async start(
    user: UserRow,
    kind: Login['kind'],
    call: Call,
    details: { readonly factor: Factor },
  ): Promise<Login> {
    const { database, sessions, users, audit, clock } = this.#context;
    const { caller } = call;
    const nowMs = clock.wallMs();
    const id = `s-${opaqueText()}`;
    const secret = newSecret(kind === 'session' ? 'session' : 'refresh');
    const row: SessionRow = {
      ...{ id, userId: user.id, createdAtMs: nowMs, lastSeenAtMs: nowMs },
      ...{ provedAtMs: nowMs, provedBy: provedBy(details.factor) },
      token: kind === 'session' ? secret.hash : null,
      expiresAtMs: nowMs + (kind === 'session' ? sessionMs : refreshMs),
      address: caller.address ?? null,
      agent: caller.agent?.slice(0, 256) ?? null,
    };
    const access = kind === 'tokens' ? await this.#access(user.id, id) : undefined;
    database.transaction(() => {
      const now = users.byId(user.id);
      // The account may have changed since its password was checked; its sessions were ended then.
      if (now === undefined || now.isDisabled === 1 || !isSamePassword(user, now)) throw loginRefused();
      for (const old of sessions.ofUser(user.id).slice(mostSessions - 1)) sessions.expire(old.id);
      sessions.insert(row);
      if (kind === 'tokens') sessions.insertRefreshToken(secret.hash, id, row.expiresAtMs);
      users.note(user.id, { lastLoginAtMs: nowMs });
      const by = { ...caller, actor: `user:${user.id}`, sessionId: id };
      audit.append(
        entryOf(by, { action: 'login.succeeded', subject: user.id, details: { ...details, kind } }),
      );
    });
    const shown = showUser(this.#context, users.byId(user.id) ?? user);
    if (access !== undefined) {
      const refresh = { refreshToken: secret.text, refreshExpiresAt: isoTime(row.expiresAtMs) };
      return { kind: 'tokens', user: shown, ...access, ...refresh };
    }
    call.setSessionCookie?.(secret.text, sessionMs / 1000);
    return { kind: 'session', user: shown, expiresAt: isoTime(row.expiresAtMs) };
  }

  /** Exchanges a refresh token. @throws `refresh-refused`, `refresh-concurrent` */
  async refresh(refreshToken: string, { caller }: Call) {
    const { database, sessions, audit, clock } = this.#context;
    const nowMs = clock.wallMs();
    const next = newSecret('refresh');
    const outcome = database.transaction(() => {
      const hash = hashOfSecret('refresh', refreshToken);
      const found = hash && sessions.refreshToken(hash);
      const row = found && this.alive(found.sessionId);
      if (hash === undefined || found === undefined || row === undefined || found.expiresAtMs <= nowMs) {
        return { refused: refreshRefused() };
      }
      const by = { ...caller, actor: `user:${row.userId}`, sessionId: row.id };
      const about = { subject: row.userId };
      if (found.usedAtMs !== null) return { refused: this.#usedAgain(row, found.usedAtMs, by) };
      const expiresAtMs = Math.min(nowMs + refreshMs, row.createdAtMs + familyMs);
      sessions.useRefreshToken(hash, nowMs);
      sessions.insertRefreshToken(next.hash, row.id, expiresAtMs);
      sessions.extend(row.id, expiresAtMs);
      sessions.seen(row.id, nowMs);
      audit.append(entryOf(by, { action: 'session.refreshed', ...about }));
      return { row, expiresAtMs };
    });
    // The end of a family must be stored before the refusal is thrown: an error inside the transaction would undo it.
    if ('refused' in outcome) throw outcome.refused;
    const { row, expiresAtMs } = outcome;
    const access = await this.#access(row.userId, row.id);
    return { ...access, refreshToken: next.text, refreshExpiresAt: isoTime(expiresAtMs) };
  }

  /** The session, if it has not expired and its user is active. */
  alive(id: string): SessionRow | undefined {
    return this.#ifAlive(this.#context.sessions.byId(id));
  }

  /** The session of a browser's cookie. */
  aliveByToken(token: string): SessionRow | undefined {
    const hash = hashOfSecret('session', token);
    return hash && this.#ifAlive(this.#context.sessions.byToken(hash));
  }

  /** Notes a request, at most once a minute. */
  seen({ id, lastSeenAtMs }: SessionRow): void {
    const { sessions, clock } = this.#context;
    const nowMs = clock.wallMs();
    if (Math.abs(nowMs - lastSeenAtMs) < seenEveryMs) return;
    noteUse(this.#context, () => sessions.seen(id, nowMs));
  }

  /** Ends one session. Returns how many ended. */
  end(id: string, call: Call, subject: string): number {
    const { database, sessions, audit } = this.#context;
    return database.transaction(() => {
      const ended = sessions.end(id);
      if (ended > 0)
        audit.append(entryOf(call.caller, { action: 'session.ended', subject, details: { ended: id } }));
      return ended;
    });
  }

  /** The sessions of a user, newest first. */
  list(userId: string, currentId: string | undefined): readonly Session[] {
    return this.#context.sessions
      .ofUser(userId)
      .filter((row) => this.#ifAlive(row) !== undefined)
      .map((row) => ({
        id: row.id,
        kind: row.token === null ? 'tokens' : 'session',
        isCurrent: row.id === currentId,
        createdAt: isoTime(row.createdAtMs),
        lastSeenAt: isoTime(row.lastSeenAtMs),
        expiresAt: isoTime(row.expiresAtMs),
        ...present({ address: row.address ?? undefined, agent: row.agent ?? undefined }),
      }));
  }

  #ifAlive(row: SessionRow | undefined): SessionRow | undefined {
    if (row === undefined) return undefined;
    const { users, clock } = this.#context;
    const nowMs = clock.wallMs();
    const longestMs = row.token === null ? familyMs : sessionMs;
    if (!isPossible(row.createdAtMs, row.expiresAtMs, longestMs, nowMs)) return undefined;
    // A proof of the future would be fresh for ever.
    if (Math.max(row.provedAtMs, row.lastSeenAtMs) > nowMs + clockToleranceMs) return undefined;
    if (row.token !== null && nowMs - row.lastSeenAtMs >= idleMs) return undefined;
    const user = users.byId(row.userId);
    return user === undefined || user.isDisabled === 1 ? undefined : row;
  }

  /** A used refresh token came again: two honest requests at once, or a copy. */
  #usedAgain(row: SessionRow, usedAtMs: number, by: Parameters<typeof entryOf>[0]): RollcallError {
    const { sessions, audit, clock } = this.#context;
    const sinceMs = clock.wallMs() - usedAtMs;
    if (sinceMs >= 0 && sinceMs < concurrentMs) {
      return refusal('refresh-concurrent');
    }
    sessions.end(row.id);
    audit.append(entryOf(by, { action: 'session.reused', subject: row.userId }));
    return refreshRefused();
  }

  async #access(userId: string, sessionId: string) {
    const { text, expiresAtMs } = await this.#context.tokens.sign({ userId, sessionId });
    return { accessToken: text, accessExpiresAt: isoTime(expiresAtMs) };
  }
}

/** The same for every reason: a thief learns nothing. */
function refreshRefused(): RollcallError {
  return refusal('refresh-refused');
}

/** For operations that only an account can use. */
export function notAnAccount(): RollcallError {
  return refusal('not-an-account');
}
