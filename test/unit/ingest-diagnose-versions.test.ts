import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diagnose, type StreamEvidence } from '../../daemon/vision/ingest/diagnose.js';
import type { StreamFailureCode } from '../../daemon/vision/ingest/stream-end.js';

const opening: StreamEvidence = {
  ...{ cause: 'exited', hadFrames: false, decoder: 'software', transport: 'tcp' },
  ...{ hasCredential: true, waitedS: 0.1, lines: [] },
};
const unknownSize = { codec: 'h264', widthPx: 0, heightPx: 0, fps: null };
const knownSize = { codec: 'h264', widthPx: 640, heightPx: 360, fps: 25 };

/** The last warnings and errors of FFmpeg in front of the same cameras, recorded from Debian 12 (5.1.9) and Debian 13 (7.1.5). */
const failures: readonly {
  readonly what: string;
  readonly code: StreamFailureCode;
  readonly evidence: Partial<StreamEvidence>;
  readonly logs: Readonly<Record<string, readonly string[]>>;
}[] = [
  {
    what: 'a user without rights',
    code: 'forbidden',
    evidence: {},
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 403 Forbidden',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 403 Forbidden (access denied)',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 403Forbidden',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 403 Forbidden (access denied)',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 403 Forbidden (access denied)',
      ],
    },
  },
  {
    what: 'a wrong path',
    code: 'not-found',
    evidence: {},
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 404 Not Found',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 404 Not Found',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 404Not Found',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 404 Not Found',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 404 Not Found',
      ],
    },
  },
  {
    what: 'a request that the camera does not accept',
    code: 'bad-request',
    evidence: {},
    logs: {
      '5.1': [
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 400 Bad Request',
      ],
      '7.1': [
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 400 Bad Request',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 400 Bad Request',
      ],
    },
  },
  {
    what: 'too many viewers',
    code: 'server-busy',
    evidence: {},
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 453 Not Enough Bandwidth',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 453Not Enough Bandwidth',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
    },
  },
  {
    what: 'an overloaded camera',
    code: 'server-busy',
    evidence: {},
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 503 Service Unavailable',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 5XX Server Error reply',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 503Service Unavailable',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 5XX Server Error reply',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 5XX Server Error reply',
      ],
    },
  },
  {
    what: 'a broken camera',
    code: 'server-error',
    evidence: {},
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 500 Internal Server Error',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 5XX Server Error reply',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method DESCRIBE failed: 500Internal Server Error',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 5XX Server Error reply',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 5XX Server Error reply',
      ],
    },
  },
  {
    what: 'a transport that the camera does not offer',
    code: 'transport-refused',
    evidence: { media: ['video'] },
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method SETUP failed: 461 Unsupported Transport',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Protocol not supported',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method SETUP failed: 461Unsupported Transport',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Protocol not supported',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Protocol not supported',
      ],
    },
  },
  {
    what: 'a session that the camera does not know',
    code: 'server-error',
    evidence: { media: ['video'] },
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method SETUP failed: 454 Session Not Found',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method SETUP failed: 454Session Not Found',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
    },
  },
  {
    what: 'video that the camera does not play',
    code: 'server-error',
    evidence: { media: ['video'] },
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method PLAY failed: 455 Method Not Valid in This State',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method PLAY failed: 455Method Not Valid in This State',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
    },
  },
  {
    what: 'a path without media',
    code: 'no-video',
    evidence: {},
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method PLAY failed: 454 Session Not Found',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method PLAY failed: 454Session Not Found',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
    },
  },
  {
    what: 'a path with sound only',
    code: 'no-video',
    evidence: { media: ['audio'] },
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [error] method PLAY failed: 454 Session Not Found',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
      '7.1': [
        '[rtsp @ 0x1] [error] method PLAY failed: 454Session Not Found',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Server returned 4XX Client Error, but not one of 40{0,1,3,4}',
      ],
    },
  },
  {
    what: 'a path with sound only, which the camera plays',
    code: 'no-video',
    evidence: { media: ['audio'] },
    logs: {
      '5.1': ["[fatal] Stream map '0:v:0' matches no streams."],
      '7.1': [
        "[fatal] Stream map '' matches no streams.",
        "[error] Failed to set value '0:v:0' for option 'map': Invalid argument",
        '[error] Error parsing options for output file pipe:1.',
        '[fatal] Error opening output files: Invalid argument',
      ],
    },
  },
  {
    what: 'an unknown codec',
    code: 'codec-unsupported',
    evidence: { media: ['video'] },
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: none, 1 reference frame, none): unknown codec',
        '[concat @ 0x1] [warning] Could not find codec parameters for stream 0 (Unknown: none): unknown codec',
        "[fatal] Stream map '0:v:0' matches no streams.",
      ],
      '7.1': [
        '[rtsp @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: none, 1 reference frame, none): unknown codec',
        '[concat @ 0x1] [warning] Could not find codec parameters for stream 0 (Unknown: none): unknown codec',
        "[fatal] Stream map '' matches no streams.",
        "[error] Failed to set value '0:v:0' for option 'map': Invalid argument",
        '[error] Error parsing options for output file pipe:1.',
        '[fatal] Error opening output files: Invalid argument',
      ],
    },
  },
  {
    what: 'no answer to the first request',
    code: 'no-answer',
    evidence: {},
    logs: {
      '5.1': [
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Invalid data found when processing input',
      ],
      '7.1': [
        '[rtsp @ 0x1] [warning] Failed reading RTSP data: Connection timed out',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Invalid data found when processing input',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Invalid data found when processing input',
      ],
    },
  },
  {
    what: 'no answer to the second request',
    code: 'no-answer',
    evidence: {},
    logs: {
      '5.1': [
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Invalid data found when processing input',
      ],
      '7.1': [
        '[rtsp @ 0x1] [warning] Failed reading RTSP data: Immediate exit requested',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Invalid data found when processing input',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Invalid data found when processing input',
      ],
    },
  },
  {
    what: 'no answer to the request for the stream',
    code: 'no-first-frame',
    evidence: { media: ['video'] },
    logs: {
      '5.1': [
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Invalid data found when processing input',
      ],
      '7.1': [
        '[rtsp @ 0x1] [warning] Failed reading RTSP data: Immediate exit requested',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Invalid data found when processing input',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Invalid data found when processing input',
      ],
    },
  },
  {
    what: 'no answer to the request to begin',
    code: 'no-first-frame',
    evidence: { media: ['video'] },
    logs: {
      '5.1': [
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[error] async:pipe:3: Operation not permitted',
      ],
      '7.1': [
        '[rtsp @ 0x1] [warning] Failed reading RTSP data: Immediate exit requested',
        "[concat @ 0x1] [error] Impossible to open 'rtsp://127.0.0.1:8554/live'",
        '[in#0 @ 0x1] [error] Error opening input: Operation not permitted',
        '[error] Error opening input file async:pipe:3.',
        '[fatal] Error opening input files: Operation not permitted',
      ],
    },
  },
  {
    what: 'a session without a packet',
    code: 'no-first-frame',
    evidence: { media: ['video'], stream: unknownSize, waitedS: 20 },
    logs: {
      '5.1': [
        '[rtsp @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: h264, 1 reference frame, none): unspecified size',
        '[concat @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: h264, 1 reference frame, none): unspecified size',
        '[error] async:pipe:3: Connection timed out',
        '[error] Cannot determine format of input stream 0:0 after EOF',
        '[fatal] Error marking filters as finished',
      ],
      '7.1': [
        '[rtsp @ 0x1] [warning] Failed reading RTSP data: Connection timed out',
        '[rtsp @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: h264, 1 reference frame, none): unspecified size',
        '[rtsp @ 0x1] [warning] Failed reading RTSP data: Immediate exit requested',
        '[concat @ 0x1] [warning] Could not find codec parameters for stream 0 (Video: h264, 1 reference frame, none): unspecified size',
      ],
    },
  },
  {
    what: 'a stream without a key frame',
    code: 'no-key-frame',
    evidence: { media: ['video'], stream: knownSize, waitedS: 20 },
    logs: {
      '5.1': [
        '[warning] Finishing stream 0:0 without any data written to it.',
        '[warning] Output file is empty, nothing was encoded (check -ss / -t / -frames parameters if used)',
      ],
      '7.1': [
        '[vf#0:0 @ 0x1] [warning] No filtered frames for output stream, trying to initialize anyway.',
        '[out#0/rawvideo @ 0x1] [warning] Output file is empty, nothing was encoded(check -ss / -t / -frames parameters if used)',
      ],
    },
  },
  {
    what: 'H.264 without parameter sets',
    code: 'no-parameter-sets',
    evidence: { media: ['video'], stream: unknownSize, waitedS: 20 },
    logs: {
      '5.1': [
        '[h264 @ 0x1] [error] decode_slice_header error',
        '[h264 @ 0x1] [error] no frame!',
        '[error] Error while decoding stream #0:0: Invalid data found when processing input',
        '[NULL @ 0x1] [error] non-existing PPS 0 referenced',
        '[h264 @ 0x1] [error] non-existing PPS 0 referenced',
        '[error] Cannot determine format of input stream 0:0 after EOF',
        '[fatal] Error marking filters as finished',
      ],
    },
  },
  {
    what: 'H.265 without parameter sets',
    code: 'no-parameter-sets',
    evidence: { media: ['video'], stream: unknownSize, waitedS: 20 },
    logs: {
      '5.1': [
        '[NULL @ 0x1] [error] PPS id out of range: 0',
        '[hevc @ 0x1] [error] PPS id out of range: 0',
        '[hevc @ 0x1] [warning] Error parsing NAL unit #0.',
        '[error] Error while decoding stream #0:0: Invalid data found when processing input',
        '[error] Cannot determine format of input stream 0:0 after EOF',
        '[fatal] Error marking filters as finished',
      ],
      '7.1': [
        '[hevc @ 0x1] [error] PPS id out of range: 0',
        '[hevc @ 0x1] [warning] Skipping invalid undecodable NALU: 0',
        '[error] Cannot determine format of input 0:0 after EOF',
        '[vf#0:0 @ 0x1] [error] Task finished with error code: -1094995529 (Invalid data found when processing input)',
        '[vost#0:0/rawvideo @ 0x1] [error] Could not open encoder before EOF',
        '[vost#0:0/rawvideo @ 0x1] [error] Task finished with error code: -22 (Invalid argument)',
        '[vost#0:0/rawvideo @ 0x1] [error] Terminating thread with return code -22 (Invalid argument)',
        '[out#0/rawvideo @ 0x1] [error] Nothing was written into output file, because at least one of its streams received no packets.',
      ],
    },
  },
  {
    what: 'a broken stream',
    code: 'undecodable',
    evidence: { media: ['video'], stream: knownSize, waitedS: 20 },
    logs: {
      '5.1': [
        '[warning] async:pipe:3: corrupt decoded frame in stream 0',
        '[h264 @ 0x1] [error] out of range intra chroma pred mode',
        '[h264 @ 0x1] [error] error while decoding MB 8 1',
      ],
      '7.1': [
        '[h264 @ 0x1] [error] out of range intra chroma pred mode',
        '[h264 @ 0x1] [error] error while decoding MB 8 1',
      ],
    },
  },
];

describe('what a failed opening is called', () => {
  for (const { what, code, evidence, logs } of failures) {
    for (const [version, lines] of Object.entries(logs)) {
      test(`${what} is "${code}" in the words of FFmpeg ${version}`, () => {
        const failure = diagnose({ ...opening, ...evidence, lines });
        assert.equal(failure.code, code, failure.message);
        assert.ok(failure.remedy.length > 10);
      });
    }
  }
});
