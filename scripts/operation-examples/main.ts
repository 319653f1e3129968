import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newRecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import { writeRecoveryKey } from '../../daemon/core/backups/recovery-key-text.js';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { type LocalBox, makeLocalBox } from '../local-box.js';
import { demoSections, seedDemo } from '../seeding/seed.js';
import { callAll } from './calls.js';
import { ExampleCaller } from './example-caller.js';
import { scrubbed } from './scrub.js';

/**
 * Writes docs/contract/operations: one call of each operation, as a running box with made-up data answered it. Needs the built
 * program (npm run build). Ids, times, secrets and measures are replaced by stable ones, and lists are cut.
 */
const folder = fileURLToPath(new URL('../../docs/contract/operations', import.meta.url));

/** Enough for all calls at once, and an alert to send: the first camera is enabled, and nothing answers at its address. */
const moreSections = (hookPort: number): string => `api:
  secondPerson: [identity]
  limits: { default: 1000, login: 100, enrolment: 100, heavy: 100, addresses: 100 }
  cameraNetworks: [127.0.0.0/8]
alerts:
  webhooks: [{ id: control-room, url: "http://127.0.0.1:${hookPort}/rollcall", secret: alerts }]
  rules: [{ id: camera-down, on: camera-down, channels: [control-room] }]
`;

/** A receiver of alerts. */
async function openHook() {
  const server = createServer((_, response) => response.writeHead(204).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function capture(box: LocalBox): Promise<ExampleCaller> {
  const seeded = await seedDemo(box);
  const { secret: claimSecret } = await box.client.call('users.claim', { isReset: true });
  const caller = new ExampleCaller(join(box.directory, 'run', 'gate', 'gate.sock'), (id) =>
    box.client.call('approvals.approve', { id }),
  );
  const recoveryKey = Buffer.from(writeRecoveryKey('public', newRecoveryKey().publicKey))
    .toString('latin1')
    .trim();
  await callAll(caller, { client: box.client, seeded, claimSecret, recoveryKey });
  return caller;
}

await using directory = await temporaryDirectory();
await using hook = await openHook();
const box = await makeLocalBox({
  ...{ directory: join(directory.path, 'box'), comment: 'Made for examples.' },
  sections: demoSections(8443).replace(', enabled: false', '') + moreSections(hook.port),
  secrets: { alerts: 'a secret for examples only', 'gallery-key.next': randomBytes(16).toString('hex') },
});
await using running = box;
await box.start();
const nowMs = Date.now();
const caller = await capture(running);
caller.close();
const options = {
  nowMs,
  places: { [box.directory]: '/var/lib/rollcall', [hostname()]: 'box-1', [String(hook.port)]: '8080' },
};
await mkdir(folder, { recursive: true });
for (const name of await readdir(folder)) await rm(join(folder, name));
for (const [id, example] of caller.examples) {
  await writeFile(
    join(folder, `${id}.json`),
    `${JSON.stringify(scrubbed(example, options), undefined, 2)}\n`,
  );
}
process.stdout.write(`${caller.examples.size} examples are in docs/contract/operations\n`);
