import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FaceLandmarks } from '../../daemon/kernel/faces/face.js';
import { cameraId, recogniserId, trackId } from '../../daemon/kernel/ids.js';
import type { EyeFault, EyeSample } from '../../daemon/kernel/liveness/liveness.js';
import {
  assessLiveness,
  defaultLivenessPolicy,
  initialLiveness,
} from '../../daemon/kernel/liveness/liveness-verdict.js';
import { blinksPage } from '../../daemon/lab/blink-report.js';
import { opennessChart } from '../../daemon/lab/openness-chart.js';
import { summarise, TrackRecorder } from '../../daemon/lab/track-record.js';
import { noTally } from '../support/sightings.js';

const track = trackId('t1');
const landmarks = {} as FaceLandmarks;
const picture = { format: 'rgb24', widthPx: 1, heightPx: 1, data: new Uint8Array(3) } as const;

/** Looks ten times a second at eyes that close after half a second; from one second on the head is turned away. */
function recorded(): TrackRecorder {
  const recorder = new TrackRecorder();
  for (let look = 0; look < 15; look++) {
    const isTurned = look >= 10;
    const openness = isTurned ? undefined : look === 5 ? 0.1 : 0.3;
    const fault: { fault?: EyeFault } = isTurned ? { fault: 'turned-away' } : {};
    const eyes: EyeSample = {
      atMs: look * 100,
      left: openness,
      right: openness,
      ...fault,
      areLidsRaised: look !== 5,
      sharpness: 1,
      framing: 'whole',
    };
    const measured = { sharpness: 1, widthPx: 120, meanLuma: 100 };
    const quality = { score: 0.5, reasons: isTurned ? (['turned-away', 'dark'] as const) : [], ...measured };
    recorder.onView({ trackId: track, atMs: look * 100, landmarks, quality, eyes, picture });
  }
  recorder.addEvent({ type: 'blink', atMs: 700, trackId: track, blink: { atMs: 500, durationMs: 150 } });
  return recorder;
}

/** The track ends with nothing decided about it. */
function end(recorder: TrackRecorder): void {
  const liveness = assessLiveness(initialLiveness, defaultLivenessPolicy);
  const sighting = {
    cameraId: cameraId('clip'),
    trackId: track,
    sequence: 0,
    isEnded: true,
    endedBy: 'left' as const,
    firstSeenMs: 0,
    lastSeenMs: 1400,
    box: { x: 0, y: 0, width: 1, height: 1 },
    quality: { score: 0.5, reasons: [] },
    views: noTally,
    liveness,
    recogniser: recogniserId('r'),
    probes: [],
  };
  recorder.addEvent({ type: 'sighting', atMs: 1400, sighting });
}

describe('the summary of a track', () => {
  test('gives the verdict, what it lacked and why looks were left out, also without a decision', () => {
    const recorder = recorded();
    end(recorder);
    recorder.addLine({ t: 1, type: 'identity', track, outcome: 'match', person: 'p1', similarity: 0.9 });
    recorder.addLine({ t: 1.4, type: 'track.ended', track });
    const { missing, ...summary } = summarise(recorder.of(track), 1.4);
    assert.match(String(missing), /a blink/);
    assert.deepEqual(summary, {
      t: 1.4,
      type: 'track.summary',
      track,
      verdict: 'undetermined',
      reason: 'observed-too-briefly',
      observedS: 0,
      frameCount: 0,
      blinks: 1,
      identity: 'match',
      person: 'p1',
      events: [],
      looks: 15,
      poorLooks: { 'turned-away': 5, dark: 5 },
      eyesLeftOut: { 'turned-away': 5 },
      lidsLowered: 1,
    });
  });

  test('counts events, and shows what every undetermined verdict lacked', () => {
    const recorder = recorded();
    end(recorder);
    recorder.addLine({ t: 1, type: 'unknown', track });
    const record = recorder.of(track);
    assert.deepEqual(summarise(record, 1)['events'], ['unknown']);
    const { final } = record;
    assert.ok(final);
    for (const reason of ['observed-too-briefly', 'eyes-not-seen-well', 'too-close', 'cut-off'] as const) {
      const said = summarise({ ...record, final: { ...final, reason } }, 1);
      assert.equal(typeof said['missing'], 'string', reason);
    }
    const decided = summarise({ ...record, final: { ...final, verdict: 'live', reason: 'blinked' } }, 1);
    assert.ok(!('missing' in decided));
  });
});

describe('the curve of the eyes of a track', () => {
  const { looks, blinks } = recorded().of('t1');
  const decisions = [{ atS: 1, text: 'live <blinked>' }];
  const svg = opennessChart('t1 & t2', looks, { found: blinks, truth: [0.5], ambiguous: [0.9], decisions });

  test('has a line for each eye that ends where the eyes were not seen, and goes down in a blink', () => {
    const [, path = ''] = /<path d="(M[^"]*)" fill="none" stroke="#1b3a6b"/.exec(svg) ?? [];
    const points = path
      .split(/[ML]/)
      .slice(1)
      .map((point) => point.split(' ').map(Number));
    assert.equal(points.length, 10);
    const lowest = Math.max(...points.map(([, y = 0]) => y));
    assert.equal(
      points.findIndex(([, y]) => y === lowest),
      5,
      'y grows downwards',
    );
  });

  test('marks true and found blinks, decisions, and looks left out with the reason', () => {
    assert.equal((svg.match(/fill="#fde68a"/g) ?? []).length, 1);
    assert.equal((svg.match(/h10z/g) ?? []).length, 2, 'a true and an ambiguous blink');
    assert.match(svg, /live &lt;blinked&gt;/);
    assert.match(svg, /turned-away/);
    assert.doesNotMatch(svg, /<blinked>/);
  });
});

describe('the page of blinks', () => {
  test('shows truth, decisions and curves of each clip, no picture and no script', () => {
    const recorder = recorded();
    end(recorder);
    const clip = 'day/<a>.mp4';
    const result = {
      clip,
      trueBlinks: 1,
      hits: 1,
      missed: [],
      mistaken: [2],
      verdict: 'live',
      observedS: 1,
    } as const;
    const report = {
      fps: 15,
      provingFps: 15,
      toleranceS: 0.25,
      clips: [result],
      skipped: [{ clip: 'gone.mp4', reason: 'not-found' }],
      ...{ hits: 1, missed: 0, mistaken: 1, precision: 0.5, recall: 1, f1: 2 / 3 },
    } as const;
    const truth = { blinks: [0.5], ambiguous: [] };
    const page = blinksPage(report, [{ result, truth, tracks: recorder.ended }]);
    assert.match(page, /<h2>day\/&lt;a&gt;\.mp4<\/h2>/);
    assert.match(page, /precision 0\.500, recall 1\.000, F1 0\.667/);
    assert.match(
      page,
      /track t1: 15 looks, ended undetermined \(observed-too-briefly\); left out: turned-away 5/,
    );
    assert.match(page, /gone\.mp4<\/td><td>the clip does not exist/);
    assert.match(page, /default-src 'none'/);
    assert.doesNotMatch(page, /<script|<img|<image|https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
  });
});
