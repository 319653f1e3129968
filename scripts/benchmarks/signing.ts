// Measures what it costs to sign messages of the size of an attendance event, and to verify them:
//   scripts/bench signing [--json]
// `windowed` signs with as many on their way as the publisher has, `alone` one after the other, `sync` with node:crypto in the
// event loop for comparison. `cpuMs` is processor time of the whole process, all its threads.
import { generateKeyPairSync, sign } from 'node:crypto';
import { importBoxKey, newBoxKeyBytes } from '../../daemon/core/identity/box-key.js';
import { signText, verifySignedText } from '../../daemon/core/identity/signed-text.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench signing', {
  options: { json: { type: 'boolean', default: false } },
});
const count = 10_000;
const inFlight = 64;
const json = JSON.stringify({ id: '0'.repeat(36), data: { text: 'x'.repeat(1100) } });

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Runs `work` `count` times, at most `width` at once. */
async function cost(width: number, work: (index: number) => unknown): Promise<Cost> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: Math.round(performance.now() - startMs), cpuMs: Math.round((user + system) / 1000) };
}

const key = await importBoxKey(newBoxKeyBytes());
const keyOf = () => key.verifying;
const signed = await signText(json, key, Date.now());
const { privateKey } = generateKeyPairSync('ed25519');
const results = {
  windowed: await cost(inFlight, () => signText(json, key, Date.now())),
  alone: await cost(1, () => signText(json, key, Date.now())),
  sync: await cost(1, () => sign(null, Buffer.from(json), privateKey)),
  verified: await cost(inFlight, () => verifySignedText(signed, keyOf)),
};

if (values.json) process.stdout.write(`${JSON.stringify({ count, ...results }, null, 2)}\n`);
else {
  for (const [name, { wallMs, cpuMs }] of Object.entries(results)) {
    process.stdout.write(
      `${name.padEnd(9)} ${count} messages of ${signed.length} bytes: ${wallMs} ms, ${cpuMs} ms of processor time\n`,
    );
  }
}
