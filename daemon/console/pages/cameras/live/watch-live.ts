import { type ApiError, isApiError, readLines } from '../../../api/call.js';
import { askForLogin } from '../../../api/questions.js';
import { judgeLiveEnd, type LiveEnd, type LiveTrouble } from './live-connection.js';

/** What happens to the pictures of a camera. */
export type LivePhase =
  | { readonly kind: 'opening' }
  /** Open; the first picture may still be on its way. */
  | { readonly kind: 'open' }
  /** Open, but no picture came for a few seconds. */
  | { readonly kind: 'stalled' }
  /** Another page of this browser watches: the box gives each account one stream of a camera. */
  | { readonly kind: 'elsewhere' }
  | {
      readonly kind: 'trouble';
      readonly trouble: LiveTrouble;
      readonly isOver: boolean;
      /** What the box says to it. */
      readonly fault?: ApiError | undefined;
    };

interface WatchOptions {
  readonly cameraId: string;
  /** The analysed pictures, or the video as the camera sends it: the end of the path. */
  readonly what: 'live' | 'video';
  /** Aborts when nobody looks. */
  readonly signal: AbortSignal;
  /** True: takes the pictures over from another page of this browser. */
  readonly takesOver: boolean;
  readonly onPhase: (phase: LivePhase) => void;
  readonly onMessage: (message: ArrayBuffer) => void;
}

/** How long another page of this browser, which has just been hidden, may take to let go. */
const placeWithinMs = 1500;

/** A box that analyses an empty scene still sends several pictures a second. */
const stalledAfterMs = 4000;

/** Shows the pictures of a camera until the signal aborts, and opens them again where that is of use. */
export async function watchLive(options: WatchOptions): Promise<void> {
  const { cameraId, what, signal, takesOver, onPhase } = options;
  onPhase({ kind: 'opening' });
  const lost = new AbortController();
  const place = takesOver ? { steal: true } : { signal: AbortSignal.timeout(placeWithinMs) };
  try {
    await navigator.locks.request(`rollcall.${what}.${cameraId}`, place, () =>
      openAgain({ ...options, signal: AbortSignal.any([signal, lost.signal]) }),
    );
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    // The place did not come free, or another page has taken it.
    lost.abort();
    if (!signal.aborted) onPhase({ kind: 'elsewhere' });
  }
}

async function openAgain(options: WatchOptions): Promise<void> {
  const { what, signal, onPhase } = options;
  let refusals = 0;
  let empty = 0;
  while (!signal.aborted) {
    const end = await once(options);
    if (signal.aborted) return;
    refusals = end.wasOpen ? 0 : refusals + 1;
    empty = end.wasOpen && !end.hasBegun ? empty + 1 : 0;
    const { trouble, retryMs } = judgeLiveEnd(end, { what, refusals, empty });
    if (trouble === 'logged-out' && (await askForLogin())) continue;
    const fault = end.wasOpen ? undefined : await whyRefused(options);
    if (signal.aborted) return;
    onPhase({ kind: 'trouble', trouble, isOver: retryMs === undefined, fault });
    if (retryMs === undefined) return;
    await pause(retryMs, signal);
  }
}

/** The browser does not tell why a WebSocket was refused: asks without one. Undefined if the box would open it now. */
async function whyRefused({ cameraId, what, signal }: WatchOptions): Promise<ApiError | undefined> {
  const id = what === 'live' ? 'cameras.watch' : 'cameras.watch-video';
  try {
    await readLines(id, { id: cameraId }, { signal }).next();
    return undefined;
  } catch (error) {
    if (signal.aborted || isApiError(error, 'websocket-needed')) return undefined;
    if (!isApiError(error)) throw error;
    return error;
  }
}

/** One connection, from opening to end. */
function once({ cameraId, what, signal, onPhase, onMessage }: WatchOptions): Promise<LiveEnd> {
  const url = new URL(`/api/v1/cameras/${encodeURIComponent(cameraId)}/${what}`, location.href);
  url.protocol = 'wss:';
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  let wasOpen = false;
  let hasBegun = false;
  let isStalled = false;
  let silence: ReturnType<typeof setTimeout>;
  const expectPicture = (): void => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      isStalled = true;
      if (!signal.aborted) onPhase({ kind: 'stalled' });
    }, stalledAfterMs);
  };
  return new Promise((resolve) => {
    const leave = (): void => socket.close();
    signal.addEventListener('abort', leave, { once: true });
    socket.addEventListener('open', () => {
      wasOpen = true;
      onPhase({ kind: 'open' });
    });
    socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
      hasBegun = true;
      if (signal.aborted) return;
      if (isStalled) onPhase({ kind: 'open' });
      isStalled = false;
      expectPicture();
      onMessage(data);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      clearTimeout(silence);
      signal.removeEventListener('abort', leave);
      resolve({ wasOpen, hasBegun, code, reason });
    });
  });
}

/** Waits, or until the signal aborts. */
function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    const timer = setTimeout(resolve, waitMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
