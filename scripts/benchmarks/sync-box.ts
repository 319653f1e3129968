// One box of scripts/bench sync, in a process of its own so that nothing else holds its event loop: gallery, records, receiver,
// queue and publisher of the daemon on real files, wired as the tests of commands do. Its parent tells it over their channel
// what no centre can; all commands come over the broker.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandInbox } from '../../daemon/core/commands/command-inbox.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { importBoxKey, newBoxKeyBytes } from '../../daemon/core/identity/box-key.js';
import { signText } from '../../daemon/core/identity/signed-text.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { trust } from '../../test/support/command-centre.js';
import { openCommandedBox } from '../../test/support/commanded-box.js';
import { startTestPublisher } from '../../test/support/published-box.js';
import { enrolmentOf, wanted } from '../../test/support/sync-centre.js';
import type { BoxAbout, BoxDeeds, BoxOrder, BoxStart, BoxState } from './sync-box-process.js';
import { startPhotographReader } from './sync-reader.js';

/** How the daemon waits for a busy broker: the tests are less patient. */
const timings = { ackTimeoutMs: 10_000, connectTimeoutMs: 10_000 };
const by = { actor: 'issuer:bench', origin: 'bench' };

const { boxId, brokerUrl, directory, issuer, models } = JSON.parse(process.argv[2] ?? '{}') as BoxStart;
const from = { siteId: 'bench', boxId };
const reader = models === undefined ? undefined : await startPhotographReader(models);
const box = await openCommandedBox({ directory, from, ...(reader === undefined ? {} : { reader }) });
const { records } = box;
// Started again, it does already.
if (records.commands.trust.find(issuer.keyId) === undefined) await trust(records.commands.trust, issuer);
const key = await importBoxKey(newBoxKeyBytes());
const loop = monitorEventLoopDelay({ resolution: 1 });
const publisher = await connect();

const deeds: BoxDeeds = {
  async about() {
    const publicKey = Buffer.from(box.boxKey.publicKey).toString('base64url');
    return { publicKey, keyId: key.keyId, verifying: key.verifying } satisfies BoxAbout;
  },
  async fill(persons) {
    box.alter('PRAGMA synchronous = OFF');
    const signal = new AbortController().signal;
    for (const { externalId, name } of persons) {
      const person = wanted(Number(externalId.slice('E-'.length)), { name });
      const given = enrolmentOf(box.boxKey.publicKey, person);
      const { outcome } = await box.handlers['enrol-person'](given, {
        by,
        signal,
        progress: () => undefined,
      });
      if (outcome !== 'done') throw new Error(`${externalId} was not enrolled`);
    }
    box.alter('PRAGMA synchronous = FULL');
  },
  async rename({ externalId, name }) {
    const id = await box.vault.gallery().personOfExternalId(externalId);
    if (id === undefined) throw new Error('there is no person to rename');
    await box.persons.update(id, { name }, { actor: 'uid:0', origin: 'bench' });
  },
  async watch() {
    loop.reset();
    loop.enable();
    // The monitor measures between two firings of its timer: the first must have come before the work begins.
    await sleep(20);
  },
  async watched() {
    await sleep(5);
    loop.disable();
    return loop.max / 1e6;
  },
  async state() {
    return {
      residentMiB: process.memoryUsage.rss() / 2 ** 20,
      galleryMB: statSync(join(directory, 'gallery.db')).size / 1e6,
      recordsMB: statSync(join(directory, 'records.db')).size / 1e6,
      outboxDepth: records.outbox.depth(),
      cpuMs: (({ user, system }) => (user + system) / 1000)(process.cpuUsage()),
    } satisfies BoxState;
  },
  async end() {
    await publisher[Symbol.asyncDispose]();
    await box[Symbol.asyncDispose]();
    await reader?.[Symbol.asyncDispose]();
  },
};

process.on('message', ({ id, deed, given }: BoxOrder) => {
  const work: (given: never) => Promise<unknown> = deeds[deed];
  work(given as never).then(
    (result) => {
      process.send?.({ id, result });
      if (deed === 'end') process.disconnect();
    },
    (error: unknown) => process.send?.({ id, error: error instanceof Error ? error.message : 'failed' }),
  );
});
// Also where the parent is killed.
process.once('disconnect', () => process.exit());
process.send?.({ id: 0 });

/** Resolves when the broker brings the commands of this box. */
async function connect() {
  const topics = topicsOf('rollcall', from);
  let takes: () => void = () => undefined;
  const isTaking = new Promise<void>((resolve) => {
    takes = resolve;
  });
  const refusals = { refused: () => undefined, taken: () => takes() };
  const inbox = commandInbox({ topics, receiver: box.receiver, refusals, logger: silentLogger });
  const started = startTestPublisher({
    ...{ url: brokerUrl, records, from, timings, inbox },
    clientId: `rollcall-bench-${boxId}`,
    signer: { sign: (json) => signText(json, key, clock.wallMs()) },
    connectionTasks: [inbox],
  });
  await isTaking;
  return started;
}
