import type { AssignResult, StrangerDetails, StrangerSummary } from '../../contract/strangers.js';
import { counted } from '../../kernel/counted.js';
import { table } from '../../kernel/text-table.js';
import { describePersonLike, photographLines, warningLines } from '../person-text.js';
import type { ShowTime } from '../site-time.js';

/** One row for each stranger. */
export function strangerTable(strangers: readonly StrangerSummary[], show: ShowTime): string {
  const rows = strangers.map((stranger) => [
    ...[stranger.id, show(stranger.lastSeenAt), show(stranger.firstSeenAt)],
    ...[String(stranger.visits), String(stranger.passages)],
    ...[stranger.cameras.map(({ camera }) => camera).join(', '), stateText(stranger, show)],
  ]);
  const heading = ['stranger', 'last seen', 'first seen', 'visits', 'passages', 'cameras', 'state'];
  return table(heading, rows);
}

/** Empty for a stranger of whom nothing special is to be said. */
function stateText({ state, person, forgottenAt }: StrangerSummary, show: ShowTime): string {
  if (state !== 'set-aside' || forgottenAt === undefined) return state === 'ignored' ? 'ignored' : '';
  const what = person === undefined ? 'discarded' : `assigned to ${person}`;
  return `${what}, can be restored until ${show(forgottenAt)}`;
}

/** `s-… was seen 3 times …`, the passages, and other strangers who are similar. */
export function describeStranger(stranger: StrangerDetails, show: ShowTime): string {
  const { id, visits, history, similar, firstSeenAt, lastSeenAt } = stranger;
  const state = stateText(stranger, show);
  const rows = history.map(({ passage, camera, firstSeenAt: from, lastSeenAt: until, ...has }) => [
    ...[passage, camera, show(from), show(until)],
    [
      ...(has.hasEvent ? ['event'] : []),
      ...(has.hasPicture ? ['picture'] : []),
      ...(has.isCompared ? ['compared'] : []),
    ].join(', '),
  ]);
  const alike = similar.map(({ stranger: other, similarity }) => `  ${other}  ${similarity.toFixed(3)}`);
  return [
    `stranger ${id}${state === 'ignored' ? ', ignored: causes no events and no alerts' : state && `, ${state}`}`,
    `${counted(visits, 'visit')} from ${show(firstSeenAt)} to ${show(lastSeenAt)}`,
    '',
    table(['passage', 'camera', 'from', 'to', 'has'], rows),
    ...(alike.length === 0
      ? []
      : ['', 'perhaps the same person:', ...alike, `'rollcall strangers merge' makes them one stranger`]),
  ].join('\n');
}

/** What came of an assignment. */
export function describeAssignment(stranger: string, result: AssignResult): string {
  switch (result.outcome) {
    case 'assigned': {
      const { person, photographs } = result;
      const pictures = counted(photographs.length, 'picture');
      const head = `${stranger} is ${person.name} (${person.id}), with ${pictures} of the passages`;
      return [head, ...warningLines(result)].join('\n');
    }
    case 'refused': {
      const { photographs } = result;
      const names = photographs.map((_, index) => `picture ${index + 1}`);
      const lines = photographLines(photographs, names);
      return ['refused: the pictures are not good enough to enrol from', ...lines].join('\n');
    }
    case 'similar':
      return `refused: the face resembles ${describePersonLike(result)}\n  what to do: Assign the stranger to this person, or use --allow-duplicate.`;
    case 'external-id-taken':
      return `refused: ${result.personId} has this external id already`;
  }
}
