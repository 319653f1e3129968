import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { FollowedFace } from '../../../../contract/live.js';
import { type ApiError, isApiError, readLines } from '../../../api/call.js';
import { isConnected } from '../../../api/connection.js';
import { pause } from './watch-live.js';

/** A face in sight with how far its eyes were open lately. */
export interface SeenFace extends FollowedFace {
  readonly trace: readonly (number | null)[];
}

interface Followed {
  readonly faces: readonly SeenFace[];
  /** The box tells now which faces are in sight. */
  readonly isCurrent: boolean;
  readonly fault: ApiError | undefined;
}

/** Values of the eyes that are kept of a face: some seconds. */
const traceLength = 90;
const retryMs = 5000;
/** Errors that do not pass by waiting. */
const lasting = ['unauthenticated', 'forbidden', 'no-such-camera'];

/** Follows what a camera measures at the faces in its sight, and what the box makes of them. */
export function useFollowed(cameraId: string, isWanted: boolean): Followed {
  const faces = useSignal<readonly SeenFace[]>([]);
  const fault = useSignal<ApiError | undefined>(undefined);
  const isCurrent = useSignal(false);
  useEffect(() => {
    if (!isWanted) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    const follow = async (): Promise<void> => {
      for await (const sight of readLines('cameras.follow', { id: cameraId }, { signal })) {
        faces.value = withTraces(faces.value, sight.faces);
        fault.value = undefined;
        isCurrent.value = true;
      }
    };
    void (async () => {
      while (!signal.aborted) {
        try {
          // The box ends the answer after half an hour.
          await follow();
        } catch (error) {
          if (signal.aborted) return;
          faces.value = [];
          isCurrent.value = false;
          if (!isApiError(error)) throw error;
          fault.value = error;
          if (isApiError(error, ...lasting)) return;
        }
        await pause(retryMs, signal);
      }
    })();
    return () => {
      leaving.abort();
      faces.value = [];
      isCurrent.value = false;
    };
  }, [cameraId, isWanted]);
  return { faces: faces.value, isCurrent: isCurrent.value && isConnected.value, fault: fault.value };
}

/** Forgets the traces of faces that are out of sight. */
function withTraces(before: readonly SeenFace[], now: readonly FollowedFace[]): readonly SeenFace[] {
  return now.map((face) => {
    const earlier = before.find(({ track }) => track === face.track)?.trace ?? [];
    return { ...face, trace: [...earlier, ...face.openness].slice(-traceLength) };
  });
}
