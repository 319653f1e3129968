import type { CameraStatus } from '../../contract/cameras.js';
import { cameraData } from '../../contract/events/notice-data.js';
import { cameraId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { dataOf } from '../passages/event-content.js';
import type { Records } from '../records/records.js';
import type { StoredEvent } from '../records/stored-event.js';
import { fewItems, type ReviewSource } from './review-source.js';

export interface CamerasToReviewOptions {
  /** The states of the configured cameras. */
  readonly cameras: () => readonly Omit<CameraStatus, 'passages'>[];
  readonly records: Pick<Records, 'newestOfCamera'>;
}

/** Cameras that fail, since the event that says so: a short interruption is none. */
export function camerasToReview({ cameras, records }: CamerasToReviewOptions): ReviewSource {
  return {
    kind: 'camera',
    scopes: ['cameras:read', 'cameras:write'],
    isOfAllCameras: false,
    ...fewItems(({ cameraIds }) => {
      const failing = cameras().filter(
        ({ id, state }) => state === 'failed' && cameraIds?.includes(cameraId(id)) !== false,
      );
      return failing.flatMap(({ id: camera, name, code = '', message = '', remedy = '' }) => {
        const change = records.newestOfCamera(camera);
        if (change === undefined || !isFailure(change)) return [];
        const { occurredAtMs: atMs } = change;
        const id = `camera.${camera}.${Math.floor(atMs)}`;
        const item = () => ({
          ...{ id, kind: 'camera' as const, at: isoTime(atMs), camera, name, code, message, remedy },
        });
        return [{ id, rank: Math.floor(atMs), atMs, item }];
      });
    }),
  };
}

const isFailure = ({ payload }: StoredEvent): boolean =>
  cameraData.safeParse(dataOf(payload)).data?.state === 'failed';
