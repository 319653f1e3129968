import type { Scope } from './scopes.js';

/** Who calls an operation, as the core established it. The gate cannot make one. */
export interface Caller {
  /** For audit entries: `uid:0`, `user:<id>`, `api-key:<id>`, `issuer:<id>` for a centre. Never a person's name. */
  readonly actor: string;
  /** The way to the box, for audit entries: `local socket pid 123`, `https 192.0.2.7`. */
  readonly origin: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The cameras that the caller is limited to; absent: all. */
  readonly cameras?: ReadonlySet<string> | undefined;
  /** The account; absent for the local socket, API keys and centres. */
  readonly userId?: string | undefined;
  /** True for an account that must choose another password before it may do anything else. */
  readonly mustChange?: boolean | undefined;
  /** The session of a browser or the family of a token. */
  readonly sessionId?: string | undefined;
  /** When the caller last proved who they are with a password or a second factor, ms since the Unix epoch. `always`: needs no proof. */
  readonly provedAtMs: number | 'always';
  /** Limits do not apply to the local socket and to centres. */
  readonly isLimited: boolean;
  /** The address of a caller from the network. */
  readonly address?: string | undefined;
  /** What the caller's program says about itself. It may be forged. */
  readonly agent?: string | undefined;
}

/** How long a proof of identity opens operations with `needsStepUp`, ms. */
export const stepUpMs = 5 * 60_000;
/** Times this far in the future are still believed: the clock of the box may have been set back a little. */
export const clockToleranceMs = 60_000;

/**
 * The cookie of a browser's session. `__Host-`: browsers take it only over TLS, and only for this host and all its paths (RFC
 * 6265bis).
 */
export const sessionCookie = '__Host-rollcall';
