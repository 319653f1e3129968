import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  acting,
  attendanceTopic,
  fromTheBox,
  isOfProbe,
  listening,
  play,
  record,
  rotate,
  signedEvent,
} from '../support/example-play.js';
import { startExampleSubscriber, withoutShellTools } from '../support/example-subscriber.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { startAttacker, startSignedStream } from '../support/signed-stream.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const base = 'rollcall/site/box';

describe('the example subscriber for the shell', {
  skip: withoutMosquitto || withoutShellTools,
}, () => {
  test('prints only genuine events, each once, across a restart and a change of the key', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    const { keyId } = stream.keys.state.current;
    const at = ['-h', '127.0.0.1', '-p', String(broker.port)];
    const recordedIds = () => stream.records.list({ limit: 1000 }).map(({ id }) => id);
    const printed: string[] = [];
    let byFormer = '';
    {
      await using subscriber = startExampleSubscriber('subscriber.sh', [base, keyId, ...at], directory.path);
      await listening(subscriber, attacker);
      const count = await play(stream, attacker);
      const refused = () => subscriber.lines.filter((line) => line.startsWith('REFUSED') && !isOfProbe(line));
      await subscriber.until(
        'all messages to be handled',
        () => refused().length === count && subscriber.printed.length === 6,
      );
      assert.deepEqual(idsOf(subscriber.printed), recordedIds());
      byFormer = await signedEvent(stream.keys, 99);
      await rotate(stream, attacker);
      record(stream, 1);
      await subscriber.until(
        'the event with the new key to be refused',
        () => refused().length === count + 1,
      );
      const kept = subscriber.lines.filter((line) =>
        line.startsWith('REFUSED  not signed by this box (kept): '),
      );
      assert.equal(refusedIn(directory.path).length, kept.length);
      for (const line of subscriber.lines) assert.doesNotMatch(line, acting);
      printed.push(...subscriber.printed);
    }
    const lost = fromTheBox(attacker, 'attendance').find((text) =>
      text.includes(recordedIds().at(-1) ?? '-'),
    );
    assert.equal(refusedIn(directory.path).at(-1), lost, 'the refused event is kept unchanged');

    record(stream, 2);
    const pinned = `${keyId},${stream.keys.state.current.keyId}`;
    await using again = startExampleSubscriber('subscriber.sh', [base, pinned, ...at], directory.path);
    await again.until('the events sent meanwhile', () => again.printed.length === 2);
    await attacker.say(attendanceTopic, lost ?? '');
    await again.until('the event that was sent again', () => again.printed.length === 3);
    assert.deepEqual(idsOf([...printed, ...again.printed]).toSorted(), [...recordedIds()].toSorted());
    await attacker.say(attendanceTopic, byFormer);
    await again.until('the event that the former key signed', () => again.printed.length === 4);
    assert.deepEqual(again.lines, again.printed);
  });

  test('continues with the stored keys, reports a key that the box does not publish, and keeps its limits', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    const at = ['-h', '127.0.0.1', '-p', String(broker.port)];
    const unknown = 'n'.repeat(43);
    const missing = `REFUSED  the box publishes no key with the thumbprint ${unknown}`;
    {
      await using subscriber = startExampleSubscriber(
        'subscriber.sh',
        [base, unknown, ...at],
        directory.path,
      );
      assert.equal(await subscriber.ended, 1);
      assert.deepEqual(subscriber.lines, [missing]);
    }
    const path = join(directory.path, 'refused-events');
    writeFileSync(path, Buffer.alloc(10_000_000));
    const both = `${unknown},${stream.keys.state.current.keyId}`;
    await using subscriber = startExampleSubscriber('subscriber.sh', [base, both, ...at], directory.path);
    await listening(subscriber, attacker);
    record(stream, 1);
    await subscriber.until('an event', () => subscriber.printed.length === 1);
    assert.equal(subscriber.lines[0], missing);
    assert.match(
      subscriber.lines[1] ?? '',
      /^REFUSED .* \(NOT KEPT: too long, or \.\/refused-events is full\): /,
    );
    assert.equal(
      statSync(path).size,
      10_000_000,
      'the file of refused events does not grow beyond its limit',
    );
  });
});

function refusedIn(directory: string): readonly string[] {
  return readFileSync(join(directory, 'refused-events'), 'latin1').trimEnd().split('\n');
}

function idsOf(lines: readonly string[]): readonly unknown[] {
  return lines.map((line) => (JSON.parse(line) as { readonly id: unknown }).id);
}
