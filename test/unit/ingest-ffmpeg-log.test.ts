import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { damageSignOf, parseLogLine } from '../../daemon/vision/ingest/ffmpeg-log.js';
import { LineSplitter } from '../../daemon/vision/ingest/line-splitter.js';
import type { Announcement } from '../../daemon/vision/ingest/picture-assembler.js';
import { StreamLog } from '../../daemon/vision/ingest/stream-log.js';

const frameLines = {
  '4.1':
    '[Parsed_showinfo_2 @ 0x19d6ac80] [info] n:   1 pts: -18000 pts_time:-0.2    pos:       -1 fmt:yuv420p sar:1/1 s:1280x720 i:P iskey:0 type:P ',
  '5.1':
    '[Parsed_showinfo_2 @ 0x55ba7b19ac80] [info] n:   1 pts: -18000 pts_time:-0.2     pos:       -1 fmt:yuv420p sar:1/1 s:1280x720 i:P iskey:0 type:P ',
  '7.0':
    '[Parsed_showinfo_0 @ 0x7f2828001cc0] [info] n:   1 pts: -18000 pts_time:-0.2       duration:      1 duration_time:0.2     fmt:yuv420p cl:unspecified sar:1/1 s:1280x720 i:P iskey:1 type:I ',
};

describe('log of FFmpeg', () => {
  for (const [version, line] of Object.entries(frameLines)) {
    test(`announces a frame as version ${version} prints it`, () => {
      assert.deepEqual(parseLogLine(line), {
        kind: 'frame',
        pts: -18000,
        widthPx: 1280,
        heightPx: 720,
        isFullRange: false,
      });
    });
  }

  test('announces a frame without a time', () => {
    const line = frameLines['5.1'].replace('-18000', 'NOPTS').replace('-0.2', 'NOPTS');
    const parsed = parseLogLine(line);
    assert.equal(parsed.kind === 'frame' && parsed.pts, undefined);
  });

  test('announces a frame whose line was split by the question for a command', () => {
    const [, prefix = '', rest = ''] = /^(\[.*\] )(\[info\] .*)$/.exec(frameLines['7.0']) ?? [];
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    splitter.push(`${prefix}\nEnter command: <target>|all <time>|-1 <command>[ <argument>]\n${rest}\n`);
    const kinds = lines.map((line) => parseLogLine(line).kind);
    assert.deepEqual(kinds, ['chatter', 'chatter', 'frame']);
    assert.equal(parseLogLine(rest.replace('[info] ', '')).kind, 'frame');
  });

  test('says how FFmpeg took a command', () => {
    const answer = (code: number) => parseLogLine(`Command reply for stream 0: ret:${code} res:`);
    assert.deepEqual(answer(0), { kind: 'answer', code: 0 });
    assert.deepEqual(answer(-22), { kind: 'answer', code: -22 });
  });

  const streams: readonly (readonly [string, string, number, number, number | null, boolean])[] = [
    [
      '[info]   Stream #0:0: Video: h264 (High), yuv420p(progressive), 1280x720 [SAR 1:1 DAR 16:9], 25 fps, 25 tbr, 90k tbn',
      'h264',
      1280,
      720,
      25,
      false,
    ],
    [
      '[info]   Stream #0:1[0x100](eng): Video: hevc (Main) (hev1 / 0x31766568), yuv420p(pc, bt709), 2560x1440, 29.97 fps, 29.97 tbr, 90k tbn',
      'hevc',
      2560,
      1440,
      29.97,
      true,
    ],
    [
      '[info]     Stream #0:0(und): Video: h264 (Main) (avc1 / 0x31637661), yuvj420p(pc, bt709), 704x576, 5 tbr, 90k tbn, 10 tbc',
      'h264',
      704,
      576,
      null,
      true,
    ],
    [
      '[info]   Stream #0:0: Video: mjpeg (Baseline), yuvj422p(pc, bt470bg/unknown/unknown), 640x480 [SAR 1:1 DAR 4:3], 1k fps, 1k tbr, 90k tbn',
      'mjpeg',
      640,
      480,
      null,
      false,
    ],
    ['[info]   Stream #0:0: Video: h264, none, 25 tbr, 90k tbn', 'h264', 0, 0, null, false],
    [
      '[info]   Stream #0:0: Video: h264 (Constrained Baseline), 1 reference frame, yuv420p(progressive, left), 640x360 (640x368), 60k fps, 90k tbr, 90k tbn',
      'h264',
      640,
      360,
      null,
      false,
    ],
    [
      '[info]   Stream #0:0: Video: mjpeg (Baseline), yuvj420p(pc, bt470bg/unknown/unknown), 640x360, 90k fps, 90k tbr, 90k tbn',
      'mjpeg',
      640,
      360,
      null,
      true,
    ],
  ];
  for (const [line, codec, widthPx, heightPx, fps, isFullRange] of streams) {
    test(`describes ${codec} at ${widthPx}x${heightPx}`, () => {
      assert.deepEqual(parseLogLine(line), { kind: 'stream', codec, widthPx, heightPx, fps, isFullRange });
    });
  }

  test('gives what the camera offers and how many packets came', () => {
    const lines = [
      'm=video 0 RTP/AVP 96',
      'a=framerate:12.5',
      'a=x-framerate: 30',
      '[verbose]   Input stream #0:0 (video): 188 packets read (705525 bytes); 0 frames decoded; ',
      '[in#0/concat @ 0x1a] [verbose]   Input stream #0:0 (video): 7 packets read (5525 bytes); 0 frames decoded; ',
    ];
    assert.deepEqual(lines.map(parseLogLine), [
      { kind: 'medium', medium: 'video' },
      { kind: 'rate', fps: 12.5 },
      { kind: 'rate', fps: 30 },
      { kind: 'packets', count: 188 },
      { kind: 'packets', count: 7 },
    ]);
  });

  test('keeps warnings and errors, not the rest', () => {
    const kinds = [
      '[h264 @ 0x556eaf1cfe80] [error] no frame!',
      '[warning] pipe:0: corrupt decoded frame in stream 0',
      "[fatal] Stream map '0:v:0' matches no streams.",
      '[info] Stream mapping:',
      '[Parsed_showinfo_2 @ 0x55ba7b19ac80] [info] color_range:unknown color_space:unknown',
      'User Data=7832',
    ].map((line) => parseLogLine(line).kind);
    assert.deepEqual(kinds, ['message', 'message', 'message', 'chatter', 'chatter', 'chatter']);
  });
});

describe('signs of damage', () => {
  /** As FFmpeg 5.1 printed them in front of streams with lost packets and damaged slices. */
  const signs: readonly (readonly [string, string | number])[] = [
    ['[rtsp @ 0x5642e44746c0] [warning] RTP: missed 3 packets', 3],
    ['[warning] pipe:0: corrupt decoded frame in stream 0', 'concealed'],
    ['[vist#0:0/h264 @ 0x14a] [warning] corrupt decoded frame', 'concealed'],
    ['[h264 @ 0x5601f77b1f00] [error] error while decoding MB 32 18, bytestream -31', 'error'],
    ['[h264 @ 0x5601f77b1f00] [error] left block unavailable for requested intra4x4 mode -1', 'error'],
    ['[hevc @ 0x564ffc8f4ec0] [error] Could not find ref with POC 83', 'error'],
    [
      '[hevc @ 0x564ffc8f4ec0] [error] The cu_qp_delta -1094995529 is outside the valid range [-26, 25].',
      'error',
    ],
    ['[mjpeg @ 0x55d1] [error] error y=20 x=13', 'error'],
    ['[rtsp @ 0x563c4838f6c0] [error] Missing packets; dropping frame.', 'error'],
    ['[rtsp @ 0x563c4838f6c0] [error] Received packet without a start chunk; dropping frame.', 'error'],
  ];
  for (const [line, expected] of signs) {
    test(line.slice(0, 70), () => {
      const sign = damageSignOf(line);
      assert.equal(sign?.sign === 'missed' ? sign.count : sign?.sign, expected);
    });
  }

  test('exclude lines that undamaged streams also print', () => {
    const lines = [
      '[rtsp @ 0x5642e44746c0] [warning] max delay reached. need to consume packet',
      '[rtsp @ 0x5642e44746c0] [warning] jitter buffer full',
      '[h264 @ 0x1] [error] SEI type 5 size 2208 truncated at 1208',
      '[h264 @ 0x1] [error] mmco: unref short failure',
      '[mjpeg @ 0x1] [error] unable to decode APP fields: Invalid data found when processing input',
      '[mjpeg @ 0x1] [warning] EOI missing, emulating',
      '[swscaler @ 0x1] [warning] deprecated pixel format used, make sure you did set range correctly',
      '[rtsp @ 0x1] [error] method TEARDOWN failed: 454 Session Not Found',
    ];
    assert.deepEqual(
      lines.filter((line) => damageSignOf(line) !== undefined),
      [],
    );
  });
});

describe('stream log', () => {
  const announced: Announcement[] = [];
  const log = new StreamLog({
    now: () => 42,
    onAnnouncement: (announcement) => announced.push(announcement),
  });
  log.read(
    '[info]   Stream #0:0: Video: h264 (High), yuv420p(pc, bt709, progressive), 2304x1296, 20 fps, 20 tbr, 90k tbn',
  );
  log.read(
    '[info]   Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuvj420p(pc), 1920x1080, q=2-31, 25 fps, 25 tbn',
  );
  log.read('[Parsed_showinfo_2 @ 0x55ba7b19ac80] [info] config in time_base: 1/90000, frame_rate: 25/1');
  log.read(frameLines['5.1'].replace('-18000', '111974400009'));

  test('tells of the filter graph and of answers', () => {
    const told: unknown[] = [];
    const other = new StreamLog({
      ...{ now: () => 0, onAnnouncement: () => undefined },
      onGraph: () => told.push('graph'),
      onAnswer: (code) => told.push(code),
    });
    other.read('[Parsed_showinfo_3 @ 0x1] [info] config in time_base: 1/90000, frame_rate: 25/1');
    other.read('[Parsed_showinfo_3 @ 0x1] [info] config out time_base: 0/0, frame_rate: 0/0');
    other.read('Command reply for stream 0: ret:-38 res:');
    assert.deepEqual(told, ['graph', -38]);
  });

  test('keeps fractions of a second after two weeks', () => {
    assert.ok(Math.abs((announced[0]?.ptsS ?? 0) - 1_244_160.0001) < 1e-6);
  });

  test('describes the input, not the output', () => {
    assert.deepEqual(log.stream, { codec: 'h264', widthPx: 2304, heightPx: 1296, fps: 20 });
  });

  test('takes the rate from the description if the stream declares none', () => {
    const other = new StreamLog({ now: () => 0, onAnnouncement: () => undefined });
    other.read('a=framerate:12.5');
    other.read('[info]   Stream #0:0: Video: h264 (High), yuv420p, 640x360, 60k fps, 90k tbr, 90k tbn');
    assert.equal(other.stream?.fps, 12.5);
  });

  test('takes the range from the stream if the picture format does not give it', () => {
    assert.equal(announced[0]?.isFullRange, true);
  });

  test('keeps the last lines only, and no password in them', () => {
    for (let count = 0; count < 500; count++) {
      log.read(`[rtsp @ 0x1] [error] ${count} at rtsp://us%20er:se%2Fcret@10.0.0.5:554/live?x=1`);
    }
    assert.ok(log.complaints.length <= 50);
    assert.equal(log.complaints.at(-1), '[rtsp @ 0x1] [error] 499 at rtsp://***@10.0.0.5:554/live?x=1');
  });
});

describe('line splitter', () => {
  test('joins lines that were cut and drops endless ones', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const chunk of ['on', 'e\ntw', 'o\r\n', '\n', 'x'.repeat(5000), 'y\nthree']) splitter.push(chunk);
    splitter.end();
    assert.deepEqual(
      lines.map((line) => line.slice(0, 5)),
      ['one', 'two', 'xxxxx', 'three'],
    );
    assert.equal(lines[2]?.length, 2000);
  });
});
