import { readdirSync, readFileSync } from 'node:fs';

/** A part of the program, and the integration tests that are about it; unit tests are found by what they import. */
export interface Layer {
  /** Folders and files. */
  readonly sources: readonly string[];
  /**
   * Files of test/integration, without `.test.ts`, that run first. What they start of the built program, such as `rollcall`, holds no mutant.
   * Others are found as unit tests are, among those that do not take minutes. Empty: none run.
   */
  readonly integration?: readonly string[];
  /** Files of test/, without `.test.ts`, that start the built program. They run for what no other test has noticed, with a build of the mutant. */
  readonly built?: readonly string[];
}

/** Integration tests that no layer gets unless it names them: they take minutes, or need a camera, models or a broker. */
export const isSlow = (test: string): boolean =>
  /kill|fault|loop|full-disk|virtual-camera|models-|examples|walkthrough|replay|tls-scan|mutate/.test(test);

const coreFolders = readdirSync(new URL('../../daemon/core', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `core/${name}`)
  .sort();

const builtOfCore = ['live/main-job', 'live/reload', 'live/evidence', 'e2e/permissions', 'e2e/enrolment'];

/** Whole packages, and folders of the core, with their tests of the built program. */
const packages: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(coreFolders.map((folder) => [folder, builtOfCore])),
  'core/backups': ['e2e/backup', 'e2e/backups-by-key', 'browser/gallery-and-backups'],
  'core/cameras': ['e2e/own-cameras', 'live/main-job', 'live/camera-faults', 'live/vision-kill'],
  'core/enrolments': ['e2e/enrolment', 'browser/enrol'],
  'core/events': ['e2e/event-sources', 'live/main-job', 'live/evidence'],
  'core/sightings': ['live/main-job', 'live/crowd', 'live/evidence'],
  'core/gate': ['e2e/gate', 'live/gate-unit'],
  'core/home-assistant': ['live/home-assistant'],
  'core/identity': ['e2e/identity'],
  'core/persons': ['e2e/enrolment', 'e2e/permissions', 'browser/people'],
  'core/retention': ['e2e/retention'],
  'core/runtime': ['live/reload', 'live/main-job'],
  'core/settings': ['e2e/own-settings', 'e2e/broken-settings', 'live/reload'],
  'core/strangers': ['live/main-job', 'browser/strangers'],
  'core/accounts': ['e2e/accounts', 'e2e/permissions', 'browser/users'],
  cli: [
    ...['cli', 'user', 'alert', 'strangers', 'rotation'].map((name) => `integration/${name}-commands`),
    ...['integration/backup-command', 'integration/audit-api', 'integration/broker-walkthrough'],
    ...['live/command', 'e2e/attendance'],
    ...['e2e/backup', 'e2e/gallery-upkeep'],
  ],
  contract: ['e2e/permissions', 'e2e/api-fuzz', 'e2e/broken-settings', 'e2e/own-settings', 'live/reload'],
  'core/api': ['e2e/local-api', 'e2e/permissions', 'e2e/api-fuzz'],
  'core/doctor': ['e2e/start-refusals', 'live/gate-unit'],
  'core/gallery': ['e2e/gallery-upkeep', 'e2e/enrolment', 'e2e/sealed'],
  gate: ['e2e/gate', 'e2e/gate-attacks', 'browser/entry', 'live/gate-unit'],
  host: ['e2e/host', 'e2e/hidden-memory', 'e2e/start-refusals', 'e2e/own-cameras', 'e2e/enrolment'],
  kernel: ['live/main-job', 'e2e/attendance'],
  lab: [
    ...['replay-clips', 'evaluate-clips', 'evaluate-grouping', 'own-recogniser', 'inference-identify'].map(
      (name) => `integration/${name}`,
    ),
  ],
  'core/delivery': ['live/broker-faults', 'live/home-assistant', 'e2e/identity'],
  'core/records': ['e2e/retention', 'e2e/outbox', 'live/evidence'],
  words: [],
  vision: ['integration/rogue-vision', 'live/main-job', 'live/live-pictures', 'e2e/enrolment'],
  // After its folders: a file has the tests of the first layer that holds it.
  core: [...builtOfCore, 'e2e/start-refusals'],
};

/** What unit tests import of the console. The rest of it needs a browser, and takes minutes a mutant. */
const unitTests = readdirSync(new URL('../../test/unit', import.meta.url))
  .map((test) => readFileSync(new URL(`../../test/unit/${test}`, import.meta.url), 'utf8'))
  .join('');
const consoleSources = [
  ...new Set(unitTests.match(/daemon\/console\/(?!messages)[\w/-]+(?=\.js')/g)?.map((path) => `${path}.ts`)),
];

export const layers: Readonly<Record<string, Layer>> = {
  liveness: { sources: ['daemon/kernel/liveness/'], integration: [], built: ['live/main-job'] },
  tracks: {
    sources: ['daemon/kernel/tracks/', 'daemon/kernel/faces/best-views.ts'],
    ...{ integration: [], built: ['live/main-job', 'live/crowd'] },
  },
  identification: {
    sources: ['daemon/kernel/identification/'],
    ...{ integration: [], built: ['live/main-job', 'live/crowd'] },
  },
  attendance: {
    sources: ['daemon/kernel/attendance/', 'daemon/core/attendance/'],
    integration: ['attendance', 'attendance-persons', 'passages-commands'],
    built: ['e2e/attendance', 'browser/attendance'],
  },
  alerts: {
    sources: ['daemon/kernel/alerts/', 'daemon/core/alerts/'],
    integration: [
      'alert-rules',
      'alert-store',
      'alert-path',
      'alert-channels',
      'alert-email',
      'alert-webhook',
    ],
    built: ['e2e/alert-box', 'browser/alerts'],
  },
  outbox: {
    sources: [
      ...['daemon/core/records/outbox/', 'daemon/core/sightings/decider.ts'],
      ...['daemon/core/delivery/drain.ts', 'daemon/core/delivery/delivery.ts'],
    ],
    integration: [
      ...['outbox-limits', 'outbox-centre', 'outbox-held-back', 'outbox-lateness', 'publish-refusals'],
      ...['publish-outages'],
    ],
    built: ['e2e/outbox', 'live/broker-faults'],
  },
  commands: {
    sources: ['daemon/core/commands/'],
    integration: [
      ...['command-receiver', 'command-refusals', 'command-memory', 'command-repeats', 'command-replays'],
      ...['command-deadlines'],
    ],
    built: ['live/integrators-walkthrough'],
  },
  keys: {
    sources: ['daemon/core/gallery/keys/', 'daemon/core/gallery/sealing.ts', 'daemon/core/gallery/places.ts'],
    integration: [
      ...['key-provider-secret', 'key-provider-passphrase', 'key-provider-contract', 'secrets-wiped'],
      ...['gallery-row-attacks', 'rotation-damage'],
    ],
    built: ['e2e/sealed', 'e2e/gallery-upkeep'],
  },
  audit: {
    sources: ['daemon/core/audit/'],
    integration: ['audit-log', 'audit-tampering', 'audit-segments', 'audit-key', 'audit-digest'],
    built: ['e2e/permissions'],
  },
  // A file that also belongs to a layer above has the tests of that one.
  ...Object.fromEntries(
    Object.entries(packages).map(([name, built]) => [name, { sources: [`daemon/${name}/`], built }]),
  ),
  console: { sources: consoleSources, built: ['browser/attendance', 'browser/cameras', 'browser/people'] },
};
