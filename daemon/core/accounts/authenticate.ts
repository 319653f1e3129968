import { isIP } from 'node:net';
import { longestKeyDays } from '../../contract/api-keys.js';
import { type Caller, sessionCookie } from '../../contract/caller.js';
import type { Scope } from '../../contract/scopes.js';
import type { RollcallError } from '../../kernel/errors.js';
import { said } from '../../kernel/said.js';
import { refusal } from '../../words/errors.js';
import { type AccountsContext, isPossible, noteUse, scopesOf } from './accounts-context.js';
import { screenCaller } from './screens.js';
import { hashOfSecret, isSecret } from './secrets.js';
import { type SessionLife, seenEveryMs } from './session-life.js';
import type { ApiKeyRow, SessionRow } from './sessions-store.js';
import { readCameras, readScopes, type UserRow } from './users-store.js';

/** What a request from the network says about its caller. All of it may be forged. */
export interface Credentials {
  readonly authorization?: string | undefined;
  readonly cookie?: string | undefined;
  readonly address?: string | undefined;
  readonly agent?: string | undefined;
  /** True for a request that may change something: every method but GET and HEAD. */
  readonly isChange: boolean;
  /** True if the gate found that the page which made the request is one of the box. */
  readonly isOwnOrigin: boolean;
}

/** As long as the contract lets a key live. */
const longestKeyMs = longestKeyDays * 86_400_000;
/** Characters of an IPv6 address with the name of an interface. */
const longestAddress = 64;

/** A caller from the network who has not logged in: may use what is public. */
export function anonymousCaller({ address, agent }: Pick<Credentials, 'address' | 'agent'>): Caller {
  const isAddress = address !== undefined && address.length <= longestAddress && isIP(address) !== 0;
  const known = isAddress ? address : undefined;
  return {
    actor: 'anonymous',
    origin: `https ${known ?? 'unknown'}`,
    scopes: new Set(),
    provedAtMs: 0,
    isLimited: true,
    address: known,
    agent: agent?.slice(0, 256),
  };
}

type AuthenticatorContext = Pick<
  AccountsContext,
  'database' | 'users' | 'sessions' | 'screens' | 'tokens' | 'clock' | 'logger'
>;

/** Finds out who sent a request. */
export class Authenticator {
  readonly #context: AuthenticatorContext;
  readonly #life: SessionLife;

  constructor(context: AuthenticatorContext, life: SessionLife) {
    this.#context = context;
    this.#life = life;
  }

  /**
   * The caller by an access token, an API key or the cookie of a session or a screen; undefined without any. Every call looks up
   * that the session, the screen, the key and the user exist: nothing outlives its end.
   * @throws `unauthenticated` for credentials that are not valid, and for none on a box without an administrator, with `reason` in
   *   its details; `forbidden` for a change by the cookie that no page of the box asks for
   */
  async authenticate(given: Credentials): Promise<Caller | undefined> {
    const { authorization, cookie } = given;
    if (authorization !== undefined) return this.#byHeader(authorization, given);
    const token = cookie === undefined ? undefined : cookieValue(cookie);
    // Who opens the console of a new box learns that it is to be claimed.
    const isUnclaimed = (): boolean => this.#context.users.activeAdmins() === 0;
    if (token === undefined) {
      if (isUnclaimed()) throw unauthenticated('unclaimed');
      return undefined;
    }
    const row = this.#life.aliveByToken(token);
    const screen = row === undefined ? screenCaller(this.#context, token) : undefined;
    if (row === undefined && screen === undefined) {
      throw unauthenticated(isUnclaimed() ? 'unclaimed' : 'session-ended');
    }
    // SameSite=Strict keeps other sites away already; this holds where a browser does not know it.
    if (given.isChange && !given.isOwnOrigin) throw foreignOrigin();
    if (row !== undefined) return this.#bySession(row, given);
    return { ...anonymousCaller(given), ...screen };
  }

  async #byHeader(authorization: string, given: Credentials): Promise<Caller> {
    const [, token] = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*)$/i.exec(authorization.trim()) ?? [];
    if (token === undefined) throw unauthenticated('malformed');
    if (isSecret('api-key', token)) return this.#byApiKey(token, given);
    const verdict = await this.#context.tokens.verify(token);
    if ('refusal' in verdict) throw unauthenticated(verdict.refusal);
    const { userId, sessionId } = verdict.claims;
    const row = this.#life.alive(sessionId);
    // The session of a browser has no access tokens.
    if (row === undefined || row.userId !== userId || row.token !== null) {
      throw unauthenticated('session-ended');
    }
    return this.#bySession(row, given);
  }

  #bySession(row: SessionRow, given: Credentials): Caller {
    const user = this.#context.users.byId(row.userId);
    if (user === undefined) throw unauthenticated('session-ended');
    this.#life.seen(row);
    const cameras = readCameras(user.cameras);
    return {
      ...anonymousCaller(given),
      actor: `user:${user.id}`,
      userId: user.id,
      sessionId: row.id,
      scopes: new Set(user.mustChange === 1 ? [] : scopesOf(this.#context, user)),
      mustChange: user.mustChange === 1,
      cameras: cameras && new Set(cameras),
      provedAtMs: row.provedAtMs,
    };
  }

  #byApiKey(token: string, given: Credentials): Caller {
    const { sessions, users, clock } = this.#context;
    const hash = hashOfSecret('api-key', token);
    const key = hash && sessions.apiKey(hash);
    const nowMs = clock.wallMs();
    if (key === undefined || !isPossible(key.createdAtMs, key.expiresAtMs, longestKeyMs, nowMs))
      throw unauthenticated('api-key-ended');
    const isByUser = key.createdBy.startsWith('user:');
    const creator = isByUser ? users.byId(key.createdBy.slice('user:'.length)) : undefined;
    if (isByUser && (creator === undefined || creator.isDisabled === 1))
      throw unauthenticated('api-key-ended');
    this.#keyUsed(key, nowMs);
    const cameras = intersection(readCameras(key.cameras), creator && readCameras(creator.cameras));
    return {
      ...anonymousCaller(given),
      actor: `api-key:${key.id}`,
      scopes: new Set(this.#scopesOfKey(key, creator)),
      cameras: cameras && new Set(cameras),
    };
  }

  /** A key never does more than its creator may do now. */
  #scopesOfKey(key: ApiKeyRow, creator: UserRow | undefined): readonly Scope[] {
    const given = readScopes(key.scopes);
    if (creator === undefined) return given;
    if (creator.mustChange === 1) return [];
    const own = new Set(scopesOf(this.#context, creator));
    return given.filter((scope) => own.has(scope));
  }

  #keyUsed({ id, lastUsedAtMs }: ApiKeyRow, nowMs: number): void {
    if (lastUsedAtMs !== null && Math.abs(nowMs - lastUsedAtMs) < seenEveryMs) return;
    noteUse(this.#context, () => this.#context.sessions.apiKeyUsed(id, nowMs));
  }
}

function intersection(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): readonly string[] | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : a.filter((each) => b.includes(each));
}

/** The session cookie of a `Cookie` header. Two of them are none: one may come from an attacker. */
function cookieValue(header: string): string | undefined {
  const values = header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${sessionCookie}=`));
  const [value] = values;
  return values.length === 1 ? value?.slice(sessionCookie.length + 1) : undefined;
}

const reasons = {
  malformed: 'unauthenticated:malformed',
  expired: 'unauthenticated:expired',
  'of-another-box': 'unauthenticated:of-another-box',
  forged: 'unauthenticated:forged',
  'session-ended': 'unauthenticated:session-ended',
  'api-key-ended': 'unauthenticated:api-key-ended',
  unclaimed: 'unauthenticated:unclaimed',
} as const;

function unauthenticated(reason: keyof typeof reasons): RollcallError {
  const hasOwnRemedy = reason === 'expired' || reason === 'unclaimed';
  return refusal(
    reasons[reason],
    {},
    { details: { reason }, ...(hasOwnRemedy ? {} : { remedy: said('errors/remedy-log-in-again') }) },
  );
}

function foreignOrigin(): RollcallError {
  return refusal('forbidden:foreign-origin');
}
