import { describe } from 'node:test';
import { registerAttendance } from '../../daemon/cli/attendance/attendance.js';
import { registerConfig } from '../../daemon/cli/config.js';
import { registerMqtt } from '../../daemon/cli/mqtt.js';
import { commandNamed, filePath, testCommands } from '../support/asked-command.js';
import { expectedTexts } from '../support/expected-text.js';

const expected = expectedTexts('box-commands.txt');

const id = `p-${'a'.repeat(26)}`;
const camera = {
  ...{ id: 'door', name: 'Front door', state: 'streaming', passages: { count: 7 }, counters: {} },
};
const watched = {
  ...camera,
  counters: { delivered: 100, analysed: 50, dropped: 2, tracks: 4, restarts: 1 },
  ...{
    stream: { codec: 'h264', widthPx: 1920, heightPx: 1080, fps: 25 },
    viewers: 2,
    isSwitchedByCentre: true,
  },
};
const cameras = {
  'cameras.list': [
    camera,
    { ...camera, id: 'gate', name: 'Gate' },
    { ...camera, id: 'gate-2', name: 'gate' },
  ],
};
const kept = { id: 'door', isEnabled: true, settings: { url: 'rtsp://192.0.2.1/', credential: 'c' } };
const certificate = {
  ...{
    subject: 'CN=cam',
    issuer: 'CN=ca',
    names: 'cam',
    validFrom: 'a',
    validUntil: 'b',
    fingerprint: 'AA:BB',
  },
};
const face = (more = {}) => ({
  widthPx: 100.6,
  score: 0.876,
  quality: { score: 0.456, reasons: [] },
  ...more,
});
const good = {
  ...{ outcome: 'ok', stream: { codec: 'h264', widthPx: 1920, heightPx: 1080, fps: 25 }, measuredFps: 24.96 },
  ...{ decodingCores: 0.256, firstFrameMs: 1234, framesAnalysed: 1, faces: [], problems: [] },
};
const bad = {
  ...good,
  ...{ stream: { ...good.stream, fps: null }, decodingCores: null, framesAnalysed: 3 },
  faces: [face(), face({ quality: null }), face({ quality: { score: 0.1, reasons: ['dark', 'too-small'] } })],
  problems: [{ message: 'it is slow', code: 'slow', remedy: 'Be fast.' }],
  connection: { isEncrypted: false, certificate: null, login: 'basic' },
};
const failed = {
  ...{ outcome: 'failed', message: 'no answer', code: 'timeout', remedy: 'Switch it on.' },
  connection: { isEncrypted: true, certificate, login: 'digest' },
};
const device = { address: 'http://192.0.2.1/', cameraIds: [] };
const deviceProfiles = {
  outcome: 'ok',
  profiles: [
    {
      ...{ name: 'main', codec: 'H265', widthPx: 1920, heightPx: 1080, fps: 25 },
      ...{ url: 'rtsp://192.0.2.10/1', isElsewhere: false },
    },
    { url: 'rtsp://198.51.100.1/2', isElsewhere: true },
    { name: 'snapshots', isElsewhere: false },
  ],
  isCutShort: true,
};

describe('rollcall camera', async () => {
  testCommands(await commandNamed('camera'), expected, [
    ['camera list', 'there are none', { 'cameras.list': [] }],
    [
      'camera list',
      'there are several',
      {
        'cameras.list': [
          watched,
          { ...watched, id: 'x', stream: { ...watched.stream, fps: null }, viewers: 1 },
          { ...camera, isSwitchedByCentre: false },
        ],
      },
    ],
    ['camera list --json', 'a program asks', { 'cameras.list': [camera] }],
    ['camera test door', 'it works', { ...cameras, 'cameras.test': good }],
    ['camera test door', 'it works with problems', { ...cameras, 'cameras.test': bad }],
    [
      'camera test door',
      'it is encrypted, without a login',
      {
        ...cameras,
        'cameras.test': { ...good, connection: { isEncrypted: true, certificate: null, login: null } },
      },
    ],
    [
      'camera test door',
      'its login is protected',
      {
        ...cameras,
        'cameras.test': { ...good, connection: { isEncrypted: true, certificate, login: 'basic' } },
      },
    ],
    ['camera test door', 'it does not answer', { ...cameras, 'cameras.test': failed }],
    ['camera test cellar --json', 'a program asks for an unknown one', { ...cameras, 'cameras.test': good }],
    ...[
      '--credential c',
      '--login',
      '--transport tcp',
      '--allow-basic-login',
      '--ca-file f',
      '--fingerprint f',
    ].map((option) => [`camera test door ${option}`, 'the option needs an address'] as const),
    ['camera test rtsp://192.0.2.1/ --credential c --login', 'both are given'],
    ['camera test rtsp://user:secret@192.0.2.1/', 'the address holds a login'],
    ['camera test http://192.0.2.1/', 'it is no such address'],
    ["camera test rtsp://192.0.2.1/ --credential 'a/b'", 'it is no name of a secret'],
    ['camera test rtsp://192.0.2.1/ --fingerprint aa', 'it is no fingerprint'],
    ['camera test rtsp://192.0.2.1/ --ca-file f', 'the address is not encrypted'],
    ['camera add door rtsp://192.0.2.1/ --name Door', 'it is new', { 'cameras.create': kept }],
    [
      'camera add door rtsp://192.0.2.1/ --name Door --disabled --transport udp --direction in --fingerprint AA --allow-basic-login',
      'everything is given',
      { 'cameras.create': { ...kept, isEnabled: false, settings: { url: 'rtsp://192.0.2.1/' } } },
    ],
    ['camera add door rtsp://192.0.2.1/ --name Door --json', 'a program asks', { 'cameras.create': kept }],
    ['camera add door rtsp://192.0.2.1/', 'it has no name'],
    ['camera change door --name New', 'it gets a name', { ...cameras, 'cameras.change': kept }],
    ['camera change door --enable', 'it is opened', { ...cameras, 'cameras.change': kept }],
    [
      'camera change door --disable --no-login --no-fingerprint --no-allow-basic-login --no-zones --no-masks',
      'much is taken away',
      { ...cameras, 'cameras.change': kept },
    ],
    [
      'camera change door --url rtsp://192.0.2.2/ --transport tcp --direction out --fingerprint AA --allow-basic-login --json',
      'a program asks',
      { ...cameras, 'cameras.change': kept },
    ],
    ['camera change door --enable --disable', 'both are given'],
    ['camera change door --zones - --masks -', 'both read standard input', cameras],
    ['camera change door', 'nothing is given', cameras],
    ['camera change ga --name x', 'it can mean two', cameras],
    ['camera remove door --yes', 'it exists', { ...cameras, 'cameras.delete': {} }],
    ['camera remove door --yes --json', 'a program asks', { ...cameras, 'cameras.delete': { id: 'door' } }],
    ['camera remove door', 'nobody can confirm it', cameras],
    [
      'camera release door',
      'a centre had switched it',
      { ...cameras, 'cameras.release': { isReleased: true } },
    ],
    ['camera release door', 'no centre had', { ...cameras, 'cameras.release': { isReleased: false } }],
    [
      'camera release door --json',
      'a program asks',
      { ...cameras, 'cameras.release': { isReleased: false } },
    ],
    [
      `camera snapshot door --save ${filePath}-door`,
      'it is streaming',
      { ...cameras, 'cameras.snapshot': Buffer.from('a picture') },
    ],
    [
      `camera snapshot door --save ${filePath}-faces --boxes --json`,
      'a program asks',
      { ...cameras, 'cameras.snapshot': Buffer.from('a picture') },
    ],
    [`camera snapshot door --save ${filePath}`, 'the file exists', cameras],
    ['camera snapshot door --json', 'a picture needs a file'],
    ['camera profiles 192.0.2.10', 'it tells its streams', { 'cameras.profiles': deviceProfiles }],
    [
      'camera profiles http://192.0.2.10:8080 --fingerprint aa --json',
      'a program asks',
      { 'cameras.profiles': deviceProfiles },
    ],
    [
      'camera profiles 192.0.2.10',
      'it refuses the login',
      { 'cameras.profiles': { ...failed, code: 'device-login-refused' } },
    ],
    ['camera discover', 'nobody answers', { 'cameras.discover': { devices: [], isCutShort: false } }],
    [
      'camera discover --seconds 5',
      'some answer',
      {
        'cameras.discover': {
          devices: [
            device,
            { ...device, name: 'n', hardware: 'h', location: 'l', cameraIds: ['door', 'gate'] },
          ],
          isCutShort: false,
        },
      },
    ],
    [
      'camera discover',
      'more answer than are shown',
      { 'cameras.discover': { devices: [device], isCutShort: true } },
    ],
    ['camera discover --json', 'a program asks', { 'cameras.discover': { devices: [] } }],
    [
      'camera discover --seconds 2.5',
      'the wait has a fraction',
      { 'cameras.discover': { devices: [], isCutShort: false } },
    ],
    ['camera discover --seconds 11', 'the wait is too long'],
  ]);
});

const settings = [
  { path: 'rules.unknownAfterS', value: 5, origin: 'console' },
  { path: 'site.id', value: 'here', origin: 'file' },
  { path: 'mqtt', origin: 'default' },
];
const shown = { 'config.show': { revision: 'r-1', file: { path: '/etc/rollcall.yaml' }, settings } };
const difference = { path: 'rules.unknownAfterS', after: 5, reload: 'at once' };
const checked = {
  'config.check': { problems: [], differences: [difference, { ...difference, before: ['a'] }] },
};
const applied = (more = {}) => ({ 'config.apply': { differences: [difference], needRestart: [], ...more } });
const nothing = { 'config.check': { problems: [], differences: [] } };

describe('rollcall config', () => {
  testCommands(registerConfig, expected, [
    ['config show', 'some are set', shown],
    ['config show --all', 'all are wanted', shown],
    ['config show --json', 'a program asks', shown],
    ['config set rules.unknownAfterS 5 --yes', 'it differs', { ...shown, ...checked, ...applied() }],
    [
      'config set rules.unknownAfterS 5 --yes',
      'the daemon must restart',
      {
        ...shown,
        ...checked,
        ...applied({ differences: [difference, difference], needRestart: ['a', 'b'] }),
      },
    ],
    [
      'config set rules.unknownAfterS 5',
      'it is so already',
      { ...shown, ...nothing, ...applied({ differences: [] }) },
    ],
    [
      "config set attendance.holidays '[2026-12-25]' --yes --json",
      'a program asks',
      { ...shown, ...nothing, ...applied() },
    ],
    ['config set rules.unknownAfterS 5', 'nobody can confirm it', { ...shown, ...checked }],
    [
      'config set rules.unknownAfterS x',
      'it is unusable',
      {
        ...shown,
        'config.check': {
          problems: [
            { path: 'rules.unknownAfterS', line: 2, column: 5, message: 'must be a number' },
            { path: 'a', line: 3, column: 1, message: 'is bad', remedy: 'Mend it.' },
          ],
          differences: [difference],
        },
      },
    ],
    [
      'config set rules.unknownAfterS x --json',
      'it is unusable for a program',
      { ...shown, 'config.check': { problems: [{ path: 'a', message: 'm' }], differences: [] } },
    ],
    ["config set rules.unknownAfterS ''", 'it is empty'],
    ['config set rules.unknownAfterS null', 'it is nothing'],
    ["config set rules.unknownAfterS '[1'", 'it cannot be read'],
    ['config reset rules.unknownAfterS --yes', 'it was set', { ...shown, ...checked, ...applied() }],
    ['config reset rules.unknownAfterS', 'nobody can confirm it', { ...shown, ...checked }],
    [
      'config reset rules.unknownAfterS --yes --json',
      'a program asks',
      { ...shown, ...nothing, ...applied() },
    ],
  ]);
});

const corrected = {
  'attendance.correct': {
    correction: {
      number: 3,
      date: '2026-03-02',
      kind: 'in',
      time: '08:05',
      at: '2026-03-02T08:05:00+01:00',
      person: 'p-1',
      by: 'uid:0',
      madeAt: '2026-03-02T11:00:00.000Z',
      reason: 'r',
    },
    rows: [],
  },
};
const day = '--date 2026-03-02 --reason r';

const head = {
  ...{
    site: 'here',
    timeZone: 'Europe/Berlin',
    madeAt: '2026-03-03T09:00:00+01:00',
    from: '2026-03-01',
    to: '2026-03-02',
  },
  ...{ areNamesKnown: true, areAbsencesKnown: true },
};
const row = {
  ...{
    person: 'p-2',
    name: 'Bea',
    date: '2026-03-02',
    shift: 'day',
    shiftFrom: '2026-03-02T08:00:00+01:00',
    shiftTo: '2026-03-02T17:00:00+01:00',
    firstIn: '2026-03-02T08:10:00+01:00',
  },
  ...{
    lastOut: '2026-03-03T00:05:00+01:00',
    statuses: ['late', 'unproven'],
    workedMin: 475,
    breakMin: 30,
    awayMin: 5,
  },
  ...{ earlyMin: 1, lateMin: 10, leftEarlyMin: 65, overtimeMin: 59, isCorrected: true, externalId: '17' },
};
const late = {
  ...row,
  name: 'Ada',
  statuses: ['present', 'late'],
  isCorrected: false,
  firstIn: '2026-03-01T23:59:00+01:00',
};
const absent = {
  ...{
    ...row,
    name: undefined,
    shift: undefined,
    firstIn: null,
    lastOut: null,
    isCorrected: false,
    workedMin: 0,
  },
  ...{ lateMin: 0, leftEarlyMin: 0, overtimeMin: 0, statuses: ['absent', 'expected', 'seen-not-proven'] },
};
const correction = {
  ...{ number: 3, date: '2026-03-02', kind: 'in', at: '2026-03-02T08:05:00+01:00', by: 'uid:0', reason: 'r' },
  madeAt: '2026-03-02T11:00:00.000Z',
};
const ambiguous = {
  ...{ date: '2026-03-02', at: '2026-03-02T08:05:00+01:00', camera: 'door', direction: 'in', event: 7 },
  ...{ candidates: [{ person: 'p-1', name: 'Ada' }, { person: 'p-2' }], isCorrected: false },
};
const seenNotProven = {
  ...{ person: 'p-1', date: '2026-03-02', at: '2026-03-02T08:05:00+01:00', camera: 'door', direction: 'in' },
  ...{ reason: 'blink', event: 8, isCorrected: true },
};
const oneHead = {
  ...head,
  corrections: [correction],
  ambiguous: [ambiguous],
  seenNotProven: [seenNotProven],
};
const fullHead = {
  ...{
    ...head,
    keptFrom: '2026-01-01',
    corrections: [correction, { ...correction, kind: 'absence-excused', at: null }],
  },
  ambiguous: [ambiguous, { ...ambiguous, isCorrected: true }],
  seenNotProven: [seenNotProven, { ...seenNotProven, name: 'Ada', isCorrected: false }],
};
/** A report that comes item by item. */
const lines =
  (first: unknown, ...rows: readonly unknown[]) =>
  () =>
    [{ kind: 'head', head: first }, ...rows.map((each) => ({ kind: 'row', row: each }))][Symbol.iterator]();

describe('rollcall attendance', () => {
  testCommands(registerAttendance, expected, [
    ['attendance report --from 2026-03-01 --to 2026-03-02 --csv --json', 'both are given'],
    ['attendance report --from 2026-03-01', 'no end is given'],
    [`attendance correct ${id} --date 2026-03-02`, 'no reason is given'],
    [`attendance correct ${id} ${day}`, 'no correction is given'],
    [`attendance correct ${id} ${day} --in 8:05 --out 17:00`, 'two are given'],
    ...['--in 8:05', '--out 17:00', '--absence-excused', '--as-recorded'].map(
      (what) => [`attendance correct ${id} ${day} ${what} --json`, 'a program asks', corrected] as const,
    ),
    [`attendance correct ${id} ${day} --in 8:05`, 'it is made', corrected],
    ['attendance today', 'much happened', { 'attendance.today': lines(fullHead, row, late, absent) }],
    [
      'attendance today',
      'nothing happened',
      { 'attendance.today': lines({ ...head, areAbsencesKnown: false }) },
    ],
    ['attendance today --json', 'a program asks', { 'attendance.today': lines(head, row) }],
    [
      'attendance report --from 2026-03-01 --to 2026-03-02',
      'much happened',
      { 'attendance.report': lines(fullHead, row, late, absent) },
    ],
    [
      `attendance report --from 2026-03-01 --to 2026-03-02 --person ${id}`,
      'one is still there',
      { 'attendance.report': lines({ ...oneHead, areNamesKnown: false }, { ...row, workedSoFarMin: 192 }) },
    ],
    [
      'attendance report --from 2026-03-01 --to 2026-03-02 --csv',
      'a table is wanted',
      { 'attendance.report': lines(fullHead, row) },
    ],
    [
      'attendance report --from 2026-03-01 --to 2026-03-02 --csv --language de --separator tab',
      'a spreadsheet wants it',
      { 'attendance.report': lines(head, row) },
    ],
    [
      'attendance report --from 2026-03-01 --to 2026-03-02 --csv --separator semicolon',
      'signs are given',
      { 'attendance.report': lines(head, row) },
    ],
    [
      'attendance report --from 2026-03-01 --to 2026-03-02 --json',
      'a program asks',
      { 'attendance.report': lines(head, row) },
    ],
  ]);
});

describe('rollcall mqtt', () => {
  testCommands(registerMqtt, expected, [['mqtt check', 'there is no broker']]);
});
