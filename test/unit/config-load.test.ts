import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ConfigProblem } from '../../daemon/contract/settings/config-problem.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { formatProblem } from '../../daemon/contract/settings/problem.js';
import type { Config } from '../../daemon/contract/settings/schema.js';

const site = 'site: { id: office, timeZone: Europe/Paris }\n';

function valid(text: string): Config {
  const loaded = parseConfig(text);
  if (!loaded.ok)
    assert.fail(loaded.problems.map((problem) => formatProblem('test.yaml', problem)).join('\n'));
  return loaded.config;
}

function problemsOf(text: string): readonly ConfigProblem[] {
  const loaded = parseConfig(text);
  assert.equal(loaded.ok, false, 'expected the configuration to be refused');
  return loaded.ok ? [] : loaded.problems;
}

/** The only problem of `text`, which must lie at `path`. */
function problemAt(text: string, path: string): ConfigProblem {
  const problems = problemsOf(text);
  assert.deepEqual(
    problems.map((problem) => problem.path),
    [path],
  );
  const [problem] = problems;
  assert.ok(problem);
  return problem;
}

describe('a recogniser without a measured operating point', () => {
  const named = `${site}vision: { recogniser: auraface }\n`;

  test('is refused until threshold and margin are given', () => {
    assert.deepEqual(
      problemsOf(named).map(({ path }) => path),
      ['identification.threshold', 'identification.margin'],
    );
    const { message, remedy } = problemAt(
      `${named}identification: { threshold: 0.4 }\n`,
      'identification.margin',
    );
    assert.match(message, /^is missing: rollcall has no measured operating point for auraface/);
    assert.match(remedy ?? '', /rollcall evaluate identify/);
    valid(`${named}identification: { threshold: 0.4, margin: 0.1 }\n`);
  });
});

describe('a valid configuration', () => {
  test('needs only a site, and three lines per camera', () => {
    const config = valid(
      `${site}cameras:\n  - id: door\n    name: Front door\n    url: rtsp://192.0.2.1/main\n`,
    );
    assert.deepEqual(config.cameras, [
      {
        id: 'door',
        name: 'Front door',
        url: 'rtsp://192.0.2.1/main',
        allowBasicLogin: false,
        enabled: true,
        transport: 'tcp',
        direction: 'both',
        rates: { idleFps: 5, trackingFps: 15, provingFps: 30 },
        smallestFacePx: 40,
        stallAfterS: 5,
        firstFrameWithinS: 20,
        hwaccel: 'none',
        maxAnalysisWidthPx: 1920,
        pictureChecks: ['damaged', 'uniform', 'black', 'frozen'],
        zones: [],
        masks: [],
        liveness: {},
      },
    ]);
    assert.equal(config.mqtt, undefined);
    assert.equal('credential' in (config.cameras[0] ?? {}), false);
  });

  test('keeps databases below dataDir, and absolute paths where they are', () => {
    const config = valid(`${site}dataDir: /data\nrecords: { path: /elsewhere/records.db }\n`);
    assert.equal(config.gallery.path, '/data/gallery.db');
    assert.equal(config.records.path, '/elsewhere/records.db');
    assert.deepEqual(config.models, {});
    assert.deepEqual(valid(`${site}models: { dir: nets }\n`).models, { dir: '/var/lib/rollcall/nets' });
  });

  test('the example file is valid', async () => {
    const text = await readFile(new URL('../../config/rollcall.example.yaml', import.meta.url), 'utf8');
    assert.deepEqual(
      valid(text).cameras.map((camera) => camera.id),
      ['front-door', 'back-door'],
    );
  });

  test('the commented lines of the example are valid and state the defaults', async () => {
    const text = await readFile(new URL('../../config/rollcall.example.yaml', import.meta.url), 'utf8');
    const uncommented = text
      .split('\n')
      .map((line) => line.replace(/^(\s*)# ((?:- |\s*)[A-Za-z]+:(?: \S+)?)$/, '$1$2'))
      .join('\n');
    assert.notEqual(uncommented, text);
    const plain = valid(text);
    const full = valid(uncommented);
    for (const section of [
      'box',
      'vision',
      'liveness',
      'identification',
      'rules',
      'gallery',
      'logging',
    ] as const) {
      assert.deepEqual(full[section], plain[section], section);
    }
    assert.deepEqual(full.cameras[1], plain.cameras[1]);
  });
});

describe('the zones and masks of a camera', () => {
  const withAreas = (areas: string): string =>
    `${site}cameras:\n  - id: door\n    name: Door\n    url: rtsp://192.0.2.1/\n${areas}`;
  const square = '[{ x: 0.1, y: 0.1 }, { x: 0.5, y: 0.1 }, { x: 0.5, y: 0.5 }, { x: 0.1, y: 0.5 }]';
  const corners = (count: number): string =>
    `[${Array.from({ length: count }, (_, index) => {
      const angle = (2 * Math.PI * index) / count;
      return `{ x: ${0.5 + 0.4 * Math.cos(angle)}, y: ${0.5 + 0.4 * Math.sin(angle)} }`;
    }).join(', ')}]`;

  test('have points, perhaps a name, and what a zone is for', () => {
    const [camera] = valid(
      withAreas(
        `    zones:\n      - { use: detect, points: ${square} }\n    masks:\n      - { name: Window, points: ${corners(16)} }\n`,
      ),
    ).cameras;
    assert.deepEqual(
      camera?.zones.map(({ use, points }) => [use, points.length]),
      [['detect', 4]],
    );
    assert.deepEqual(
      camera?.masks.map(({ name, points }) => [name, points.length]),
      [['Window', 16]],
    );
  });

  const refused = {
    'two corners': ['[{ x: 0, y: 0 }, { x: 1, y: 1 }]', 'points', /3/],
    'too many corners': [corners(17), 'points', /16/],
    'a corner outside the picture': ['[{ x: 0, y: 0 }, { x: 1.1, y: 0 }, { x: 1, y: 1 }]', 'points.1.x', /1/],
    'an outline that crosses itself': [
      '[{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 1, y: 0 }, { x: 0, y: 1 }]',
      'points',
      /crosses itself/,
    ],
    'corners on one line': [
      '[{ x: 0, y: 0 }, { x: 0.5, y: 0.5 }, { x: 1, y: 1 }]',
      'points',
      /covers no area/,
    ],
  } as const;
  for (const [name, [points, path, message]] of Object.entries(refused)) {
    test(`are refused with ${name}`, () => {
      const problem = problemAt(
        withAreas(`    masks:\n      - { points: ${points} }\n`),
        `cameras.0.masks.0.${path}`,
      );
      assert.match(problem.message, message);
    });
  }

  test('are at most 16 each', () => {
    const many = Array.from({ length: 17 }, () => `      - { points: ${square} }\n`).join('');
    problemAt(withAreas(`    masks:\n${many}`), 'cameras.0.masks');
  });
});

describe('problems', () => {
  test('are reported together, each with its line, in the order of the file', () => {
    const text = [
      'site:', // 1
      '  id: Head Office', // 2
      '  timezone: Europe/Paris', // 3
      'cameras:', // 4
      '  - id: door', // 5
      '    name: Door', // 6
      '    url: http://192.0.2.1', // 7
      '    rates: { idleFps: 20, trackingFps: 10 }', // 8
      '  - id: door', // 9
      '    name: Second', // 10
      '    direction: up', // 11
      'liveness:', // 12
      '  attackAfterS: soon', // 13
    ].join('\n');
    assert.deepEqual(
      problemsOf(text).map(({ line, path }) => `${line} ${path}`),
      [
        '1 site.timeZone',
        '2 site.id',
        '3 site.timezone',
        '7 cameras.0.url',
        '8 cameras.0.rates.idleFps',
        '9 cameras.1.url',
        '9 cameras.1.id',
        '11 cameras.1.direction',
        '13 liveness.attackAfterS',
      ],
    );
  });

  test('the message for an unknown key names the nearest known one, or the right place', () => {
    assert.deepEqual(problemAt(`${site}camras: []\n`, 'camras'), {
      line: 2,
      column: 1,
      path: 'camras',
      message: 'is not a known key',
      remedy: 'Did you mean "cameras"?',
    });
    assert.equal(
      problemAt(
        `${site}cameras:\n  - { id: a, name: A, url: "rtsp://h/", stall_after_s: 3 }\n`,
        'cameras.0.stall_after_s',
      ).remedy,
      'Did you mean "stallAfterS"?',
    );
    assert.equal(
      problemAt(`${site}attackAfterS: 9\n`, 'attackAfterS').remedy,
      'It belongs under "liveness".',
    );
    assert.match(
      problemAt(`${site}logging: { color: red }\n`, 'logging.color').remedy ?? '',
      /Known keys here: level/,
    );
    // It belongs at the top, which has no name.
    assert.match(
      problemAt(`${site}logging: { dataDir: /x }\n`, 'logging.dataDir').remedy ?? '',
      /Known keys here: level/,
    );
  });

  test('the message for a missing, empty or invalid value says what it must be', () => {
    assert.equal(problemAt('cameras: []\n', 'site').message, 'is missing');
    assert.equal(problemAt(`${site}liveness:\n`, 'liveness').message, 'has no value');
    assert.equal(
      problemAt(`${site}vision: { processes: many }\n`, 'vision.processes').message,
      'must be "auto" or a whole number from 1 to 16',
    );
    assert.equal(
      problemAt(`${site}vision: { processes: 99 }\n`, 'vision.processes').message,
      'must be "auto" or a whole number from 1 to 16',
    );
    assert.equal(
      problemAt(`${site}identification: { threshold: 1 }\n`, 'identification.threshold').message,
      'must be a number above -1 below 1',
    );
    assert.equal(
      problemAt(`${site}logging: verbose\n`, 'logging').message,
      'must be a section with the keys level',
    );
    assert.equal(
      problemAt(`${site}rules: { unknownAfterS: .inf }\n`, 'rules.unknownAfterS').message,
      'must be a number from 0 to 300',
    );
  });

  test('a name with line breaks, terminal escapes or marks for text direction is refused', () => {
    for (const hidden of ['\\e[31m', '\\r\\nBcc: x@example.org', '\\u202e', '\\0']) {
      const camera = `cameras: [{ id: door, name: "Gate${hidden}x", url: "rtsp://192.0.2.1/" }]\n`;
      const problem = problemAt(`${site}${camera}`, 'cameras.0.name');
      assert.match(formatProblem('test.yaml', problem), /control characters.*Remove line breaks/s);
    }
  });

  test('an unknown time zone is refused with the nearest known one', () => {
    const problem = problemAt('site: { id: a, timeZone: Europe/Pariss }\n', 'site.timeZone');
    assert.equal(problem.remedy, 'Did you mean "Europe/Paris"?');
    assert.match(problemAt('site: { id: a, timeZone: "+02:00" }\n', 'site.timeZone').message, /IANA/);
  });

  test('invalid YAML is refused with its line', () => {
    const [problem] = problemsOf(`${site}cameras:\n  - id: door\n   name: Door\n`);
    assert.ok(problem);
    assert.equal(problem.line, 4);
    assert.match(problem.message, /not valid YAML/);
    const [repeated] = problemsOf(`${site}${site}`);
    assert.equal(repeated?.line, 2);
    assert.equal(repeated.message, '"site" appears twice');
    assert.equal(problemsOf(`${site}hunter2: 1\nhunter2: 2\n`)[0]?.message, 'this key appears twice');
    assert.equal(problemsOf('site:\n\tid: a\n')[0]?.remedy, 'Indent with spaces.');
    assert.match(problemsOf('')[0]?.message ?? '', /empty/);
    assert.match(problemsOf('# nothing\n')[0]?.message ?? '', /empty/);
  });

  test('aliases that expand to an excessive size are refused', () => {
    const level = (name: string, of: string): string =>
      `${name}: &${name} [${Array(9).fill(`*${of}`).join(',')}]\n`;
    const bomb = `a: &a [1,1,1]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}${level('e', 'd')}`;
    assert.match(problemsOf(bomb)[0]?.message ?? '', /expanded/);
  });

  test('a password in a URL is refused and never repeated', () => {
    const problem = problemAt(
      `${site}cameras: [{ id: a, name: A, url: "rtsp://admin:hunter2@192.0.2.1/" }]\n`,
      'cameras.0.url',
    );
    assert.match(problem.remedy ?? '', /credential/);
    const broken = [
      `${site}cameras: [{ id: a, name: A, url: "rtsp://admin:hunter2#x@h/" }]\n`,
      `${site}cameras: [{ id: a, name: A, url: "http://admin:hunter2@h/" }]\n`,
      `${site}cameras:\n  - url: rtsp://admin:hunter2@h/ : x\n`,
      `${site}cameras: [{ url: "rtsp://admin:hunter2@h/ ]\n`,
      `${site}cameras: rtsp://admin:hunter2@h/\n`,
      `${site}cameras: [{ id: a, name: A, url: "rtsp://h/", credential: "admin:hunter2" }]\n`,
      `${site}mqtt: { url: "mqtt://admin:hunter2@h/" }\n`,
      `${site}} admin:hunter2\n`,
    ];
    for (const text of broken) {
      const lines = problemsOf(text).map((each) => formatProblem('test.yaml', each));
      assert.ok(lines.length > 0);
      assert.ok(!lines.join('\n').includes('hunter2'), lines.join('\n'));
    }
  });

  test('TLS settings of a camera are refused without TLS, and a fingerprint together with a CA file', () => {
    const pin = `sha256:${'aB'.repeat(32)}`;
    const camera = (url: string, ...settings: readonly string[]): string =>
      `${site}cameras: [{ id: a, name: A, url: "${url}", ${settings.join(', ')} }]\n`;
    const [fingerprint, caFile] = [`fingerprint: "${pin}"`, 'caFile: /ca.pem'];
    for (const [text, path, message] of [
      [camera('rtsp://h/', fingerprint), 'cameras.0.fingerprint', /without TLS/],
      [camera('rtsp://h/', caFile), 'cameras.0.caFile', /without TLS/],
      [camera('rtsps://h/', caFile, fingerprint), 'cameras.0.caFile', /beside fingerprint/],
      [camera('rtsps://h/', 'caFile: ca.pem'), 'cameras.0.caFile', /absolute/],
      [camera('rtsps://h/', 'fingerprint: "sha1:00"'), 'cameras.0.fingerprint', /64 hexadecimal/],
    ] as const) {
      assert.match(problemAt(text, path).message, message);
    }
    const [known] = valid(camera('rtsps://h/', fingerprint)).cameras;
    assert.equal(known?.fingerprint, `sha256:${Array(32).fill('AB').join(':')}`);
    assert.equal(known?.allowBasicLogin, false);
  });

  test('a substream is refused at another server, with a login, and where it is the main stream', () => {
    const camera = (url: string, substream: string): string =>
      `${site}cameras: [{ id: a, name: A, url: "${url}", substream: "${substream}" }]\n`;
    for (const [url, substream, message] of [
      ['rtsp://h/main', 'rtsp://other/sub', /another server/],
      ['rtsp://h/main', 'rtsp://h:8554/sub', /another server/],
      ['rtsps://h/main', 'rtsp://h:322/sub', /another server/],
      ['rtsp://h/main', 'rtsp://u:hunter2@h/sub', /user name or password/],
      ['rtsp://h/main', 'rtsp://h/main', /same stream/],
    ] as const) {
      assert.match(problemAt(camera(url, substream), 'cameras.0.substream').message, message);
    }
    const [known] = valid(camera('rtsp://h:554/main', 'rtsp://H/sub')).cameras;
    assert.equal(known?.substream, 'rtsp://H/sub');
  });

  test('are formatted as place, problem and remedy', () => {
    assert.equal(
      formatProblem('rollcall.yaml', problemAt(`${site}camras: []\n`, 'camras')),
      'rollcall.yaml:2:1: camras is not a known key. Did you mean "cameras"?',
    );
    const [whole] = problemsOf('');
    assert.ok(whole);
    assert.match(formatProblem('rollcall.yaml', whole), /^rollcall\.yaml: the file is empty. Start from/);
  });

  test('the loader never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void parseConfig(text)));
    const yamlish = fc.array(
      fc.constantFrom(
        'site',
        ':',
        ' ',
        '\n',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '*a',
        '&a',
        '<<',
        '?',
        '|',
        '"',
        '!!x',
        '__proto__',
        '%',
        '---',
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(yamlish, (parts) => void parseConfig(parts.join(''))),
      { numRuns: 200 },
    );
  });
});

describe('a file with YAML warnings', () => {
  test('is refused', () => {
    const [problem] = problemsOf(`%UNKNOWN directive\n---\n${site}`);
    assert.match(problem?.message ?? '', /YAML/);
  });
});
