import { computed, signal } from '@preact/signals';
import type { Scope } from '../../contract/scopes.js';
import type { ApiError } from './api-error.js';
import { offeredScopes } from './offered-scopes.js';
import type { Output } from './request.js';

export type Me = Output<'auth.me'>;

/** Who is logged in; `undefined` before the first answer, `null` for nobody. */
export const me = signal<Me | null | undefined>(undefined);

const offered = computed(() => offeredScopes(me.value ?? { scopes: [] }));

/** True for an account that is limited to some cameras. */
export const isLimited = (): boolean => me.value?.cameras !== undefined;

/** True if the caller may do all of this. The box checks again: this only decides what is shown. */
export function can(...wanted: readonly Scope[]): boolean {
  return wanted.every((scope) => offered.value.has(scope));
}

/** True after a logout that the box did not confirm: the browser still has its cookie, and a reload opens the session again. */
export const isLogoutUnconfirmed = signal(false);

/** How many things that the user said are on their way to the box. Those that wait are lost with the session. */
export const unsent = signal(0);

/** True where the box has told that it has no administrator yet. */
export const isUnclaimed = signal(false);

/** Why it is not known yet who is logged in. */
export const resumeFault = signal<ApiError | undefined>(undefined);

/** How often the user has logged out since the page was loaded. */
export const logouts = signal(0);

/** Ends what this browser knows about the session because the user said so. */
export function leaveSession(): void {
  logouts.value += 1;
  forgetSession();
}

/** Ends what this browser knows about the session. */
export function forgetSession(): void {
  me.value = null;
}
