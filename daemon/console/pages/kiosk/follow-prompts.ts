import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type ApiError, call, isApiError, type Line, readLines } from '../../api/call.js';

type Item = Line<'challenges.follow'>;
type ScreenState = Extract<Item, { kind: 'state' }>;
export type ScreenPrompt = Extract<Item, { kind: 'prompt' }>;

/** The box says something at least every 10 seconds: after this time the connection is dead, milliseconds. */
const silenceMs = 25_000;
/** The next try after a cut, milliseconds. */
const againMs = 2_000;
/** How long the end of a challenge stays on the screen, milliseconds. */
const endMs = 4_000;

/** What a screen knows of its camera. */
export interface Followed {
  readonly state: ScreenState | undefined;
  readonly prompt: ScreenPrompt | undefined;
  /** False from a cut to the first word after it. */
  readonly isLinked: boolean;
  /** Why the box could not be told that a prompt is shown. */
  readonly fault: ApiError | undefined;
}

/** Follows the prompts of a camera as long as the page is open, and tells the box which of them people can see. */
export function useScreen(camera: string): Followed {
  const state = useSignal<ScreenState | undefined>(undefined);
  const prompt = useSignal<ScreenPrompt | undefined>(undefined);
  const isLinked = useSignal(false);
  const fault = useSignal<ApiError | undefined>(undefined);
  useEffect(() => {
    const over = new AbortController();
    const onItem = (item: Item): void => {
      isLinked.value = true;
      if (item.kind === 'state') state.value = item;
      else prompt.value = item;
    };
    const onCut = (): void => {
      isLinked.value = false;
      prompt.value = undefined;
    };
    void follow(camera, { onItem, onCut, over: over.signal });
    return () => over.abort();
  }, [camera]);
  const shown = prompt.value;
  useEffect(() => {
    if (shown === undefined) return undefined;
    if (shown.state === 'asked') {
      const { nonce, position } = shown;
      return whenPainted(() => {
        call('challenges.shown', { camera, nonce, position }).then(
          () => {
            fault.value = undefined;
          },
          (error: unknown) => {
            if (!isApiError(error)) throw error;
            fault.value = error;
          },
        );
      });
    }
    const timer = setTimeout(() => {
      prompt.value = undefined;
    }, endMs);
    return () => clearTimeout(timer);
  }, [shown]);
  return { state: state.value, prompt: shown, isLinked: isLinked.value, fault: fault.value };
}

interface Following {
  readonly onItem: (item: Item) => void;
  readonly onCut: () => void;
  readonly over: AbortSignal;
}

/** The box ends the stream every few minutes: then it begins again at once. After a cut it waits. */
async function follow(camera: string, { onItem, onCut, over }: Following): Promise<void> {
  while (!over.aborted) {
    const link = new AbortController();
    const cut = (): void => link.abort();
    over.addEventListener('abort', cut, { once: true });
    let silence = setTimeout(cut, silenceMs);
    try {
      for await (const item of readLines('challenges.follow', { camera }, { signal: link.signal })) {
        clearTimeout(silence);
        silence = setTimeout(cut, silenceMs);
        onItem(item);
      }
    } catch (error) {
      if (over.aborted) return;
      if (!link.signal.aborted && !isApiError(error)) throw error;
      onCut();
      await new Promise((resolve) => setTimeout(resolve, againMs));
    } finally {
      clearTimeout(silence);
      over.removeEventListener('abort', cut);
    }
  }
}

/** Calls back when the browser has painted what was rendered. A hidden page paints nothing. Returns a function that ends this. */
function whenPainted(run: () => void): () => void {
  let request = requestAnimationFrame(() => {
    request = requestAnimationFrame(() => {
      if (!document.hidden) run();
    });
  });
  return () => cancelAnimationFrame(request);
}
