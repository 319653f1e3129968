import { signal } from '@preact/signals';
import { ApiError, unreachable } from './api-error.js';

/** Whether the box answers. The shell shows it; pages fetch again when it comes back. */
export const isConnected = signal(true);
/** Rises when the connection has come back and pages should fetch again. */
export const reconnections = signal(0);

const retryMs = 2000;
const answerWithinMs = 2000;
/** The console asks when it had no answer for this time: longer than pages wait that fetch every two seconds, whose answers tell as much. */
const quietMs = 2500;
/** A silence is noticed this long after the last answer. */
const noticedWithinMs = 4000;
let answeredMs = Number.NEGATIVE_INFINITY;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Least time between two such fetches: with a busy box that answers now and then, each would count towards the user's limit of requests. */
const leastBetweenMs = 10_000;
let countedMs = Number.NEGATIVE_INFINITY;
let isCountDue = false;

/** Notes that an answer came. */
export function noteAnswer(): void {
  answeredMs = performance.now();
  if (isConnected.value) return;
  clearTimeout(timer);
  timer = undefined;
  isConnected.value = true;
  if (isCountDue) return;
  isCountDue = true;
  setTimeout(
    () => {
      isCountDue = false;
      countedMs = performance.now();
      reconnections.value += 1;
    },
    Math.max(0, countedMs + leastBetweenMs - performance.now()),
  );
}

/** Notes that no answer came, and asks until one does. */
export function noteSilence(): void {
  isConnected.value = false;
  timer ??= setTimeout(ask, retryMs);
}

/**
 * Asks while the page is visible and nothing else tells whether the box answers: each question counts towards the user's limit of
 * requests. A core that hangs keeps connections open without a word, and requests wait for it for a long time: only a question with
 * a short limit tells.
 */
export function watchConnection(): () => void {
  let beat = setTimeout(look, quietMs);
  function look(): void {
    const leftMs = answeredMs + quietMs - performance.now();
    beat = setTimeout(look, leftMs > 0 ? leftMs : quietMs);
    if (leftMs <= 0 && !document.hidden && isConnected.value) void ask(noticedWithinMs - quietMs);
  }
  return () => clearTimeout(beat);
}

/** The error that an answer holds. Of all that a 503 may mean, only one is silence: the gate does not reach the core. */
export async function errorOf(response: Response): Promise<ApiError> {
  const said = (await response.json().catch(() => ({}))) as { error?: object };
  const error = new ApiError(said.error ?? {}, response.status);
  if (error.code === unreachable) noteSilence();
  return error;
}

async function ask(withinMs = answerWithinMs): Promise<void> {
  // This may be before its time. The next one would begin a second row of questions.
  clearTimeout(timer);
  timer = undefined;
  const beganMs = performance.now();
  // The cheapest question that goes through the gate to the core.
  const limits = { cache: 'no-store', signal: AbortSignal.timeout(withinMs) } as const;
  const answer = await fetch('/api/v1/health/live', limits).catch(() => undefined);
  // If another request was answered meanwhile, the box is there, and only this answer is slow.
  if (answer === undefined && answeredMs < beganMs) noteSilence();
  if (answer?.status === 503) await errorOf(answer);
  else if (answer !== undefined) noteAnswer();
  // A gate that is busy does not tell whether the core is back.
  if (!isConnected.value) noteSilence();
}

globalThis.addEventListener('offline', noteSilence);
globalThis.addEventListener('online', () => void (isConnected.value || ask()));
