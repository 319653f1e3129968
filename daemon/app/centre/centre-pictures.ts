import type { AuditLog } from '../../audit/audit-log.js';
import { isEvidenceKind } from '../../domain/events/evidence.js';
import type { Gallery } from '../../gallery/gallery.js';
import { type CommandHandlers, failed } from '../../publish/commands/command-handlers.js';
import type { Records } from '../../records/open-records.js';
import { sealBytes } from './centre-sealed.js';

export interface CentrePicturesParts {
  readonly records: Pick<Records, 'find'>;
  /** @throws `gallery-sealed` */
  readonly gallery: () => Gallery;
  readonly audit: Pick<AuditLog, 'append'>;
}

/** Pictures kept with events, for a centre that asks for one: the event refers to it by its own id. */
export function centrePictures({
  records,
  gallery,
  audit,
}: CentrePicturesParts): Pick<CommandHandlers, 'request-picture'> {
  return {
    async 'request-picture'({ event: id, sealTo }, { by }) {
      const event = records.find(id);
      if (event === undefined) return failed('no-such-event', 'the box has no such event, or has it no more');
      const { kind, occurredAtMs } = event;
      const jpeg = isEvidenceKind(kind) ? gallery().evidenceOfEvent(kind, id, occurredAtMs) : undefined;
      if (jpeg === undefined) return failed('no-such-picture', 'no picture is kept with this event');
      const sealed = sealBytes(sealTo, jpeg);
      audit.append({ by, action: 'evidence.read', subject: id });
      return { outcome: 'done', result: { event: id, sealed } };
    },
  };
}
