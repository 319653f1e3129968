import { signal } from '@preact/signals';

/** Whether the box answers. The shell shows it; pages fetch again when it comes back. */
export const isConnected = signal(true);
/** Counts the times that the connection came back. */
export const reconnections = signal(0);

const retryMs = 2000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Notes that an answer came. */
export function noteAnswer(): void {
  if (isConnected.value) return;
  clearTimeout(timer);
  timer = undefined;
  isConnected.value = true;
  reconnections.value += 1;
}

/** Notes that no answer came, and asks until one does. */
export function noteSilence(): void {
  isConnected.value = false;
  timer ??= setTimeout(ask, retryMs);
}

async function ask(): Promise<void> {
  timer = undefined;
  // The cheapest question that goes through the gate to the core.
  const answer = await fetch('/api/v1/health/live', { cache: 'no-store' }).catch(() => undefined);
  if (answer !== undefined && answer.status !== 503) noteAnswer();
  else noteSilence();
}

globalThis.addEventListener('online', () => void (isConnected.value || ask()));
