import type { AuditLog } from '../audit/audit-log.js';
import { pictureOfEvent } from '../events/event-picture.js';
import type { Gallery } from '../gallery/gallery.js';
import type { Records } from '../records/records.js';
import { type CommandHandlers, failed } from './command-handlers.js';
import { sealBytes } from './sealed-content.js';

/** Resends and acknowledges events for a centre. */
export interface OutboxControl {
  /** Sends the events from `from` to `to` again, as far as they still exist. `to` defaults to the newest. */
  resendRange(
    from: number,
    to?: number,
  ): Promise<{ readonly count: number; readonly missing: { readonly count: number } }>;
  /** The centre has stored every event up to `sequence`. Returns how many events the box no longer keeps for it. */
  acknowledgeUpTo(sequence: number): number;
}

export function outboxCommands(
  outbox: OutboxControl,
): Pick<CommandHandlers, 'resend-events' | 'acknowledge-events'> {
  return {
    async 'resend-events'({ from, to }) {
      if (to !== undefined && to < from)
        return failed('bad-range', 'the last sequence is lower than the first');
      const { count, missing } = await outbox.resendRange(from, to);
      return { outcome: 'done', result: { count, missing: missing.count } };
    },
    async 'acknowledge-events'({ upTo }) {
      return { outcome: 'done', result: { count: outbox.acknowledgeUpTo(upTo) } };
    },
  };
}

export interface PictureCommandOptions {
  readonly records: Pick<Records, 'find'>;
  /** @throws `gallery-sealed` */
  readonly gallery: () => Gallery;
  readonly audit: Pick<AuditLog, 'append'>;
}

/** The command that requests the picture of an event. */
export function pictureCommands({
  records,
  gallery,
  audit,
}: PictureCommandOptions): Pick<CommandHandlers, 'request-picture'> {
  return {
    async 'request-picture'({ event: id, sealTo }, { by }) {
      const event = records.find(id);
      if (event === undefined)
        return failed('no-such-event', 'the box does not have this event, or no longer has it');
      const jpeg = pictureOfEvent(gallery(), event);
      if (jpeg === undefined) return failed('no-such-picture', 'the box keeps no picture of this event');
      const sealed = sealBytes(sealTo, jpeg);
      audit.append({ by, action: 'evidence.read', subject: id });
      return { outcome: 'done', result: { event: id, sealed } };
    },
  };
}
