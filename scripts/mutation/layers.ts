/** A part of the program, and the integration tests that are about it; unit tests are found by what they import. */
export interface Layer {
  /** Folders and files. */
  readonly sources: readonly string[];
  /**
   * Files of test/integration, without `.test.ts`. What they start of the built program, such as `rollcall`, holds no mutant. Absent: found as
   * unit tests are, among those that do not take minutes.
   */
  readonly integration?: readonly string[];
}

/** Integration tests that no layer gets unless it names them: they take minutes, or need a camera, models or a broker. */
export const isSlow = (test: string): boolean =>
  /kill|fault|loop|full-disk|virtual-camera|models-|examples|walkthrough|replay|tls-scan|mutate/.test(test);

/** All of a package. */
const folder = (name: string): Layer => ({ sources: [`daemon/${name}/`] });

const packages = [
  ...[
    'accounts',
    'app',
    'cli',
    'config',
    'contract',
    'control',
    'doctor',
    'domain',
    'gallery',
    'gate',
    'host',
  ],
  ...['publish', 'records', 'vision'],
];

const consoleSources = [
  ...['building/', 'words/', 'parts/zip-file.ts', 'pages/attendance/spreadsheet.ts'],
  ...['face-tone', 'live-end', 'live-message'].map((name) => `pages/cameras/live/${name}.ts`),
  ...['unzip', 'import-table'].map((name) => `pages/people/${name}.ts`),
].map((path) => `daemon/console/${path}`);

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
  // Whole packages. A file that also belongs to a layer above has the tests of that one.
  ...Object.fromEntries(packages.map((name) => [name, folder(name)])),
  // Only what unit tests can reach: browsers open the built console.
  console: { sources: consoleSources },
};
