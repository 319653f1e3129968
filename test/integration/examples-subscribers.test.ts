import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { signedKeySet } from '../../daemon/core/identity/key-set.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import {
  acting,
  attendanceTopic,
  falseLine,
  fromTheBox,
  isOfProbe,
  listening,
  play,
  record,
  rotate,
  signedEvent,
} from '../support/example-play.js';
import { startExampleSubscriber, withoutShellTools } from '../support/example-subscriber.js';
import { everyNotice } from '../support/facts.js';
import { dayMs } from '../support/identity-fixture.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { box } from '../support/published-box.js';
import { startAttacker, startSignedStream, streamTopics } from '../support/signed-stream.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const base = 'rollcall/site/box';

describe('the example subscriber for Node.js', { skip: withoutMosquitto }, () => {
  test('prints only genuine events, each once, across a change of the key', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    const { keyId } = stream.keys.state.current;
    const args = [broker.url, base, keyId, '--until', 'rollcall.audit.digest.v1'];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    const { lines, printed } = subscriber;

    await listening(subscriber, attacker);
    const count = await play(stream, attacker);
    await subscriber.until('all events', () => printed.length === 6);
    await attacker.say(streamTopics.keys, await attacker.signAs('{"keys":[],"endorsements":[]}'), true);
    const isOfKeys = (line: string) => line.startsWith('REFUSED') && line.includes('/keys');
    await subscriber.until('the forged keys', () => lines.some(isOfKeys));

    await rotate(stream, attacker);
    record(stream, 2);
    for (const notice of everyNotice) if (notice.kind === 'reply') stream.records.record(notice);
    await subscriber.until('the events with the new key', () => printed.length === 9);
    await attacker.say(attendanceTopic, await signedEvent(stream.keys, 12));
    await subscriber.until('the event after a gap', () => printed.length === 10);
    for (const notice of everyNotice) if (notice.kind === 'audit') stream.records.record(notice);
    assert.equal(await subscriber.ended, 0);

    for (const line of printed) assert.match(line, /^\d{4}-\S+ {2}\d+ {2}rollcall\.\S+ {2}new {2}\{.*\}$/);
    const sequences = printed.map((line) => Number(line.split(/\s+/)[1]));
    assert.deepEqual(sequences, [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10]);
    const complaints = lines.filter((line) => !printed.includes(line) && !isOfProbe(line));
    const [gap, ...gaps] = complaints.filter((line) => line.startsWith('GAP'));
    assert.deepEqual([gap, gaps], ['GAP  "10 to 11 are missing"', []]);
    const forged = complaints.filter((line) => /^(REFUSED|KEPT) .*\/attendance"/.test(line));
    assert.equal(forged.length, count, lines.join('\n'));
    assert.deepEqual(complaints.toSorted(), [...forged, gap, complaints.find(isOfKeys)].toSorted());
  });

  test('prints no text that an attacker invented; no text ends a line or controls the terminal', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    const args = [broker.url, base, stream.keys.state.current.keyId];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    await listening(subscriber, attacker);
    const header = Buffer.from(`${falseLine}\u009b\u2028\u202e`).toString('base64url');
    await attacker.say(attendanceTopic, await attacker.signAs('{"a":1}', falseLine));
    await attacker.say(attendanceTopic, `{"a":1,"signature":"${header}..${'A'.repeat(86)}"}`);
    await attacker.say(`${base}/event/\u2028\u202e`, '{"a":1}');
    await attacker.say(streamTopics.keys, falseLine);
    const told = () => subscriber.lines.filter((line) => line.startsWith('REFUSED') && !isOfProbe(line));
    await subscriber.until('all messages to be refused', () => told().length === 4);
    assert.deepEqual(subscriber.printed, []);
    for (const line of subscriber.lines) assert.doesNotMatch(line, acting);
    assert.ok(
      subscriber.lines.every((line) => line.startsWith('REFUSED')),
      subscriber.lines.join('\n'),
    );
  });

  test('is not delayed by messages and key sets with unknown keys', {}, async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    const args = [broker.url, base, stream.keys.state.current.keyId];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    const starting = (word: RegExp): string[] => subscriber.lines.filter((line) => word.test(line));
    await listening(subscriber, attacker);
    const madeUp = Array.from({ length: 50 }, (_, index) => String(index).padStart(43, 'n'));
    for (const keyId of madeUp) {
      await attacker.say(attendanceTopic, await attacker.signAs('{"a":1}', keyId));
      const keySet = await attacker.signAs('{"keys":[],"endorsements":[]}', keyId);
      await attacker.say(streamTopics.keys, keySet);
    }
    record(stream, 1);
    await subscriber.until('a real event', () => subscriber.printed.length === 1);
    await subscriber.until(
      'the messages with unknown keys to be kept',
      () => starting(/^KEPT/).length === 50,
    );
    await subscriber.until('the key sets to be refused', () => starting(/^REFUSED.*\/keys"/).length === 50);
    await rotate(stream, attacker);
    record(stream, 1);
    await subscriber.until('the event with the new key', () => subscriber.printed.length === 2);
    assert.deepEqual(starting(/^(GAP|ERROR|FORGOTTEN)/), []);
  });

  test('keeps messages until the key set with their key comes, and reports when it discards one', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    const at = (name: string) => join(directory.path, name);
    const places = { secretsDirectory: at('secrets'), dataDir: at('data'), credentialsDirectory: '' };
    using keys = await IdentityKeys.open({ places, clock: systemClock, overlapMs: dayMs });
    const sayKeys = async () =>
      attacker.say(streamTopics.keys, await signedKeySet({ keys, from: box, clock: systemClock }), true);
    await sayKeys();
    const args = [broker.url, base, keys.state.current.keyId];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    const { lines, printed } = subscriber;
    const starting = (word: string): number => lines.filter((line) => line.startsWith(word)).length;
    await listening(subscriber, attacker);
    await attacker.say(attendanceTopic, await signedEvent(keys, 1));
    await keys.rotate(dayMs);
    const flood = async (count: number) => {
      const strange = await attacker.signAs('{"a":1}');
      await Promise.all(Array.from({ length: count }, () => attacker.say(attendanceTopic, strange)));
    };
    await attacker.say(attendanceTopic, await attacker.signAs('{"a":1}', 'n'.repeat(43)));
    for (const sequence of [2, 3]) await attacker.say(attendanceTopic, await signedEvent(keys, sequence));
    await flood(497);
    await subscriber.until('500 messages to be kept', () => starting('KEPT') === 500);
    assert.equal(printed.length, 1);
    await sayKeys();
    await subscriber.until('the kept events to be printed', () => printed.length === 3);
    assert.equal(starting('FORGOTTEN') + starting('GAP'), 0);
    await flood(3);
    await subscriber.until('one message to be discarded', () => starting('FORGOTTEN') === 1);
    assert.match(lines.find((line) => line.startsWith('FORGOTTEN')) ?? '', /key n{43}"$/);
  });

  test('ignores an event that is retained at the broker', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    record(stream, 1);
    await until('the attacker to receive the event', () => fromTheBox(attacker, 'attendance').length === 1);
    const [genuine = ''] = fromTheBox(attacker, 'attendance');
    await attacker.say(attendanceTopic, genuine, true);
    const args = [broker.url, base, stream.keys.state.current.keyId];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    await subscriber.until('the first line', () => subscriber.lines.length > 0);
    assert.match(subscriber.lines[0] ?? '', /^REFUSED .* "it is retained/);
  });

  test('accepts no event if the pinned key is not that of the box', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using stream = await startSignedStream(broker.url, directory.path);
    record(stream, 3);
    const args = [broker.url, base, 'n'.repeat(43)];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    await subscriber.until('the key set to be refused', () => subscriber.lines.length > 0);
    assert.match(
      subscriber.lines[0] ?? '',
      /^REFUSED {2}"rollcall\/site\/box\/keys" {2}"signed with an unknown key/,
    );
    assert.equal(subscriber.lines.length, 1);
  });
});

test('both examples explain wrong arguments', {
  skip: withoutMosquitto || withoutShellTools,
}, async () => {
  await using directory = await temporaryDirectory();
  await using broker = await startMosquitto();
  await using attacker = await startAttacker(broker.url);
  const start = (script: 'subscriber.mjs' | 'subscriber.sh', ...args: readonly string[]) =>
    startExampleSubscriber(script, args, directory.path);
  const pinned = 'n'.repeat(43);
  const at = ['-h', '127.0.0.1', '-p', String(broker.port)];
  await using waiting = start('subscriber.mjs', broker.url, 'rollcall/site/absent', pinned);
  for (const args of [
    [],
    ['-x'],
    [broker.url, base, 'short'],
    [broker.url, base, pinned, '--ca', '/nowhere'],
  ]) {
    await using subscriber = start('subscriber.mjs', ...args);
    assert.equal(await subscriber.ended, 2);
    assert.match(subscriber.lines.join('\n'), /^[^\n]+\nusage: node subscriber\.mjs URL [^\n]+$/);
  }
  for (const args of [[], [base], ['+/+/+', pinned], [base, `${pinned},short`]]) {
    await using subscriber = start('subscriber.sh', ...args);
    assert.equal(await subscriber.ended, 2);
    assert.match(subscriber.lines.join('\n'), /^usage: subscriber\.sh [^\n]+$/);
  }
  {
    await using subscriber = start('subscriber.sh', 'rollcall/site/absent', pinned, ...at, '-W', '1');
    assert.equal(await subscriber.ended, 1);
    const said = subscriber.lines.join('\n');
    assert.match(said, /^REFUSED {2}no key set came under rollcall\/site\/absent\/keys: /m);
  }
  await attacker.say(streamTopics.keys, 'garbage \u001b[2J', true);
  {
    await using subscriber = start('subscriber.sh', base, pinned, ...at);
    assert.equal(await subscriber.ended, 1);
    assert.deepEqual(subscriber.lines, [`REFUSED  the box publishes no key with the thumbprint ${pinned}`]);
  }
  await waiting.until('it says what it waits for', () => waiting.lines.length > 0);
  assert.match(waiting.lines[0] ?? '', /^WAITING {2}"rollcall\/site\/absent\/keys" {2}"no key set yet/);
});
