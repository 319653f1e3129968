import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { endpointOf, redactCredentials, requireEndpoint } from '../../daemon/vision/ingest/camera-address.js';
import { cameraScript } from '../../daemon/vision/ingest/concat-script.js';
import { cameraArguments, partDecoderArguments } from '../../daemon/vision/ingest/ffmpeg-arguments.js';
import { type FfmpegBinary, parseFfmpegVersion } from '../../daemon/vision/ingest/ffmpeg-binary.js';

function version(text: string, library: string): FfmpegBinary {
  const output = `ffmpeg version ${text} Copyright (c) 2000-2026 the FFmpeg developers\nlibavutil      57. 28.100 / 57. 28.100\nlibavformat    ${library} / ${library}\n`;
  const binary = parseFfmpegVersion('ffmpeg', output);
  assert.ok(binary);
  return binary;
}

const debian12 = version('5.1.9-0+deb12u1', '59. 27.100');
const wanted = {
  url: 'rtsp://127.0.0.1:40001/token/Streaming/Channels/101?a=1',
  transport: 'tcp',
  socketTimeoutS: 7,
} as const;

describe('version of FFmpeg', () => {
  const can = (binary: FfmpegBinary): boolean[] => [
    binary.keepsChangedSize,
    binary.takesScriptOptions,
    binary.hasFpsMode,
    binary.readsCommandsWithStats,
  ];
  const known = [
    ['4.3.9', '58. 45.100', [false, false, false, false]],
    ['4.4.2', '58. 76.100', [true, false, false, false]],
    ['5.0', '59. 16.100', [true, true, false, false]],
    ['5.1.9-0+deb12u1', '59. 27.100', [true, true, true, false]],
    ['N-47683-g0e8eb07980-static', '58. 24.100', [false, false, false, false]],
    ['7.1.1', '61.  7.100', [true, true, true, true]],
  ] as const;
  for (const [text, library, expected] of known) {
    test(`knows what ${text} can do`, () => {
      assert.deepEqual(can(version(text, library)), expected);
    });
  }

  test('accepts no other text as the version', () => {
    assert.equal(parseFfmpegVersion('avconv', 'avconv version 12'), undefined);
  });
});

describe('arguments for a camera', () => {
  const options = { framesPerS: 15, maxAnalysisWidthPx: 1920, decoder: 'software' } as const;

  test('use the name of the passthrough option of the version', () => {
    assert.ok(cameraArguments(debian12, options).includes('-fps_mode'));
    assert.ok(cameraArguments(version('4.4.2', '58. 76.100'), options).includes('-vsync'));
  });

  test('allow a change of size if the version supports it, with one thread for input and output', () => {
    const list = cameraArguments(debian12, options);
    assert.ok(list.includes('-noautoscale'));
    assert.ok(!cameraArguments(version('4.3.9', '58. 45.100'), options).includes('-noautoscale'));
    const threads = list.flatMap((item, index) => (item === '-threads' ? [list[index + 1]] : []));
    assert.deepEqual(threads, ['1', '1']);
    assert.ok(list.indexOf('-threads') < list.indexOf('-i'));
  });

  test('keep the frames of hardware on the device until one is selected', () => {
    const list = cameraArguments(debian12, { ...options, decoder: 'vaapi' });
    const before = list.slice(0, list.indexOf('-i'));
    assert.equal(before[before.indexOf('-hwaccel') + 1], 'vaapi');
    assert.equal(before[before.indexOf('-hwaccel_output_format') + 1], 'vaapi');
    assert.match(
      list[list.indexOf('-vf') + 1] ?? '',
      /^select=(?:[^,\\]|\\,)*,framestep=(?:[^,\\]|\\,)*,hwdownload,format=nv12\|p010,scale=/,
    );
    const software = cameraArguments(debian12, options).join(' ');
    assert.doesNotMatch(software, /hwaccel|hwdownload/);
  });

  test('limit the size of the pictures that are decoded', () => {
    for (const list of [
      cameraArguments(debian12, options),
      partDecoderArguments(debian12, { ...options, fromS: 1 }),
    ]) {
      const before = list.slice(0, list.indexOf('-i'));
      assert.equal(before[before.indexOf('-max_pixels') + 1], String(8192 * 8192));
    }
  });

  test('leave standard input to commands, which every version reads ten times a second', () => {
    const ofParts: typeof cameraArguments = (binary, each) =>
      partDecoderArguments(binary, { ...each, fromS: 1 });
    for (const argumentsOf of [cameraArguments, ofParts]) {
      const list = argumentsOf(debian12, options);
      assert.ok(!list.includes('-nostdin'));
      assert.equal(list[list.indexOf('-i') + 1], 'async:pipe:3');
      assert.ok(!list.includes('-stats_period'));
      const seven = argumentsOf(version('7.1.1', '61.  7.100'), options);
      assert.equal(seven[seven.indexOf('-stats_period') + 1], '0.1');
    }
  });
});

describe('script for a camera', () => {
  test('carries the address of the relay, the transport and the timeout', () => {
    const script = cameraScript(wanted, debian12);
    assert.match(script, /^ffconcat version 1\.0\n/);
    assert.match(script, /^file 'rtsp:\/\/127\.0\.0\.1:40001\/token\/Streaming\/Channels\/101\?a=1'$/m);
    assert.match(script, /^option rtsp_transport tcp$/m);
    assert.match(script, /^option timeout 7000000$/m);
    assert.doesNotMatch(script, /filter_src/);
  });

  test('accepts UDP media only from the camera', () => {
    assert.match(
      cameraScript({ ...wanted, transport: 'udp' }, debian12),
      /^option rtsp_transport udp\n(?:.*\n)*option rtsp_flags filter_src$/m,
    );
  });

  test('puts the transport into the URL if the version takes no options', () => {
    const script = cameraScript(wanted, version('4.4.2', '58. 76.100'));
    assert.match(script, /101\?a=1&tcp'$/m);
    assert.doesNotMatch(script, /option/);
  });

  test('quotes a path with a quote in it', () => {
    const script = cameraScript({ ...wanted, url: "rtsp://127.0.0.1:40001/it's" }, debian12);
    assert.ok(script.includes(String.raw`/it'\''s'`));
  });
});

describe('address of a camera', () => {
  const known = [
    ['rtsp://10.0.0.5/live', 'rtsp://10.0.0.5:554', '10.0.0.5', '/live'],
    ['RTSPS://Door.example?a=1', 'rtsps://Door.example:322', 'Door.example', '?a=1'],
    ['rtsp://user:secret@10.0.0.5:8554', 'rtsp://10.0.0.5:8554', '10.0.0.5', ''],
    ['rtsp://[2001:db8::5]:8554/a/b#c', 'rtsp://[2001:db8::5]:8554', '2001:db8::5', '/a/b'],
  ] as const;
  for (const [url, origin, host, path] of known) {
    test(`${url} is taken apart`, () => {
      const endpoint = endpointOf(url);
      assert.deepEqual([endpoint?.origin, endpoint?.host, endpoint?.path], [origin, host, path]);
    });
  }

  test('is refused if it is not an RTSP address or would break a request', () => {
    for (const url of [
      'http://10.0.0.5/',
      'rtsp://',
      'rtsp://10.0.0.5:0/',
      'rtsp://10.0.0.5:99999/',
      'rtsp://10.0.0.5/a\noption x y',
      'rtsp://10.0.0.5/a b',
    ]) {
      const credential = { user: 'admin', password: 'hunter2' };
      assert.throws(
        () => requireEndpoint({ url, credential, transport: 'tcp' }),
        (error) => isRollcallError(error, 'camera-url-unusable') && !error.message.includes('hunter2'),
      );
    }
  });
});

describe('redaction', () => {
  test('removes user and password from addresses of any scheme and keeps the rest', () => {
    assert.equal(
      redactCredentials(
        "Impossible to open 'rtsp://a:b@h/x' (rtsps://c%40:d@h2:322/y) tcp://h3:554?timeout=1",
      ),
      "Impossible to open 'rtsp://***@h/x' (rtsps://***@h2:322/y) tcp://h3:554?timeout=1",
    );
  });
});
