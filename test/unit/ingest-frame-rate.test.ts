import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { FrameRate, WithheldFrames } from '../../daemon/vision/ingest/frame-rate.js';

const fullFps = 36;

function rateOf(): { readonly rate: FrameRate; readonly sent: string[] } {
  const sent: string[] = [];
  return { rate: new FrameRate(fullFps, (command) => sent.push(command)), sent };
}

test('a rate is sent when it changes, as one line, once FFmpeg can take it', () => {
  const { rate, sent } = rateOf();
  rate.ask(5);
  assert.deepEqual(sent, []);
  rate.graphMade();
  rate.ask(5);
  assert.equal(sent.length, 1);
  assert.match(sent[0] ?? '', /^cframestep -1 enable \S+\n$/);
  // FFmpeg keeps 255 characters of an expression.
  assert.ok((sent[0] ?? '').length < 255);
  rate.ask(15);
  rate.ask(5);
  assert.equal(sent.length, 3);
  assert.equal(sent[2], sent[0]);
});

test('a new filter graph, which begins at the full rate, gets the rate again', () => {
  const { rate, sent } = rateOf();
  rate.graphMade();
  assert.deepEqual(sent, []);
  rate.ask(5);
  rate.graphMade();
  assert.equal(sent.length, 2);
  assert.equal(sent[1], sent[0]);
});

test('a decoder that begins with few frames is told the full rate', () => {
  const sent: string[] = [];
  const rate = new FrameRate(fullFps, (command) => sent.push(command), 5);
  rate.graphMade();
  rate.ask(5);
  assert.deepEqual(sent, []);
  rate.ask(100);
  rate.graphMade();
  assert.equal(sent.length, 2);
  assert.equal(sent[1], sent[0]);
});

test('a rate is neither above the full one nor so low that the stream seems to stand still', () => {
  const { rate, sent } = rateOf();
  rate.graphMade();
  rate.ask(100);
  assert.deepEqual(sent, []);
  rate.ask(0.5);
  rate.ask(4);
  assert.equal(sent.length, 1);
});

test('an FFmpeg that refuses a rate is told none any more, and the refusal is new once', () => {
  const { rate, sent } = rateOf();
  rate.graphMade();
  rate.ask(5);
  assert.equal(rate.answered(0), false);
  assert.equal(rate.answered(-38), true);
  assert.equal(rate.answered(-38), false);
  rate.ask(15);
  rate.graphMade();
  assert.equal(sent.length, 1);
});

test('frames that were not asked for are counted, once the rate of the stream is known', () => {
  const clock = new VirtualClock();
  const withheld = new WithheldFrames(clock);
  withheld.ask(30, undefined);
  clock.advanceBy(2000);
  assert.equal(withheld.count, 0);
  withheld.ask(5, 25);
  clock.advanceBy(2000);
  assert.equal(withheld.count, 40);
  withheld.ask(30, 25);
  clock.advanceBy(2000);
  assert.equal(withheld.count, 40);
});
