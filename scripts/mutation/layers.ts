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
      ...['outbox-limits', 'outbox-centre', 'outbox-held-back', 'outbox-lateness', 'publish-refusals'],
      ...['publish-outages'],
    ],
  },
  commands: {
    sources: ['daemon/publish/commands/', 'daemon/records/commands/'],
    integration: [
      ...['command-receiver', 'command-refusals', 'command-memory', 'command-repeats', 'command-replays'],
      ...['command-deadlines'],
    ],
  },
  keys: {
    sources: ['daemon/gallery/keys/', 'daemon/gallery/sealing.ts', 'daemon/gallery/places.ts'],
    integration: [
      ...['key-provider-secret', 'key-provider-passphrase', 'key-provider-contract', 'secrets-wiped'],
      ...['gallery-row-attacks', 'rotation-damage'],
    ],
  },
  audit: {
    sources: ['daemon/audit/'],
    integration: ['audit-log', 'audit-tampering', 'audit-segments', 'audit-key', 'audit-digest'],
  },
};
