import type { z } from 'zod';
import { eventSchema } from '../../daemon/contract/events/event-schema.js';
import type { attackData, attendanceData, unknownData } from '../../daemon/contract/events/fact-data.js';

interface Shown {
  readonly id: string;
  readonly sequence: number;
  readonly time: string;
  readonly recordedAt: string;
  readonly isHistorical: boolean;
}

type ShownOf<Kind extends string, Data extends z.ZodType> = Shown & { readonly kind: Kind } & z.infer<Data>;

/** An event about a person in front of a camera, without its envelope. */
export type ShownFact =
  | ShownOf<'attendance', typeof attendanceData>
  | (ShownOf<'unknown', typeof unknownData> & { readonly person: null })
  | ShownOf<'attack', typeof attackData>;

/** The fact of a published event; undefined for events of other kinds. Throws if it breaks the contract. */
export function shownFact(payload: Uint8Array): ShownFact | undefined {
  const event = eventSchema.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
  const { id, time, recordedtime: recordedAt, historical: isHistorical = false } = event;
  const about = { id, sequence: Number(event.sequence), time, recordedAt, isHistorical };
  switch (event.type) {
    case 'rollcall.attendance.recorded.v1':
      return { kind: 'attendance', ...about, ...event.data };
    case 'rollcall.unknown.seen.v1':
      return { kind: 'unknown', ...about, ...event.data, person: null };
    case 'rollcall.attack.suspected.v1':
      return { kind: 'attack', ...about, ...event.data };
    default:
      return undefined;
  }
}
