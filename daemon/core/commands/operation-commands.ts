import type { calledOperations } from '../../contract/events/called-operations.js';
import { type CommandResult, commands } from '../../contract/events/command-schema.js';
import { defect } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { type CommandHandlers, type CommandOutcome, failed } from './command-handlers.js';
import { callOf, type OperationsBehind } from './command-operations.js';

type CalledName = keyof typeof calledOperations;

/** Longest answer, bytes of JSON. An answer is an event: it waits on the disk and travels in one message. */
export const longestAnswerBytes = 256 * 1024;

/** The commands that take the input of an operation and give its answer. Their answers hold ids and no names. */
export function operationCommands(
  operations: OperationsBehind<CalledName>,
): Pick<CommandHandlers, CalledName> {
  return {
    async 'list-events'(given, context) {
      const page = await operations['events.list'](given, callOf('list-events', context));
      return answered('list-events', pageOf(page));
    },
    async 'report-attendance'(given, context) {
      const lines = await operations['attendance.report'](given, callOf('report-attendance', context));
      const items = await gathered(lines);
      return items === undefined ? tooLong : answered('report-attendance', { items });
    },
    async 'list-alerts'(given, context) {
      const page = await operations['alerts.list'](given, callOf('list-alerts', context));
      return answered('list-alerts', pageOf(page));
    },
    async 'acknowledge-alert'(given, context) {
      const alert = await operations['alerts.acknowledge'](given, callOf('acknowledge-alert', context));
      return answered('acknowledge-alert', { alert });
    },
    async 'test-camera'(given, context) {
      const test = await operations['cameras.test'](given, callOf('test-camera', context));
      return answered('test-camera', { test });
    },
    async 'list-passages'(given, context) {
      const page = await operations['passages.list'](given, callOf('list-passages', context));
      return answered('list-passages', pageOf(page));
    },
    async 'show-passage'(given, context) {
      const passage = await operations['passages.show'](given, callOf('show-passage', context));
      return answered('show-passage', { passage });
    },
    async 'mark-passage'(given, context) {
      const mark = await operations['passages.mark'](given, callOf('mark-passage', context));
      return answered('mark-passage', { mark });
    },
    async 'list-strangers'(given, context) {
      const page = await operations['strangers.list'](given, callOf('list-strangers', context));
      return answered('list-strangers', pageOf(page));
    },
    async 'merge-strangers'(given, context) {
      const stranger = await operations['strangers.merge'](given, callOf('merge-strangers', context));
      return answered('merge-strangers', { stranger });
    },
    async 'split-stranger'(given, context) {
      const stranger = await operations['strangers.split'](given, callOf('split-stranger', context));
      return answered('split-stranger', { stranger });
    },
    async 'ignore-stranger'(given, context) {
      const stranger = await operations['strangers.ignore'](given, callOf('ignore-stranger', context));
      return answered('ignore-stranger', { stranger });
    },
    async 'notice-stranger'(given, context) {
      const stranger = await operations['strangers.notice'](given, callOf('notice-stranger', context));
      return answered('notice-stranger', { stranger });
    },
    async 'discard-stranger'(given, context) {
      const lost = await operations['strangers.discard'](given, callOf('discard-stranger', context));
      return answered('discard-stranger', { lost });
    },
  };
}

function pageOf<Item>(page: { readonly items: readonly Item[]; readonly nextCursor?: string | undefined }) {
  return { items: page.items, ...present({ nextCursor: page.nextCursor }) };
}

/** All lines; undefined where they are longer than an answer may be. */
async function gathered<Item>(lines: AsyncIterable<Item>): Promise<readonly Item[] | undefined> {
  const items: Item[] = [];
  let bytes = 0;
  for await (const item of lines) {
    bytes += Buffer.byteLength(JSON.stringify(item));
    if (bytes > longestAnswerBytes) return undefined;
    items.push(item);
  }
  return items;
}

const tooLong = failed(
  'answer-too-long',
  `the answer has more than ${longestAnswerBytes / 1024} KiB, which a message must not have; ask for less: a lower limit, a shorter period or one person`,
);

/** The answer as the contract describes it; fields that it does not name are cut. */
function answered<Name extends CalledName>(name: Name, result: unknown): CommandOutcome<Name> {
  const checked = commands[name].result.safeParse(result);
  if (!checked.success) {
    throw defect('answer-not-valid', `the answer to ${name} does not follow the contract`);
  }
  if (Buffer.byteLength(JSON.stringify(checked.data)) > longestAnswerBytes) return tooLong;
  // The schema of this name gave it.
  return { outcome: 'done', result: checked.data as CommandResult<Name> };
}
