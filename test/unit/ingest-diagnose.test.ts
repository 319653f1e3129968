import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diagnose, type StreamEvidence } from '../../daemon/vision/ingest/diagnose.js';
import type { StreamFailureCode } from '../../daemon/vision/ingest/stream-end.js';

const opening: StreamEvidence = {
  cause: 'exited',
  hadFrames: false,
  decoder: 'software',
  transport: 'tcp',
  hasCredential: true,
  waitedS: 0.1,
  lines: [],
};

/** Logs of FFmpeg 5.1 unless said, as they were printed in front of real servers. */
const logs: readonly (readonly [name: string, code: StreamFailureCode, ...lines: readonly string[]])[] = [
  [
    'a wrong password',
    'unauthorised',
    '[rtsp @ 0x55ed27869640] [error] method DESCRIBE failed: 401 Unauthorized',
    "[concat @ 0x55ed27857c00] [error] Impossible to open 'rtsp://***@127.0.0.1:33479/cam'",
    '[error] pipe:0: Server returned 401 Unauthorized (authorization failed)',
  ],
  [
    'a wrong password (7.0)',
    'unauthorised',
    '[rtsp @ 0x20b25ac0] [error] method DESCRIBE failed: 401 Unauthorized',
    '[in#0 @ 0x20b13d00] [error] Error opening input: Server returned 401 Unauthorized (authorization failed)',
    '[fatal] Error opening input files: Server returned 401 Unauthorized (authorization failed)',
  ],
  [
    'a user without rights',
    'forbidden',
    '[rtsp @ 0x56140ffea680] [error] method DESCRIBE failed: 403 Forbidden',
  ],
  ['a wrong path', 'not-found', '[rtsp @ 0x55e881be26c0] [error] method DESCRIBE failed: 404 Not Found'],
  [
    'a server for TCP only, asked for UDP',
    'transport-refused',
    '[rtsp @ 0x559f79393680] [error] method SETUP failed: 461 Unsupported transport',
    '[error] pipe:0: Protocol not supported',
  ],
  [
    'too many viewers',
    'server-busy',
    '[rtsp @ 0x56025a231680] [error] method DESCRIBE failed: 453 Not Enough Bandwidth',
    '[error] pipe:0: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
  ],
  [
    'an overloaded server',
    'server-busy',
    '[rtsp @ 0x56] [error] method DESCRIBE failed: 503 Service Unavailable',
  ],
  [
    'a broken server',
    'server-error',
    '[rtsp @ 0x55c] [error] method DESCRIBE failed: 500 Internal Server Error',
  ],
  [
    'a request that the camera does not accept',
    'bad-request',
    "[concat @ 0x55d00] [error] Impossible to open 'rtsp://127.0.0.1:33735/live'",
    '[error] pipe:0: Server returned 400 Bad Request',
  ],
  [
    'a stream of sound only, by a server that wants a session',
    'no-video',
    '[rtsp @ 0x56256fdf06c0] [error] method PLAY failed: 454 Session Not Found',
    "[concat @ 0x56256fddec00] [error] Impossible to open 'rtsp://127.0.0.1:18554/audio'",
    '[error] pipe:0: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
  ],
  [
    'a session that the camera does not know',
    'server-error',
    '[rtsp @ 0x56256] [error] method SETUP failed: 454 Session Not Found',
  ],
  [
    'a stream of sound only, by a server that plays it',
    'no-video',
    '[warning] Codec AVOption threads (set the number of threads) specified for input file #0 (pipe:0) has not been used',
    "[fatal] Stream map '0:v:0' matches no streams.",
  ],
  [
    'an unknown codec',
    'codec-unsupported',
    '[rtsp @ 0x55a] [warning] Could not find codec parameters for stream 0 (Video: none, none): unknown codec',
    '[concat @ 0x55b] [warning] Could not find codec parameters for stream 0 (Unknown: none): unknown codec',
    "[fatal] Stream map '0:v:0' matches no streams.",
  ],
  [
    'an FFmpeg before 5.0 taken for a later one',
    'ffmpeg-unsupported',
    "[concat @ 0x28fbddc0] [error] Line 3: unknown keyword 'option'",
    '[error] pipe:0: Invalid data found when processing input',
  ],
];

const invalidData = ['[error] pipe:0: Invalid data found when processing input'];

describe('diagnosis of a stream that did not begin', () => {
  for (const [name, code, ...lines] of logs) {
    test(`names ${name} "${code}"`, () => {
      assert.equal(diagnose({ ...opening, lines }).code, code);
    });
  }

  const hardware: readonly (readonly [name: string, ...lines: readonly string[]])[] = [
    [
      'no graphics device',
      '[error] Device creation failed: -542398533.',
      '[h264 @ 0x55a3726ced80] [error] No device available for decoder: device type vaapi needed for codec h264.',
      '[error] Device setup failed for decoder on input stream #0:0 : Generic error in an external library',
    ],
    [
      'no graphics device (7.0)',
      '[error] Device creation failed: -12.',
      '[vost#0:0/rawvideo @ 0x16fa06c0] [error] Error initializing a simple filtergraph',
      '[fatal] Error opening output files: Cannot allocate memory',
    ],
    [
      'frames that the decoder made in software',
      "[error] Impossible to convert between the formats supported by the filter 'Parsed_select_0' and the filter 'auto_scale_0'",
      '[error] Error reinitializing filters!',
    ],
  ];
  for (const [name, ...lines] of hardware) {
    test(`blames the hardware for ${name}, before the first frame and after`, () => {
      for (const evidence of [
        {},
        { hadFrames: true },
        { hadFrames: true, cause: 'stalled' },
        { connection: { code: 'undecodable' } },
      ] as const) {
        const failure = diagnose({ ...opening, ...evidence, decoder: 'vaapi', lines });
        assert.equal(failure.code, 'hardware-decoding-failed');
        assert.ok(failure.message.endsWith(`: ${lines[0]?.replace('[error] ', '')}`), failure.message);
      }
      assert.notEqual(diagnose({ ...opening, lines }).code, 'hardware-decoding-failed', 'none was used');
      const refused = { connection: { code: 'unauthorised' }, decoder: 'vaapi' } as const;
      assert.equal(diagnose({ ...opening, ...refused, lines }).code, 'unauthorised');
    });
  }

  test('reports silence as no answer, however short a busy box took it for', () => {
    assert.equal(diagnose({ ...opening, lines: invalidData, waitedS: 0.1 }).code, 'no-answer');
  });

  test('reports a camera that sent nothing at all as not answering', () => {
    assert.equal(diagnose({ ...opening, cause: 'no-first-frame', waitedS: 20 }).code, 'no-answer');
  });

  test('prefers what the connection shows to the text of FFmpeg', () => {
    const connection = { code: 'certificate-name', detail: 'it is for DNS:other' } as const;
    const failure = diagnose({ ...opening, lines: invalidData, connection });
    assert.equal(failure.code, 'certificate-name');
    assert.match(failure.message, /: it is for DNS:other$/);
  });

  const noSize = [
    '[rtsp @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: h264, none): unspecified size',
    '[concat @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: h264, none): unspecified size',
  ];
  const unknown = { codec: 'h264', widthPx: 0, heightPx: 0, fps: null };
  const known = { codec: 'h264', widthPx: 640, heightPx: 360, fps: 25 };
  const sessions: readonly (readonly [string, StreamFailureCode, Partial<StreamEvidence>])[] = [
    ['nothing came', 'no-first-frame', { lines: noSize, stream: unknown, packetsRead: 0 }],
    [
      'nothing came, and the camera had described its pictures',
      'no-first-frame',
      { stream: known, packetsRead: 0 },
    ],
    ['nothing came and FFmpeg did not come to say so', 'no-first-frame', { lines: noSize, stream: unknown }],
    ['packets came, and no key frame', 'no-key-frame', { stream: known, packetsRead: 188 }],
    ['the pictures are known and do not begin', 'no-key-frame', { stream: known }],
    [
      'no parameter sets came (H.264)',
      'no-parameter-sets',
      {
        lines: [
          '[h264 @ 0x556eaf1cfe80] [error] non-existing PPS 0 referenced',
          '[h264 @ 0x556eaf1cfe80] [error] decode_slice_header error',
          '[h264 @ 0x556eaf1cfe80] [error] no frame!',
          ...noSize,
        ],
        stream: unknown,
      },
    ],
    [
      'no parameter sets came (H.265)',
      'no-parameter-sets',
      {
        lines: [
          '[hevc @ 0x1] [error] PPS id out of range: 0',
          '[hevc @ 0x1] [warning] Error parsing NAL unit #0.',
          '[error] Error while decoding stream #0:0: Invalid data found when processing input',
        ],
      },
    ],
    [
      'nothing that came could be decoded',
      'undecodable',
      {
        lines: ['[error] Error while decoding stream #0:0: Invalid data found when processing input'],
        stream: known,
      },
    ],
  ];
  for (const [name, code, evidence] of sessions) {
    test(`names a session in which ${name} "${code}"`, () => {
      const failure = diagnose({
        ...opening,
        cause: 'no-first-frame',
        waitedS: 20,
        media: ['video'],
        ...evidence,
      });
      assert.equal(failure.code, code);
      assert.match(failure.message, /within 20\.0 s/);
    });
  }

  test('says what a path without video offers, whatever the server answers', () => {
    for (const lines of [[], ['[error] pipe:0: Server returned 400 Bad Request']]) {
      const failure = diagnose({ ...opening, lines, media: ['audio', 'application', 'audio'] });
      assert.equal(failure.code, 'no-video');
      assert.match(failure.message, /: only audio, application$/);
    }
  });

  test('distinguishes a missing login from a wrong one', () => {
    const lines = ['[rtsp @ 0x55ed27869640] [error] method DESCRIBE failed: 401 Unauthorized'];
    const wrong = diagnose({ ...opening, lines });
    const missing = diagnose({ ...opening, lines, hasCredential: false });
    assert.deepEqual([wrong.code, missing.code], ['unauthorised', 'unauthorised']);
    assert.match(wrong.remedy, /^Correct the credential/);
    assert.match(missing.message, /asks for a login, and none is configured/);
    assert.match(missing.remedy, /secret.*"credential"/);
  });

  test('names the remaining transport', () => {
    const lines = ['[rtsp @ 0x1] [error] method SETUP failed: 461 Unsupported transport'];
    assert.match(diagnose({ ...opening, lines }).remedy, /to udp\.$/);
    assert.match(diagnose({ ...opening, lines, transport: 'udp' }).remedy, /to tcp\.$/);
  });

  test('names firewalls as a cause if no picture comes over UDP', () => {
    const failure = diagnose({
      ...{ ...opening, cause: 'no-first-frame', transport: 'udp', waitedS: 20 },
      media: ['video', 'audio'],
    });
    assert.equal(failure.code, 'no-first-frame');
    assert.match(failure.message, /UDP: within 20\.0 s/);
    assert.match(failure.remedy, /tcp.*firewall/);
  });

  test('quotes the last line of an unknown error', () => {
    const failure = diagnose({ ...opening, lines: ['[error] first', '[error] the dog ate it'] });
    assert.equal(failure.code, 'failed');
    assert.match(failure.message, /the dog ate it/);
  });
});

describe('diagnosis of a stream that had begun', () => {
  const flowing: StreamEvidence = { ...opening, hadFrames: true };
  const cases: readonly (readonly [string, Partial<StreamEvidence>, StreamFailureCode])[] = [
    ['an exit with code 0 and no word', {}, 'ended'],
    ['silence that we noticed', { cause: 'stalled', waitedS: 5 }, 'stalled'],
    ['silence that FFmpeg noticed', { lines: ['[error] pipe:0: Connection timed out'] }, 'stalled'],
    ['frames that all come late', { cause: 'falling-behind' }, 'falling-behind'],
    ['a signal from outside', { cause: 'killed' }, 'ffmpeg-killed'],
    ['damage before an end', { lines: ['[h264 @ 0x1] [error] non-existing PPS 0 referenced'] }, 'ended'],
    [
      'an answer to the closing of the session',
      { lines: ['[rtsp @ 0x1] [error] method TEARDOWN failed: 454 Session Not Found'] },
      'ended',
    ],
  ];
  for (const [name, evidence, code] of cases) {
    test(`names ${name} "${code}"`, () => {
      assert.equal(diagnose({ ...flowing, ...evidence }).code, code);
    });
  }

  test('always says what to do', () => {
    for (const [, , ...lines] of logs) assert.ok(diagnose({ ...opening, lines }).remedy.length > 10);
  });
});
