import { isRollcallError, messageOf, operational, type RollcallError } from '../base/errors.js';

/** The broker took a message and acknowledged nothing since. */
export function brokerSilence(silentMs: number): RollcallError {
  const silentS = Math.round(silentMs / 1000);
  return operational('broker-silent', `the broker has acknowledged nothing for ${silentS} s`, {
    remedy: 'Check that the broker is not frozen or overloaded; the connection is tried again by itself.',
    retryable: true,
  });
}

/** Whatever ended a connection, as an error of the program. */
export function asPublishError(error: unknown): RollcallError {
  if (isRollcallError(error)) return error;
  return operational('publish-failed', `cannot publish: ${messageOf(error)}`, {
    cause: error,
    retryable: true,
  });
}
