import { counted } from '../../kernel/counted.js';
import type { ShowTime } from '../command-line.js';

/** The fields of a recorded event that one line shows. */
interface LineFields {
  readonly sequence?: string;
  readonly time?: string;
  readonly type?: string;
  /** Of an event whose content cannot be read. */
  readonly damaged?: true;
  readonly kind?: string;
  readonly recordedtime?: string;
  readonly data?: {
    readonly liveness?: {
      readonly verdict?: string;
      readonly reason?: string;
      readonly blinks?: readonly unknown[];
    };
    readonly [field: string]: unknown;
  };
}

/** Fields that the line shows unchanged. */
const shownFields = [
  'camera',
  'person',
  'stranger',
  'other',
  'state',
  'condition',
  'change',
  'command',
  'outcome',
  'code',
];

/** `attendance.recorded` of `rollcall.attendance.recorded.v1`. */
export function shortType(type: string): string {
  return type.replace(/^rollcall\./, '').replace(/\.v\d+$/, '');
}

/** One line: time, type, subject, similarity and liveness evidence. */
export function describeEvent(payload: unknown, show: ShowTime): string {
  const { time, type = '', data = {}, ...rest } = payload as LineFields;
  if (rest.damaged === true) {
    return `${show(rest.recordedtime ?? '')}  ${rest.kind}  damaged: its content cannot be read`;
  }
  const shown = shownFields.map((field) => data[field]).filter((value) => typeof value === 'string');
  const { similarity, liveness, active, reason, firstSequence, lastSequence } = data;
  return [
    time === undefined ? '-' : show(time),
    shortType(type),
    ...shown,
    ...(typeof active === 'boolean' ? [active ? 'begins' : 'ends'] : []),
    ...(typeof firstSequence === 'number' ? [`${firstSequence}-${lastSequence}`] : []),
    ...(typeof reason === 'string' && type.includes('.refused.') ? [reason] : []),
    ...candidatesText(data['candidates']),
    ...strangerText(data['stranger']),
    ...(typeof similarity === 'number' ? [`similarity ${similarity.toFixed(3)}`] : []),
    ...(liveness === undefined
      ? []
      : [`${liveness.verdict}, ${counted(liveness.blinks?.length ?? 0, 'blink')}${missingText(liveness)}`]),
  ].join('  ');
}

/** The reason of an undetermined verdict. */
const missingText = ({ verdict, reason }: { readonly verdict?: string; readonly reason?: string }): string =>
  verdict === 'undetermined' && reason !== undefined ? ` (${reason})` : '';

/** `unknown person s-…, visit 2`, for an unknown person whom the box remembers. */
function strangerText(stranger: unknown): readonly string[] {
  if (typeof stranger !== 'object' || stranger === null) return [];
  const { id, visit } = stranger as { readonly id?: unknown; readonly visit?: unknown };
  return [`unknown person ${String(id)}, visit ${String(visit)}`];
}

/** `A or B, similarity 0.953 and 0.951`, for a face that fits two persons. */
function candidatesText(candidates: unknown): readonly string[] {
  if (!Array.isArray(candidates)) return [];
  const both = candidates as readonly { readonly person?: unknown; readonly similarity?: unknown }[];
  const similarities = both.map(({ similarity }) => Number(similarity).toFixed(3)).join(' and ');
  return [`${both.map(({ person }) => String(person)).join(' or ')}, similarity ${similarities}`];
}

/** The line with the event's sequence in front, for use with other commands. */
export function describeNumberedEvent(payload: unknown, show: ShowTime): string {
  const { sequence = '' } = payload as LineFields;
  return `${String(Number(sequence)).padStart(8)}  ${describeEvent(payload, show)}`;
}

/** `3-7, 12`. */
export function describeRanges(ranges: readonly { readonly first: number; readonly last: number }[]): string {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}
