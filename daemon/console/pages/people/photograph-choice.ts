import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { DetectedFace } from '../../../contract/recognition.js';
import { type ApiError, call, isApiError } from '../../api/call.js';
import { can } from '../../api/session.js';

/** What the box sees in a photograph, before anything is stored. */
export type Look =
  | { readonly kind: 'faces'; readonly faceCount: number; readonly faces: readonly DetectedFace[] }
  | { readonly kind: 'failed'; readonly error: ApiError };

/** A photograph that the user has chosen. */
export interface ChosenPhotograph {
  readonly key: number;
  readonly file: File;
  /** Address of the picture within this page. */
  readonly url: string;
  /** Absent until the box has looked, and for callers who may not ask it to. */
  readonly look?: Look;
}

export interface PhotographChoice {
  readonly chosen: readonly ChosenPhotograph[];
  /** Which face counts, where a single photograph shows several. */
  readonly faceNumber: number | undefined;
  readonly isLooking: boolean;
  readonly add: (files: readonly File[]) => void;
  readonly remove: (key: number) => void;
  readonly pickFace: (number: number) => void;
  readonly clear: () => void;
}

/** Photographs that the user chooses; the box looks at each, one after the other. */
export function usePhotographChoice(maximum: number): PhotographChoice {
  const chosen = useSignal<readonly ChosenPhotograph[]>([]);
  const faceNumber = useSignal<number | undefined>(undefined);
  const isLooking = useSignal(false);
  const next = useRef(1);
  useEffect(() => () => forget(chosen.value), []);
  const lookAtAll = async (): Promise<void> => {
    if (isLooking.value || !can('recognition:use')) return;
    isLooking.value = true;
    for (;;) {
      const waiting = chosen.value.find(({ look }) => look === undefined);
      if (waiting === undefined) break;
      const look = await lookAt(waiting.file);
      chosen.value = chosen.value.map((each) => (each.key === waiting.key ? { ...each, look } : each));
    }
    isLooking.value = false;
  };
  const keep = (kept: readonly ChosenPhotograph[]): void => {
    forget(chosen.value.filter((each) => !kept.includes(each)));
    chosen.value = kept;
    faceNumber.value = undefined;
  };
  return {
    ...{ chosen: chosen.value, faceNumber: faceNumber.value, isLooking: isLooking.value },
    add: (files) => {
      const room = maximum === 1 ? 1 : maximum - chosen.value.length;
      const added = files.slice(0, room).map((file) => {
        next.current += 1;
        return { key: next.current, file, url: URL.createObjectURL(file) };
      });
      keep(maximum === 1 && added.length > 0 ? added : [...chosen.value, ...added]);
      void lookAtAll();
    },
    remove: (key) => keep(chosen.value.filter((each) => each.key !== key)),
    pickFace: (number) => {
      faceNumber.value = number;
    },
    clear: () => keep([]),
  };
}

function forget(photographs: readonly ChosenPhotograph[]): void {
  for (const { url } of photographs) URL.revokeObjectURL(url);
}

async function lookAt(file: File): Promise<Look> {
  try {
    const { faceCount, faces } = await call('recognition.detect', { picture: [file] });
    return { kind: 'faces', faceCount, faces };
  } catch (error) {
    if (!isApiError(error)) throw error;
    return { kind: 'failed', error };
  }
}
