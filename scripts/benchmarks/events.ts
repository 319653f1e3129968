// Measures the way of an event from the call that records it to a subscriber of a local mosquitto:
//   scripts/bench events [--cameras N] [--json]
// `record` is the time of the call itself (one transaction, on the disk when it returns), `arrival` from the beginning of
// that call to the message at the subscriber, `drain` how long a queue takes to reach the subscriber after the publisher
// starts, `enqueue` the time of `record` while it drains. Every event is signed with a key of a box. Everything runs in this
// process but the broker and, with --cameras, a built daemon that watches so many virtual cameras meanwhile.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import type { Signer } from '../../daemon/core/delivery/signer.js';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { attendanceFact } from '../../test/support/facts.js';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { openTestRecords, startTestPublisher } from '../../test/support/published-box.js';
import { readOptions } from '../options.js';
import { watchCameras } from './events-cameras.js';

const arrivalCount = 500;
const queueLength = 10_000;
/** Between two events that are recorded while the queue drains, milliseconds. */
const enqueueEveryMs = 20;

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

const figures = (values: readonly number[]) => ({
  medianMs: quantile(values, 0.5),
  p99Ms: quantile(values, 0.99),
});

/** How the daemon waits for a busy broker: the tests are less patient. */
const timings = { ackTimeoutMs: 10_000, connectTimeoutMs: 10_000 };

/** Calls back with the sequence of every event that arrives. */
async function subscribe(url: string, onEvent: (sequence: number) => void): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(url);
  client.on('message', (_topic, payload) => onEvent(Number(JSON.parse(payload.toString('utf8')).sequence)));
  await client.subscribeAsync('rollcall/+/+/event/#', { qos: 1 });
  return client;
}

interface Way {
  readonly records: RecordStores;
  readonly url: string;
  readonly signer: Signer;
}

async function measureArrival({ records, url, signer }: Way) {
  const arrivals = new Map<number, (atMs: number) => void>();
  const client = await subscribe(url, (sequence) => arrivals.get(sequence)?.(systemClock.monotonicMs()));
  const publisher = startTestPublisher({ url, records, signer, logger: silentLogger, timings });
  const recordMs: number[] = [];
  const arrivalMs: number[] = [];
  for (let count = 0; count < arrivalCount; count += 1) {
    const startMs = systemClock.monotonicMs();
    const { sequence } = records.record(attendanceFact());
    recordMs.push(systemClock.monotonicMs() - startMs);
    const atMs = await new Promise<number>((resolve) => arrivals.set(sequence, resolve));
    arrivalMs.push(atMs - startMs);
  }
  await publisher[Symbol.asyncDispose]();
  await client.endAsync();
  // The first events also wait for the connection.
  return { record: figures(recordMs), arrival: figures(arrivalMs.slice(10)) };
}

async function measureDrain({ records, url, signer }: Way) {
  const queued = new Set<number>();
  while (queued.size < queueLength) queued.add(records.record(attendanceFact()).sequence);
  let onAll: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    onAll = resolve;
  });
  const client = await subscribe(url, (sequence) => {
    if (queued.delete(sequence) && queued.size === 0) onAll();
  });
  const enqueueMs: number[] = [];
  const startMs = systemClock.monotonicMs();
  const publisher = startTestPublisher({ url, records, signer, logger: silentLogger, timings });
  const meanwhile = setInterval(() => {
    const beginMs = systemClock.monotonicMs();
    records.record(attendanceFact());
    enqueueMs.push(systemClock.monotonicMs() - beginMs);
  }, enqueueEveryMs);
  await all;
  const drainS = (systemClock.monotonicMs() - startMs) / 1000;
  clearInterval(meanwhile);
  await publisher[Symbol.asyncDispose]();
  await client.endAsync();
  return { drainS, enqueue: figures(enqueueMs), depthAfterwards: records.outbox.depth() };
}

const { values: asked } = readOptions('scripts/bench events', {
  options: { cameras: { type: 'string', default: '0' }, json: { type: 'boolean', default: false } },
});
const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-events-'));
const broker = await startMosquitto();
const records = openTestRecords(join(folder, 'records.db'));
const cameraCount = Number(asked.cameras);
try {
  const keys = await IdentityKeys.open({
    places: { secretsDirectory: join(folder, 'secrets'), dataDir: join(folder, 'data') },
    clock: systemClock,
    overlapMs: 0,
  });
  await using cameras = await watchCameras(cameraCount);
  const way = { records, url: broker.url, signer: keys };
  const { record, arrival } = await measureArrival(way);
  const { drainS, enqueue, depthAfterwards } = await measureDrain(way);
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, Node.js ${process.version}`;
  const analysed = await cameras.analysed();
  const result = {
    machine,
    cameraCount,
    analysed,
    arrivalCount,
    record,
    arrival,
    queueLength,
    drainS,
    enqueue,
  };
  if (asked.json) process.stdout.write(`${JSON.stringify({ ...result, depthAfterwards })}\n`);
  else {
    const line = (name: string, { medianMs, p99Ms }: ReturnType<typeof figures>): string =>
      `${name.padEnd(28)} median ${medianMs.toFixed(2)} ms, 99th percentile ${p99Ms.toFixed(2)} ms`;
    process.stdout.write(
      [
        machine,
        `${'cameras meanwhile'.padEnd(28)} ${cameraCount}, ${analysed} pictures analysed`,
        line('record (on the disk)', record),
        line('arrival at the subscriber', arrival),
        `${`drain of ${queueLength} events`.padEnd(28)} ${drainS.toFixed(2)} s, ${depthAfterwards} left in the outbox`,
        line('record while it drains', enqueue),
        '',
      ].join('\n'),
    );
  }
} finally {
  await records[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
