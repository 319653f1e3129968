import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { registerBackup } from '../../daemon/cli/backup/backup.js';
import { registerGallery } from '../../daemon/cli/gallery/gallery.js';
import { registerRetention } from '../../daemon/cli/gallery/retention.js';
import { registerKey } from '../../daemon/cli/key/key.js';
import { daemonUnreachable } from '../../daemon/core/api/client.js';
import { RollcallError } from '../../daemon/kernel/errors.js';
import { type Answers, askCommand, filePath, testCommands } from '../support/asked-command.js';
import { expectedTexts } from '../support/expected-text.js';

const expected = expectedTexts('gallery-commands.txt');

const noon = '2026-03-02T11:00:00.000Z';
const evening = '2026-03-02T18:30:00.000Z';

/** An answer that comes item by item. */
const lines = (items: readonly unknown[]) => () => items[Symbol.iterator]();

const move = {
  ...{ from: 'old', to: 'new', recogniserName: 'better', state: 'running', total: 1, made: 0, refused: 0 },
  ...{ missing: [], acceptsMissing: false },
};
const key = { keyId: 'k-1', provider: 'secret', isCurrent: true, createdAt: noon, ageS: 86_399 };
const contents = {
  ...{
    persons: { active: 3, removed: 2, staged: 1 },
    templates: [],
    photographs: 7,
    fileBytes: 1_500_000,
    schemaVersion: 12,
  },
  evidence: { attendance: 1, unknown: 2, attack: 3, passage: 4 },
};
const status = { state: 'open', keys: [], quarantined: { count: 0, rows: [] }, contents };
const rotation = {
  depth: 'wrap',
  state: 'running',
  done: 3,
  total: 10,
  damaged: 1,
  fromKeyId: 'k-0',
  toKeyId: 'k-1',
};
const row = { table: 'templates', rowId: '7', personId: 'p-1', reason: 'erased' };
const findings = [
  ...['does-not-open', 'key-does-not-open', 'not-a-template', 'of-nobody', 'rolled-back', 'erased'],
  ...['page-damaged', 'of-nothing', 'not-in-audit', 'missing'],
].map((reason) => ({ table: 'templates', reason }));
const full = {
  ...{ state: 'sealed', reason: { message: 'no key', remedy: 'Give it.' }, rotation, reEmbedding: move },
  contents: {
    ...contents,
    recogniser: 'made-up',
    templates: [
      { recogniser: 'a', count: 5 },
      { recogniser: 'b', count: 6 },
    ],
  },
  keys: [key, { ...key, keyId: 'k-0', isCurrent: false, ageS: 2 * 86_400 }],
  quarantined: { count: 12, rows: findings },
  verification: { step: 'rows', done: 4, total: 9 },
  lastVerification: { at: evening, damaged: 1, disagreeing: 2, pages: 0, audit: 'whole' },
};

describe('rollcall gallery status', () => {
  testCommands(registerGallery, expected, [
    ['gallery status', 'nothing is to be said', { 'gallery.show': status }],
    ['gallery status', 'everything is to be said', { 'gallery.show': full }],
    [
      'gallery status',
      'one row is damaged',
      {
        'gallery.show': {
          ...{ ...status, contents: undefined, quarantined: { count: 1, rows: [row] } },
          ...{ verification: { step: 'audit-log', done: 1, total: 1 } },
          lastVerification: { at: evening, damaged: 0, disagreeing: 0, pages: 1, audit: 'broken' },
        },
      },
    ],
    [
      'gallery status',
      'pages are checked',
      { 'gallery.show': { ...status, verification: { step: 'pages', done: 1, total: 2 } } },
    ],
    ['gallery status --json', 'a program asks', { 'gallery.show': { state: 'open' } }],
  ]);
});

const checked = { dataKeys: 1, persons: 2, templates: 1, photographs: 2, evidence: 1 };
const verified = {
  checked,
  durationMs: 1234,
  pages: [],
  isWhole: true,
  audit: { outcome: 'whole', entryCount: 1 },
};
const person = {
  ...{ personId: 'p-1', recogniser: 'made-up', threshold: 0.5 },
  templates: [
    { templateId: 't-1', photographId: 'f-1', similarity: 0.23456 },
    { templateId: 't-2', similarity: 0.3 },
  ],
};
const verifying = (...items: readonly unknown[]) => ({
  'gallery.show': status,
  'gallery.verify': lines(items),
});
const many = Array.from({ length: 51 }, (_, at) => ({
  kind: 'finding',
  finding: { ...row, rowId: `${at}` },
}));

describe('rollcall gallery verify', () => {
  testCommands(registerGallery, expected, [
    ['gallery verify', 'it is whole', verifying({ kind: 'summary', ...verified })],
    [
      'gallery verify',
      'rows and pages are damaged',
      verifying(
        { kind: 'finding', finding: row },
        { kind: 'finding', finding: { table: 'persons', reason: 'missing' } },
        {
          ...{ kind: 'summary', ...verified, isWhole: false, pages: ['page 3'] },
          audit: { outcome: 'broken', entryCount: 2, breakage: { sequence: 3, message: 'altered' } },
        },
      ),
    ],
    [
      'gallery verify',
      'many rows are damaged',
      verifying(...many, { kind: 'summary', ...verified, isWhole: false, audit: undefined }),
    ],
    [
      'gallery verify',
      'fifty rows are damaged',
      verifying(...many.slice(1), { kind: 'summary', ...verified, isWhole: false }),
    ],
    [
      'gallery verify',
      'templates disagree',
      verifying({ kind: 'person', person }, { kind: 'summary', ...verified }),
    ],
    [
      'gallery verify',
      'many templates disagree',
      verifying(
        ...Array.from({ length: 26 }, (_, at) => ({
          kind: 'person',
          person: { ...person, personId: `p-${at}` },
        })),
        { kind: 'summary', ...verified },
      ),
    ],
    [
      'gallery verify --json',
      'a program asks',
      verifying(
        { kind: 'finding', finding: row },
        { kind: 'person', person: 1 },
        { kind: 'summary', isWhole: true },
      ),
    ],
    ['gallery verify --json', 'the summary is missing', verifying({ kind: 'finding', finding: row })],
  ]);
});

const calibrated = {
  ...{ personId: 'p-1', name: 'Ada', threshold: 0.61239, references: 3, neighbours: [] },
};
const neighbour = { personId: 'p-2', highest: 0.45678 };
const pair = {
  a: { personId: 'p-1', name: 'Ada' },
  b: { personId: 'p-2' },
  similarity: 0.71239,
  margin: 0.02,
  isSeparable: true,
};
const calibration = { kind: 'summary', recogniser: 'made-up', floor: 0.5, durationMs: 2345 };
const calibrating = (...items: readonly unknown[]) => ({ 'gallery.calibrate': lines(items) });

describe('rollcall gallery calibrate', () => {
  testCommands(registerGallery, expected, [
    ['gallery calibrate', 'nobody is enrolled', calibrating(calibration)],
    [
      'gallery calibrate',
      'there are all kinds of persons',
      calibrating(
        ...['floor', 'few', 'neighbour', 'strangers', 'manual', 'marked'].map((reason) => ({
          kind: 'person',
          person: { ...calibrated, reason },
        })),
        {
          kind: 'person',
          person: {
            ...calibrated,
            name: undefined,
            reason: 'manual',
            note: 'twins',
            fnmr: 0.01234,
            neighbours: [neighbour],
          },
        },
        { kind: 'pair', pair },
        { ...calibration, targetFpir: 0.01, expectedFpir: 0.00567, expectedFnir: 0.123 },
      ),
    ],
    [
      'gallery calibrate',
      'two cannot be told apart',
      calibrating(
        { kind: 'pair', pair: { ...pair, isSeparable: false } },
        { kind: 'pair', pair },
        { ...calibration, targetFpir: 0.01 },
      ),
    ],
    [
      'gallery calibrate',
      'there are many',
      calibrating(
        ...Array.from({ length: 52 }, () => ({ kind: 'person', person: { ...calibrated, reason: 'floor' } })),
        ...Array.from({ length: 51 }, () => ({ kind: 'pair', pair })),
        calibration,
      ),
    ],
    [
      'gallery calibrate --json',
      'a program asks',
      calibrating({ kind: 'person', person: 1 }, { kind: 'pair', pair }, calibration),
    ],
    ['gallery calibrate', 'the summary is missing', calibrating()],
  ]);
});

const moved = (more = {}) => ({ 'gallery.re-embed': { ...move, ...more } });

describe('rollcall gallery re-embed', () => {
  testCommands(registerGallery, expected, [
    ['gallery re-embed', 'no recogniser is named'],
    ['gallery re-embed --to better', 'it begins', moved()],
    ['gallery re-embed --to better --accept-missing --json', 'a program asks', moved()],
    [
      'gallery re-embed --to better --wait',
      'it is over at once',
      moved({ state: 'ready', made: 2, total: 2, refused: 1 }),
    ],
    [
      'gallery re-embed --to better --wait',
      'it goes on for a while',
      { ...moved(), 'gallery.show': { ...status, reEmbedding: { ...move, state: 'stopped' } } },
    ],
    ['gallery re-embed --to better --wait', 'it disappears', { ...moved(), 'gallery.show': status }],
    [
      'gallery re-embed --to better',
      'persons are left without a template',
      moved({
        state: 'incomplete',
        missing: ['p-1', 'p-2'],
        problem: { message: 'too dark', remedy: 'Light it.' },
      }),
    ],
    [
      'gallery re-embed --to better',
      'one person is left, which was accepted',
      moved({ state: 'ready', missing: ['p-1'], acceptsMissing: true }),
    ],
    [
      'gallery re-embed --to better',
      'more are left than are shown',
      moved({ state: 'failed', missing: Array.from({ length: 51 }, (_, at) => `p-${at}`) }),
    ],
    [
      'gallery re-embed --cancel --yes',
      'one is under way',
      { 'gallery.cancel-re-embed': { ...move, state: 'cancelled' } },
    ],
    ['gallery re-embed --cancel', 'nobody can confirm it'],
  ]);
});

const rule = (kind: string, due: number, keep: number | string = 30) => ({ kind, due, keep });
const retained = {
  ...{
    rules: [rule('photographs', 0, 'forever'), rule('strangers', 1), rule('passages', 2, 7)],
    atHour: 3,
    isRunning: false,
  },
};
const run = { startedAt: noon, durationMs: 1234, by: 'uid:0', forgotten: {}, failures: [] };
const all = [
  ...[
    'databaseCopies',
    'unfinishedImports',
    'removedPersons',
    'photographs',
    'strangers',
    'ignoredStrangers',
  ],
  ...[
    'attendanceEvidence',
    'unknownEvidence',
    'attackEvidence',
    'passagePictures',
    'clips',
    'attendanceRecords',
  ],
  ...[
    'unknownRecords',
    'attackRecords',
    'replyRecords',
    'otherRecords',
    'passages',
    'auditEntries',
    'tombstones',
  ],
];
const failed = {
  ...{ ...run, forgotten: { strangers: 4, somethingNew: 5 } },
  failures: [
    { kind: 'passages', message: 'the disk is full', remedy: 'Free space.' },
    { kind: 'photographs', message: 'damaged' },
  ],
};

describe('rollcall retention', () => {
  const clockDoubt = { message: 'the clock was set', remedy: 'Check it.' };
  testCommands(registerRetention, expected, [
    ['retention show', 'it never ran', { 'retention.show': retained }],
    [
      'retention show',
      'everything is to be said',
      {
        'retention.show': {
          rules: all.map((kind, at) => rule(kind, at)),
          atHour: 3,
          isRunning: true,
          clockDoubt,
          lastRun: failed,
        },
      },
    ],
    ['retention show --json', 'a program asks', { 'retention.show': { rules: [] } }],
    ['retention run --dry-run', 'something is due', { 'retention.show': retained }],
    [
      'retention run --dry-run',
      'nothing is due',
      { 'retention.show': { ...retained, rules: [], clockDoubt } },
    ],
    ['retention run --dry-run --json', 'a program asks', { 'retention.show': { rules: [] } }],
    ['retention run --yes', 'it is done', { 'retention.show': retained, 'retention.run': run }],
    ['retention run --yes', 'it fails', { 'retention.show': retained, 'retention.run': failed }],
    ['retention run --yes --json', 'a program asks', { 'retention.show': retained, 'retention.run': run }],
    ['retention run', 'nobody can confirm it', { 'retention.show': retained }],
  ]);
});

const keys = { state: 'open', slots: [key] };
const sealed = { ...keys, state: 'sealed', reason: { message: 'no key', remedy: 'Give it.' } };
const reports = [
  { kind: 'secret', description: 'a file', isUsable: true, message: 'found' },
  { kind: 'tpm', description: 'a chip', isUsable: false, message: 'there is none', remedy: 'Use another.' },
];

describe('rollcall key', () => {
  testCommands(registerKey, expected, [
    ['key status', 'it is open', { 'keys.show': keys }],
    [
      'key status',
      'it is being replaced',
      {
        'keys.show': {
          ...sealed,
          rotation,
          slots: [key, { ...key, keyId: 'k-0', isCurrent: false, ageS: 86_400 }],
        },
      },
    ],
    ['key status', 'there is none', { 'keys.show': { state: 'empty', slots: [] } }],
    ['key status --json', 'a program asks', { 'keys.show': keys }],
    ['key providers', 'one works', { 'keys.providers': reports }],
    ['key providers --json', 'a program asks', { 'keys.providers': reports }],
    ['key unlock', 'it is sealed with a secret', { 'keys.show': sealed, 'keys.unlock': sealed }],
    [
      'key unlock',
      'it is open already',
      { 'keys.show': { ...keys, slots: [{ ...key, provider: 'passphrase' }] }, 'keys.unlock': keys },
    ],
    ['key unlock --json', 'a program asks', { 'keys.show': sealed, 'keys.unlock': keys }],
    [
      'key init --provider tpm',
      'there is no key yet',
      { 'keys.show': { ...keys, slots: [] }, 'keys.create': keys },
    ],
    [
      'key init --provider tpm',
      'it stays sealed',
      { 'keys.show': { ...keys, slots: [] }, 'keys.create': sealed },
    ],
    [
      'key init --provider tpm --json',
      'a program asks',
      { 'keys.show': { ...keys, slots: [] }, 'keys.create': keys },
    ],
    ['key init --provider tpm', 'there is a key', { 'keys.show': keys }],
    ['key init', 'there is a key', { 'keys.show': keys }],
    ['key init --provider paper', 'there is no such source'],
    [
      'key rotate --provider tpm',
      'nobody can confirm it',
      { 'keys.show': { ...keys, slots: [{ ...key, provider: 'tpm' }] } },
    ],
    [
      'key rotate --deep',
      'nobody can confirm it',
      { 'keys.show': { ...keys, slots: [{ ...key, provider: 'tpm' }] } },
    ],
    ['key rotate --yes', 'there is no key', { 'keys.show': { state: 'empty', slots: [] } }],
    ['key rotate --yes', 'it is sealed', { 'keys.show': sealed }],
    [
      'key rotate --yes',
      'it goes on in the background',
      {
        'keys.show': {
          ...keys,
          slots: [
            { ...key, provider: 'tpm' },
            { ...key, isCurrent: false },
          ],
        },
        'keys.rotate': {},
      },
    ],
    [
      'key rotate --yes --deep --provider tpm --json',
      'a program asks',
      { 'keys.show': { ...keys, slots: [{ ...key, provider: 'tpm' }] }, 'keys.rotate': {} },
    ],
    [
      'key rotate --yes',
      'one is under way and fails',
      {
        'keys.show': (() => {
          let asked = 0;
          const slots = [
            { ...key, provider: 'tpm' },
            { ...key, isCurrent: false },
          ];
          return () => ({
            ...keys,
            slots,
            rotation: { ...rotation, state: asked++ === 0 ? 'running' : 'failed' },
          });
        })(),
      },
    ],
    [
      'key rotate --yes',
      'one is under way and is stopped',
      {
        'keys.show': (() => {
          let asked = 0;
          const slots = [
            { ...key, provider: 'tpm' },
            { ...key, isCurrent: false },
          ];
          return () => ({
            ...keys,
            slots,
            rotation: { ...rotation, state: asked++ === 0 ? 'running' : 'stopped' },
          });
        })(),
      },
    ],
    [
      'key rotate --yes --wait',
      'one is under way and ends',
      {
        'keys.show': (() => {
          let asked = 0;
          const slots = [{ ...key, provider: 'tpm' }];
          return () => ({
            ...keys,
            slots,
            rotation: { ...rotation, state: asked++ === 0 ? 'running' : 'finished' },
          });
        })(),
      },
    ],
  ]);
});

const backup = {
  ...{
    path: '/b',
    sizeBytes: 1_500_000,
    createdAt: noon,
    site: 'here',
    box: 'box',
    program: '1',
    sha256: 'abc',
  },
  ...{
    recogniser: 'made-up',
    schemaVersion: 12,
    counts: { persons: 1, auditEntries: 2, entries: 1, photographs: 0 },
  },
};

const isAway = () => {
  throw new RollcallError({ kind: 'operational', code: 'box-away', message: 'the box is away' });
};

test('the file of the first key is made once, and a box that answers takes it', async () => {
  const path = join(dirname(filePath), 'gallery-key');
  const init = (answers: Answers) => askCommand(registerKey, ['key', 'init'], answers);
  const empty = { 'keys.show': { state: 'sealed', slots: [] }, 'keys.create': keys };
  const isDown = () => {
    throw new RollcallError({ kind: 'operational', code: daemonUnreachable, message: 'nothing listens' });
  };
  const alone = await init({ 'keys.show': isDown });
  assert.deepEqual([alone.code, alone.calls.length], [0, 1]);
  assert.match(alone.out, /^created \S+\/gallery-key, readable by its owner only/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const made = readFileSync(path);
  assert.equal(made.length, 32);

  const taken = await init(empty);
  assert.deepEqual(taken.calls.at(-1), ['keys.create', { provider: 'secret' }]);
  assert.doesNotMatch(taken.out, /created \S+\//, 'the file that waits');
  assert.deepEqual(readFileSync(path), made);

  rmSync(path);
  const both = await init(empty);
  assert.deepEqual(both.calls.at(-1), ['keys.create', { provider: 'secret' }]);
  assert.match(both.out, /^created \S+\/gallery-key, [\s\S]*\bk-1\b/);
  rmSync(path);
});

test('a recovery key is kept where the box took its public half, and only then', async () => {
  const made = `${filePath}-recovery-key`;
  const init = (answer: unknown) =>
    askCommand(registerBackup, ['backup', 'recovery-key', 'init', '--out', made], {
      ...{ 'status.show': {}, 'backups.set-recovery-key': answer },
    });
  const refused = await init(isAway);
  assert.equal(refused.code, 1);
  assert.equal(existsSync(made), false);
  const { code, out, calls } = await init({ keyId: 'k-1' });
  assert.equal(code, 0);
  assert.match(out, /^Wrote the secret half of the recovery key k-1 to \S+-recovery-key, /);
  assert.equal(statSync(made).mode & 0o777, 0o600);
  const given = JSON.stringify(calls);
  assert.ok(!given.includes(readFileSync(made, 'utf8').trim()), 'the secret half stays here');
});

describe('rollcall backup create', () => {
  testCommands(registerBackup, expected, [
    [
      `backup create ${filePath}`,
      'the daemon writes it',
      { 'backups.write-file': backup, 'backups.show': {} },
    ],
    [
      `backup create ${filePath} --json`,
      'a program asks',
      { 'backups.write-file': backup, 'backups.show': {} },
    ],
    [
      'backup create /nowhere/else',
      'it is not seen here',
      { 'backups.write-file': backup, 'backups.show': {} },
    ],
    [`backup verify ${filePath}-none`, 'there is no such file'],
    [`backup recovery-key init --out ${filePath}-key`, 'the box is away', { 'status.show': isAway }],
    [`backup recovery-key init --out ${filePath}`, 'the file is there', { 'status.show': {} }],
    [
      `backup restore ${filePath}-none --yes`,
      'there is no such file',
      { 'status.show': { gallery: { state: 'open', persons: 1 } } },
    ],
    ...[
      { state: 'open', persons: 1 },
      { state: 'sealed', code: 'gallery-damaged', message: 'it is damaged' },
      { state: 'sealed', code: 'key-not-initialised', message: 'it has no key' },
      { state: 'sealed', code: 'key-missing', message: 'the key is missing' },
    ].map(
      (gallery) =>
        [
          'backup restore /b',
          `the gallery is ${gallery.code ?? gallery.state}`,
          { 'status.show': { gallery } },
        ] as const,
    ),
  ]);
});
