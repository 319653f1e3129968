// Measures the way of an event from the call that records it to a subscriber of a local mosquitto:
//   scripts/bench events [--json]
// `record` is the time of the call itself (one transaction, on the disk when it returns), `arrival` from the beginning of
// that call to the message at the subscriber, `drain` how long a queue takes to reach the subscriber after the publisher
// starts. Everything runs in this process but the broker.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { silentLogger } from '../../daemon/base/logger.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Records } from '../../daemon/records/open-records.js';
import { attendanceFact } from '../../test/support/facts.js';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { openTestRecords, startTestPublisher } from '../../test/support/published-box.js';

const arrivalCount = 500;
const queueLength = 10_000;

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

const figures = (values: readonly number[]) => ({
  medianMs: quantile(values, 0.5),
  p99Ms: quantile(values, 0.99),
});

/** Calls back with the sequence of every event that arrives. */
async function subscribe(url: string, onEvent: (sequence: number) => void): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(url);
  client.on('message', (_topic, payload) => onEvent(JSON.parse(payload.toString('utf8')).sequence));
  await client.subscribeAsync('rollcall/+/+/event/#', { qos: 1 });
  return client;
}

async function measureArrival(records: Records, url: string) {
  const arrivals = new Map<number, (atMs: number) => void>();
  const client = await subscribe(url, (sequence) => arrivals.get(sequence)?.(systemClock.monotonicMs()));
  const publisher = startTestPublisher({ url, records, logger: silentLogger });
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

async function measureDrain(records: Records, url: string) {
  for (let count = 0; count < queueLength; count += 1) records.record(attendanceFact());
  let arrived = 0;
  let onAll: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    onAll = resolve;
  });
  const client = await subscribe(url, () => {
    arrived += 1;
    if (arrived === queueLength) onAll();
  });
  const startMs = systemClock.monotonicMs();
  const publisher = startTestPublisher({ url, records, logger: silentLogger });
  await all;
  const drainS = (systemClock.monotonicMs() - startMs) / 1000;
  await publisher[Symbol.asyncDispose]();
  await client.endAsync();
  return { drainS, depthAfterwards: records.outbox.depth() };
}

const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-events-'));
const broker = await startMosquitto();
const records = openTestRecords(join(folder, 'records.db'));
try {
  const { record, arrival } = await measureArrival(records, broker.url);
  const { drainS, depthAfterwards } = await measureDrain(records, broker.url);
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, Node.js ${process.version}`;
  const result = { machine, arrivalCount, record, arrival, queueLength, drainS, depthAfterwards };
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    const line = (name: string, { medianMs, p99Ms }: ReturnType<typeof figures>): string =>
      `${name.padEnd(28)} median ${medianMs.toFixed(2)} ms, 99th percentile ${p99Ms.toFixed(2)} ms`;
    process.stdout.write(
      [
        machine,
        line('record (on the disk)', record),
        line('arrival at the subscriber', arrival),
        `${`drain of ${queueLength} events`.padEnd(28)} ${drainS.toFixed(2)} s, ${depthAfterwards} left in the outbox`,
        '',
      ].join('\n'),
    );
  }
} finally {
  await records[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
