import type { Caller } from '../../contract/caller.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import type { ReadingTrail } from '../audit/reading-trail.js';

interface RefusalTrailOptions {
  /** Limits the entries of each actor, so that a loop cannot fill the log. */
  readonly trail: Pick<ReadingTrail, 'note'>;
  readonly logger: Logger;
}

/** What a browser or a program does by itself, not an attempt: no credentials yet, or an access token to refresh. */
const isOrdinary = ({ code, details }: RollcallError): boolean =>
  code === 'unauthenticated' && ordinaryReasons.has(details['reason']);
const ordinaryReasons: ReadonlySet<unknown> = new Set([undefined, 'expired', 'session-ended', 'unclaimed']);

/** Writes refused requests into the audit log. Never throws: the request is refused in any case. */
export function refusalTrail({ trail, logger }: RefusalTrailOptions) {
  return (operationId: string, caller: Caller, error: RollcallError): void => {
    if (isOrdinary(error)) return;
    const { actor, origin, sessionId } = caller;
    const { reason } = error.details;
    const entry: NewAuditEntry = {
      by: { actor, origin },
      action: 'access.refused',
      details: {
        operation: operationId,
        code: error.code,
        ...(typeof reason === 'string' ? { reason } : {}),
        ...(sessionId === undefined ? {} : { session: sessionId }),
      },
    };
    try {
      trail.note(entry);
    } catch (failure) {
      logger.error('a refused request could not be written to the audit log', { error: failure });
    }
  };
}
