import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import mqtt from 'mqtt';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { verifySignedText } from '../../daemon/core/identity/signed-text.js';
import { openPinoLogger } from '../../daemon/host/pino-logger.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { assortedFacts, attendanceFact } from '../support/facts.js';
import { startHostileBroker } from '../support/hostile-broker.js';
import { keyOfState } from '../support/identity-fixture.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import {
  box,
  openTestRecords,
  startTestPublisher,
  stateTopic,
  temporaryFolder,
} from '../support/published-box.js';
import { withSecretPlaces } from '../support/secret-places.js';
import { until } from '../support/until.js';

const CASES = 2000;
const retry = { baseMs: 0.5, capMs: 2, sustainedMs: 1000 };
/** Text that a terminal or a line reader would act on. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** A system clock that counts the waits before new attempts. */
function countingClock(): Clock & { waits: number } {
  const clock = {
    ...systemClock,
    waits: 0,
    after(delayMs: number, callback: () => void) {
      if (delayMs > 0 && delayMs <= retry.capMs) clock.waits += 1;
      return systemClock.after(delayMs, callback);
    },
  };
  return clock;
}

describe('a hostile server', { skip: withoutMosquitto }, () => {
  test(`the box waits, reconnects and continues after ${CASES} answers of random and mutated packets`, async (t) => {
    await using hostile = await startHostileBroker(seededRandom(20_261_122));
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const lines: string[] = [];
    const logger = openPinoLogger({
      level: 'debug',
      clock: systemClock,
      output: { write: (line: string) => void lines.push(line) },
    });
    const clock = countingClock();
    // Each case needs an event to send, because an event that the hostile broker acknowledges is gone.
    const refill = setInterval(() => {
      if (records.outbox.depth() < 20) records.record(attendanceFact());
    }, 20);
    t.after(() => clearInterval(refill));
    const connectionTask = {
      whenOnline: (connection: { subscribe: (topic: string, take: () => void) => Promise<void> }) =>
        void connection.subscribe(`${stateTopic}/none`, () => undefined).catch(() => undefined),
    };
    let taken = 0;
    const inbox = {
      async take() {
        taken += 1;
      },
    };
    await using publisher = startTestPublisher({
      ...{ url: hostile.url, records, clock, logger, connectionTasks: [connectionTask], inbox },
      timings: { retry, connectTimeoutMs: 100, ackTimeoutMs: 100, heldRetryMs: 200 },
    });
    await hostile.giveWay(CASES, broker.port);
    clearInterval(refill);
    assert.equal(hostile.caseCount, CASES);
    // The box may try the other version of MQTT without a wait.
    assert.ok(clock.waits >= CASES / 2 - 1, `${clock.waits} waits`);

    for (const fact of assortedFacts(30)) records.record(fact);
    const known = records.list({ limit: 30 });
    await subscriber.until(() => known.every(({ id }) => subscriber.eventIds.includes(id)));
    // A kind on which the hostile broker hung up repeatedly may have waited while other kinds were sent.
    for (const kind of ['attendance', 'unknown', 'attack']) {
      const ids: readonly string[] = known.flatMap((event) => (event.kind === kind ? [event.id] : []));
      assert.deepEqual(
        subscriber.eventIds.filter((id) => ids.includes(id)),
        ids,
      );
    }
    // The time limits are so short that a busy machine may have given up a good broker.
    await until('the box to be connected', () => publisher.status().connection === 'connected');
    assert.ok(lines.length > 100);
    for (const line of lines) {
      assert.ok(line.endsWith('\n') && !unprintable.test(line.slice(0, -1)), JSON.stringify(line));
      assert.ok(!JSON.parse(line).message.includes('forged'), line);
    }
    const codes = new Set(lines.map((line) => JSON.parse(line).code).filter((code) => code !== undefined));
    t.diagnostic(
      `${CASES} answers, ${clock.waits} waits, ${taken} messages taken, ${lines.length} lines; ${[...codes].join(', ')}`,
    );
  });

  test('the box replaces retained garbage on its topics and does not read it', {}, async () => {
    await using broker = await startMosquitto();
    const { keys, event } = topicsOf('rollcall', box);
    const stranger = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
    const garbage = [Buffer.alloc(100_000, 0xff), Buffer.from('{"state":"online","signature":"\u001b[2J"}')];
    for (const topic of [stateTopic, keys, event('attendance'), `${keys}/more`]) {
      for (const payload of garbage) {
        const properties = { userProperties: { '\u202egnp': '{"level":"error"}' } };
        await stranger.publishAsync(topic, payload, { qos: 1, retain: true, properties });
      }
    }
    await stranger.endAsync();
    await withSecretPlaces(async (places) => {
      using folder = temporaryFolder();
      await using records = openTestRecords(join(folder.path, 'records.db'));
      using signer = await IdentityKeys.open({ places, clock: systemClock, overlapMs: 1000 });
      await using publisher = startTestPublisher({ url: broker.url, records, signer, logger: silentLogger });
      await using late = await mqtt.connectAsync(broker.url, { protocolVersion: 5 }).then((client) => ({
        client,
        [Symbol.asyncDispose]: () => client.endAsync(true),
      }));
      const valid = new Promise<void>((resolve) => {
        late.client.on('message', (_topic, payload) => {
          void verifySignedText(payload, keyOfState(signer.state)).then(({ outcome }) => {
            if (outcome === 'valid') resolve();
          });
        });
      });
      await late.client.subscribeAsync(stateTopic, { qos: 1 });
      await valid;
      assert.equal(publisher.status().problem, undefined);
    });
  });
});
