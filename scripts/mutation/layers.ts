/** A part of the core logic, and the integration tests that are about it; unit tests are found by what they import. */
export interface Layer {
  /** Folders and files. */
  readonly sources: readonly string[];
  /** Files of test/integration, without `.test.ts`. None of them starts the built program: that holds no mutant. */
  readonly integration: readonly string[];
}

export const layers: Readonly<Record<string, Layer>> = {
  liveness: { sources: ['daemon/domain/liveness/'], integration: [] },
  tracks: { sources: ['daemon/domain/tracks/', 'daemon/domain/faces/best-views.ts'], integration: [] },
  identification: { sources: ['daemon/domain/identification/'], integration: [] },
  attendance: {
    sources: ['daemon/domain/attendance/', 'daemon/records/attendance/'],
    integration: ['attendance', 'attendance-persons'],
  },
  alerts: {
    sources: ['daemon/domain/alerts/', 'daemon/publish/alerts/', 'daemon/records/alerts/'],
    integration: [
      'alert-rules',
      'alert-store',
      'alert-path',
      'alert-channels',
      'alert-email',
      'alert-webhook',
    ],
  },
  outbox: {
    sources: [
      ...['daemon/records/outbox/', 'daemon/records/decider.ts'],
      ...['daemon/publish/drain.ts', 'daemon/publish/delivery.ts'],
    ],
    integration: [
      ...['outbox-limits', 'outbox-held-back', 'outbox-centre', 'outbox-lateness', 'outbox-properties'],
      ...['outbox-contested', 'publish-outages', 'publish-refusals', 'records-store'],
    ],
  },
  commands: {
    sources: ['daemon/publish/commands/', 'daemon/records/commands/'],
    integration: [
      ...['command-desk', 'command-deadlines', 'command-memory', 'command-refusals', 'command-repeats'],
      ...['command-replays', 'command-broker', 'identity-rollover'],
    ],
  },
  keys: {
    sources: ['daemon/gallery/keys/', 'daemon/gallery/sealing.ts', 'daemon/gallery/places.ts'],
    integration: [
      ...['gallery-row-attacks', 'gallery-row-replay', 'key-provider-secret', 'key-provider-passphrase'],
      ...['key-provider-contract', 'evidence-pictures', 'rotation'],
    ],
  },
  audit: {
    sources: ['daemon/audit/'],
    integration: ['audit-log', 'audit-tampering', 'audit-segments', 'audit-key', 'audit-digest', 'audit-api'],
  },
};
