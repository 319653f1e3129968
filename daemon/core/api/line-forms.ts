import type { IncomingHttpHeaders } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { acceptsMediaType } from '../../contract/accept.js';
import type { Problem } from '../../contract/api-errors.js';
import type { Answer } from '../../contract/operation.js';

/** How the lines of an answer are written. */
export interface LineForm {
  readonly mediaType: string;
  item(value: unknown): string;
  /** The last line, if all items were sent. */
  done(): string;
  /** The last line, if not. Absent: the form has none, and the connection is cut. */
  failed?(problem: Problem): string;
  /** Means nothing to the reader and shows that the connection is alive. Absent: the form has no such thing. */
  readonly beat?: string;
}

type Lines = Extract<Answer, { kind: 'lines' }>;

/** Lines of JSON. */
const jsonLines: LineForm = {
  mediaType: 'application/jsonl; charset=utf-8',
  item: (item) => `${JSON.stringify({ item })}\n`,
  done: () => '{"done":true}\n',
  failed: (error) => `${JSON.stringify({ error })}\n`,
};

/**
 * Server-sent events, which browsers read with `EventSource`. The name of an event is the kind of the item. The last one is
 * called `failed`, because a browser gives the name `error` to its own.
 */
const serverSentEvents = ({ positionOf }: NonNullable<Lines['resume']>): LineForm => ({
  mediaType: 'text/event-stream; charset=utf-8',
  item: (item) => `id: ${positionOf(item)}\nevent: ${kindOf(item)}\ndata: ${JSON.stringify(item)}\n\n`,
  done: () => 'event: done\ndata: {}\n\n',
  failed: (error) => `event: failed\ndata: ${JSON.stringify(error)}\n\n`,
  beat: ':\n\n',
});

/** One JSON document, sent while its items are made. A reader recognises one that was cut by its missing end. */
function wholeDocument(requestId: string): LineForm {
  const head = '{"success":true,"data":[';
  let separator = head;
  return {
    mediaType: 'application/json',
    item: (item) => {
      const text = `${separator}${JSON.stringify(item)}`;
      separator = ',';
      return text;
    },
    done: () => `${separator === head ? head : ''}],"meta":${JSON.stringify({ requestId })}}`,
  };
}

function kindOf(item: unknown): string {
  const isNamed = typeof item === 'object' && item !== null && 'kind' in item;
  return isNamed && typeof item.kind === 'string' ? item.kind : 'item';
}

/** The form that a reader asks for. Server-sent events only where a reader can continue them. */
export function lineForm(
  { resume, isBounded }: Lines,
  headers: IncomingHttpHeaders,
  requestId: string,
): LineForm {
  if (resume !== undefined && acceptsMediaType('text/event-stream', headers)) return serverSentEvents(resume);
  const asksForLines = lineMediaTypes.some((mediaType) => acceptsMediaType(mediaType, headers));
  return isBounded === true && !asksForLines ? wholeDocument(requestId) : jsonLines;
}

/** The names by which callers ask for lines. The second one is older. */
const lineMediaTypes = ['application/jsonl', 'application/x-ndjson'];

/**
 * The query, with the place where a reader of server-sent events continues. A browser sends it with the same address as at the
 * beginning, so it counts before that.
 */
export function resumedQuery(
  answer: Answer,
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
): URLSearchParams {
  const last = headers['last-event-id'];
  if (
    answer.kind !== 'lines' ||
    answer.resume === undefined ||
    !acceptsMediaType('text/event-stream', headers)
  )
    return query;
  if (typeof last === 'string' && last !== '') query.set(answer.resume.field, last);
  return query;
}

/** Longest text that is gathered before it is sent, characters. */
const gatheredCharacters = 32 * 1024;

/** Turns items into lines. Gathers those that are ready, and lets the event loop turn between two texts. */
export async function* lineTexts(
  first: IteratorResult<unknown>,
  iterator: AsyncIterator<unknown>,
  {
    encode,
    encodeError,
    done,
    lost,
  }: {
    readonly encode: (item: unknown) => string;
    readonly encodeError: (error: unknown) => string;
    readonly done: () => string;
    /** Why the rest must not be sent; undefined while it may. */
    readonly lost: () => unknown;
  },
): AsyncGenerator<string, string> {
  let text = '';
  try {
    let next: Promise<IteratorResult<unknown>> | undefined = Promise.resolve(first);
    // One turn serves many items: making one for each costs more than the item.
    let turn: Promise<undefined> | undefined;
    for (;;) {
      turn ??= nextTurn(undefined);
      next ??= iterator.next();
      const found: IteratorResult<unknown> | undefined = await Promise.race([next, turn]);
      if (found === undefined) {
        turn = undefined;
        if (text === '') await next;
        else {
          yield text;
          text = '';
        }
        continue;
      }
      next = undefined;
      const reason = lost();
      if (reason !== undefined) throw reason;
      if (found.done === true) return text + done();
      text += encode(found.value);
      if (text.length < gatheredCharacters) continue;
      yield text;
      text = '';
      await turn;
      turn = undefined;
    }
  } catch (error) {
    return text + encodeError(error);
  }
}
