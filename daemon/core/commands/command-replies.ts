import type { Clock } from '../../kernel/clock.js';
import type { BoxEvent } from '../../kernel/events/event.js';
import type { ReplyNotice } from '../../kernel/events/notice.js';

/** Writes an event and runs `alongside` in one transaction; see `Records.record`. */
export type RecordEvent = (event: BoxEvent, alongside?: () => void) => unknown;

export type Answer = Pick<ReplyNotice, 'commandId' | 'command' | 'outcome' | 'code' | 'message' | 'result'>;

/** Longest message of an answer, characters. */
const longestMessage = 500;

/** The event that answers a command. */
export function replyNotice({ message, ...answer }: Answer, clock: Clock): ReplyNotice {
  return {
    kind: 'reply',
    occurredAtMs: clock.wallMs(),
    ...answer,
    ...(message === undefined ? {} : { message: message.slice(0, longestMessage) }),
  };
}
