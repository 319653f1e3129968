import type { CameraPlan } from '../../daemon/contract/vision/vision-orders.js';

/** What the core tells vision about a camera of one stream without login, zones or masks. */
export function cameraPlan(url: string, changes: Partial<CameraPlan> = {}): CameraPlan {
  return {
    ...{ id: 'door', url, substreamUrl: null, credential: null, allowsBasicLogin: false },
    ...{ authorities: null, fingerprint: null, extraNetworks: null, transport: 'tcp', hwaccel: 'none' },
    ...{ maxAnalysisWidthPx: 1920, stallAfterS: 10, firstFrameWithinS: 20, smallestFacePx: 40 },
    ...{ idleFps: 5, trackingFps: 10, provingFps: 10, pictureChecks: [], zones: [], masks: [], clipS: 0 },
    ...changes,
  };
}
