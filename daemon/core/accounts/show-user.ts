import { timeFormats, type User } from '../../contract/users.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { AccountsContext } from './accounts-context.js';
import { readCameras, type UserRow } from './users-store.js';

/** An account as the contract shows it. */
export function showUser(
  { users, passkeys, throttle }: Pick<AccountsContext, 'users' | 'passkeys' | 'throttle'>,
  row: UserRow,
): User {
  const lockedUntilMs = throttle.lockedUntilMs(row.userName);
  return {
    id: row.id,
    userName: row.userName,
    displayName: row.displayName,
    role: row.role,
    isDisabled: row.isDisabled === 1,
    mustChangePassword: row.mustChange === 1,
    hasSecondFactor: row.secondFactor !== null,
    recoveryCodesLeft: users.recoveryCodesLeft(row.id),
    passkeys: passkeys.ofUser(row.id).length,
    language: row.language,
    timeFormat: timeFormats.find((each) => each === row.timeFormat) ?? '24h',
    createdAt: isoTime(row.createdAtMs),
    passwordChangedAt: isoTime(row.passwordAtMs),
    revision: row.revision,
    ...present({
      cameras: readCameras(row.cameras),
      lockedUntil: lockedUntilMs === undefined ? undefined : isoTime(lockedUntilMs),
      lastLoginAt: row.lastLoginAtMs === null ? undefined : isoTime(row.lastLoginAtMs),
    }),
  };
}
