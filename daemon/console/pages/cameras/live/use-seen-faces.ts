import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { FollowedFace } from '../../../../contract/live.js';
import type { ApiError } from '../../../api/call.js';
import { isConnected } from '../../../api/connection.js';
import { useFollowed } from '../../../api/use-fetched.js';

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

/** Values of the eyes that are kept of a face: a few seconds. */
const traceLength = 90;
const waitMs = 5000;
/** Errors that do not pass by waiting. */
const lasting = ['unauthenticated', 'forbidden', 'no-such-camera'];

/** Follows what a camera measures at the faces in its sight, and what the box makes of them. */
export function useSeenFaces(cameraId: string, isWanted: boolean): Followed {
  const faces = useSignal<readonly SeenFace[]>([]);
  const isCurrent = useSignal(false);
  const onCut = (): void => {
    faces.value = [];
    isCurrent.value = false;
  };
  const { fault } = useFollowed(
    'cameras.follow',
    () => ({ id: cameraId }),
    (sight) => {
      faces.value = withTraces(faces.value, sight.faces);
      isCurrent.value = true;
    },
    { key: cameraId, isWanted, waitMs, lasting, onCut },
  );
  useEffect(() => onCut, [cameraId, isWanted]);
  return { faces: faces.value, isCurrent: isCurrent.value && isConnected.value, fault };
}

/** Forgets the traces of faces that are out of sight. */
function withTraces(before: readonly SeenFace[], now: readonly FollowedFace[]): readonly SeenFace[] {
  return now.map((face) => {
    const earlier = before.find(({ track }) => track === face.track)?.trace ?? [];
    return { ...face, trace: [...earlier, ...face.openness].slice(-traceLength) };
  });
}
