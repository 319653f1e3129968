import { language } from '../words/words.js';
import { ApiError, isApiError, unreachable } from './api-error.js';
import { errorOf, noteAnswer, noteSilence } from './connection.js';
import { forgetKept } from './kept-answers.js';
import { unsubscribe } from './push-subscription.js';
import { askForLogin, askForLoss, askForProof } from './questions.js';
import {
  type CallId,
  type Input,
  type Line,
  type LinesId,
  type Output,
  type WrittenRequest,
  write,
} from './request.js';
import { forgetSession, isLogoutUnconfirmed, leaveSession, me, unsent } from './session.js';

export { type ApiError, isApiError } from './api-error.js';
export { addressOf, type Input, type Line, type Output } from './request.js';

type Arguments<Id extends CallId | LinesId> =
  object extends Input<Id>
    ? [input?: Input<Id>, options?: CallOptions]
    : [input: Input<Id>, options?: CallOptions];

interface CallOptions {
  readonly signal?: AbortSignal;
  /** Called while a file comes, with the number of its bytes so far. */
  readonly onBytes?: (count: number) => void;
  /** Called when the box has begun an answer of lines, whose first line may be long in coming. */
  readonly onOpen?: () => void;
}

/** Reading is asked again this often when the box is busy. */
const busyTries = 2;
const longestWaitS = 5;

/**
 * Calls an operation of the box. Where the operation asks for a fresh proof of identity, or the session has ended, the console asks
 * the user and calls again.
 * @throws ApiError with the code, sentence and remedy of the API
 */
export async function call<Id extends CallId>(
  id: Id,
  ...[input, options]: Arguments<Id>
): Promise<Output<Id>> {
  const fields = (input ?? {}) as Readonly<Record<string, unknown>>;
  return await proved(() => once<Output<Id>>(write(id, fields), options));
}

/** Does the work again after a login or a fresh proof of identity, where the box asks for one. */
async function proved<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (isApiError(error, 'unauthenticated') && (await loggedInAgain())) return await proved(work);
    const wantsProof = isApiError(error, 'step-up-required', 'present-factor-required');
    if (!wantsProof || !(await askForProof())) throw error;
    return await work();
  }
}

/** True during a logout. A request that is refused in that time must not ask the user to log in again. */
let isLoggingOut = false;

/**
 * Ends the session, unless the user prefers to wait for what is being sent. This page forgets it in any case; if the box does not
 * confirm the end, the login page says so.
 */
export async function logOut(): Promise<void> {
  if (unsent.value > 0 && !(await askForLoss())) return;
  isLoggingOut = true;
  try {
    await call('auth.logout');
    isLogoutUnconfirmed.value = false;
  } catch (error) {
    if (!isApiError(error)) throw error;
    isLogoutUnconfirmed.value = !isApiError(error, 'unauthenticated');
  } finally {
    isLoggingOut = false;
    // The next user of this device must not see the alerts of this one. The logout does not wait for the push service.
    void unsubscribe().catch(() => undefined);
    leaveSession();
  }
}

/** Whether the same user goes on after the end of a session. */
async function loggedInAgain(): Promise<boolean> {
  if (isLoggingOut) return false;
  if (me.value?.user !== undefined) return await askForLogin();
  forgetSession();
  return false;
}

/** Reads the lines of an answer to their end, after a proof of identity as `call`. @throws ApiError, also in the middle */
export async function* readLines<Id extends LinesId>(
  id: Id,
  ...[input, options]: Arguments<Id>
): AsyncGenerator<Line<Id>> {
  const fields = (input ?? {}) as Readonly<Record<string, unknown>>;
  const response = await proved(async () => {
    const answered = await send(write(id, fields), options);
    if (!answered.ok) throw await errorOf(answered);
    return answered;
  });
  options?.onOpen?.();
  for await (const line of linesOf(response, options)) {
    const said = JSON.parse(line) as { readonly item?: Line<Id>; readonly error?: object };
    if (said.item !== undefined) yield said.item;
    else if (said.error !== undefined) throw new ApiError(said.error, 200);
    else return;
  }
  throw cutOff();
}

async function once<Answer>(written: WrittenRequest, options: CallOptions = {}): Promise<Answer> {
  let response = await send(written, options);
  for (
    let tries = 0;
    response.status === 503 && tries < busyTries && written.init.method === 'GET';
    tries += 1
  ) {
    const error = await errorOf(response);
    if (error.code !== 'busy') throw error;
    const waitS = Math.min(longestWaitS, Number(response.headers.get('retry-after') ?? 1));
    await new Promise((resolve) => setTimeout(resolve, waitS * 1000));
    response = await send(written, options);
  }
  if (!response.ok) throw await errorOf(response);
  // The types of the answers are those of the contract that the box itself serves.
  if (written.kind === 'file') return (await whole(fileOf(response, options), options)) as Answer;
  const said = (await whole(response.json(), options)) as {
    data: unknown;
    meta?: { nextCursor?: string; total?: number };
  };
  if (written.kind !== 'page') return said.data as Answer;
  return { items: said.data, nextCursor: said.meta?.nextCursor, total: said.meta?.total } as Answer;
}

/** What is read of an answer. A connection that is lost in the middle is an `ApiError`, too. */
async function whole<Part>(reading: Promise<Part>, { signal }: CallOptions = {}): Promise<Part> {
  try {
    return await reading;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    noteSilence();
    throw cutOff();
  }
}

/** The browser keeps a large file on its disk. */
function fileOf(response: Response, { onBytes }: CallOptions): Promise<Blob> {
  if (onBytes === undefined || response.body === null) return response.blob();
  let count = 0;
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      count += piece.byteLength;
      onBytes(count);
      controller.enqueue(piece);
    },
  });
  return new Response(response.body.pipeThrough(counting)).blob();
}

async function send(
  { url, init, isChange }: WrittenRequest,
  { signal }: CallOptions = {},
): Promise<Response> {
  const headers = { ...init.headers, 'accept-language': language() };
  const request = fetch(url, { ...init, headers, cache: 'no-store', ...(signal && { signal }) });
  const response = await whole(request, { ...(signal && { signal }) });
  if (response.status !== 503) noteAnswer();
  if (isChange && response.ok) forgetKept();
  return response;
}

/** The words of this error stand in the messages of the console, because the box could not give any. */
const cutOff = (): ApiError => new ApiError({ code: unreachable }, 0);

async function* linesOf(response: Response, options?: CallOptions): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let text = '';
  try {
    for (;;) {
      const { done, value } = await whole(reader.read(), options);
      if (done) break;
      const lines = (text + value).split('\n');
      text = lines.pop() ?? '';
      yield* lines.filter((line) => line !== '');
    }
    if (text !== '') yield text;
  } finally {
    // A reader that stops early ends the request.
    await reader.cancel().catch(() => undefined);
  }
}
