import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsText } from '../../daemon/app/metrics.js';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { healthyStatus } from '../support/healthy-status.js';

/** A line of the text format: a comment, or a name, labels and a number. */
const line =
  /^(?:# (?:HELP|TYPE) rollcall_[a-z0-9_]+ .+|rollcall_[a-z0-9_]+(?:\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? -?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;

test('every line of the metrics has the form of the text format, and each metric appears once', () => {
  const text = metricsText(healthyStatus);
  const lines = text.trimEnd().split('\n');
  for (const each of lines) assert.match(each, line);
  const names = lines.filter((each) => each.startsWith('# TYPE')).map((each) => each.split(' ')[2]);
  assert.equal(new Set(names).size, names.length);
  assert.ok(text.endsWith('\n'));
});

test('they show the state of the box', () => {
  const troubled: BoxStatus = {
    ...healthyStatus,
    gallery: { ...healthyStatus.gallery, state: 'sealed' },
    conditions: ['running', 'disk-low'],
    vision: healthyStatus.vision.map((process) => ({ ...process, refused: { time: 3 } })),
  };
  const text = metricsText(troubled);
  assert.match(text, /^rollcall_gallery_open 0$/m);
  assert.match(text, /^rollcall_condition\{condition="disk-low"\} 1$/m);
  assert.match(text, /^rollcall_condition\{condition="records-lost"\} 0$/m);
  assert.match(text, /^rollcall_vision_refused_total\{process="0",reason="time"\} 3$/m);
  assert.match(text, /^rollcall_camera_enabled\{camera="yard"\} 0$/m);
});

test('a text that a camera or a process chose cannot add a line', () => {
  const [camera, ...others] = healthyStatus.cameras;
  const counters = { 'a"} 1\nrollcall_gallery_open 0\\': 5 };
  const text = metricsText({ ...healthyStatus, cameras: [{ ...camera, counters }, ...others] });
  for (const each of text.trimEnd().split('\n')) assert.match(each, line);
  assert.match(text, /name="a\\"\} 1\\nrollcall_gallery_open 0\\\\"\} 5$/m);
});
