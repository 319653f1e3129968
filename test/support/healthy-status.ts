import type { CameraStatus } from '../../daemon/contract/cameras.js';
import type { BoxStatus, VisionStatus } from '../../daemon/contract/status.js';
import type { CertificateStatus } from '../../daemon/core/delivery/broker/certificate-watch.js';

const vision: VisionStatus = {
  index: 0,
  state: 'running',
  restarts: 0,
  restartCauses: {},
  provider: { requested: 'auto', actual: 'cpu' },
  recogniser: 'mobilefacenet-v1',
  ffmpegVersion: '5.1.6',
};

const camera: CameraStatus = {
  id: 'door',
  name: 'Door',
  isEnabled: true,
  direction: 'both',
  state: 'streaming',
  passages: { count: 3, byOutcome: { attended: 2, unproven: 1 } },
  counters: {},
};

const gallery: BoxStatus['gallery'] = { state: 'open', persons: 2, templates: 4, damagedRows: 0 };

const certificate: CertificateStatus = {
  whose: 'broker',
  names: 'DNS:broker',
  notBefore: '2026-01-01T00:00:00.000Z',
  notAfter: '2026-03-01T00:00:00.000Z',
  daysLeft: 90,
  state: 'in force',
};

/** A box without cameras. */
export const healthyStatus = {
  version: '0.1.0',
  site: 'site',
  box: 'box',
  uptimeS: 60,
  recogniser: {
    name: 'mobilefacenet',
    reason: 'default',
    preferred: { name: 'mobilefacenet', state: 'ready' },
    ownThreshold: 0.55,
  },
  vision: [vision],
  cameras: [camera, { ...camera, id: 'yard', isEnabled: false, state: 'disabled' }],
  gallery,
  broker: { state: 'connected', certificates: [certificate] },
  conditions: ['running'],
  passages: { count: 3, byOutcome: { attended: 2, unproven: 1 } },
  events: { recorded: 70 },
  outbox: { waiting: 0, acknowledgement: 'broker' },
  intake: { taken: 40, facts: 4, suppressed: 12, givenUp: 0, waiting: 0 },
  retention: { failures: 0 },
  alerts: { rules: 1, pending: 0, failed: 0 },
  eventLoop: { p99Ms: 1, maximumMs: 2 },
} as const satisfies BoxStatus;
