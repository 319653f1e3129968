// A centre brings persons to boxes by command and proves that they agree, over a mosquitto on loopback:
//   scripts/bench sync [--persons 10000] [--boxes 4] [--photographs DIR [--models DIR]]
// Each box is a process of its own with gallery, records, queue and publisher of the daemon on real files; the centre is this
// process, which signs every command, seals what is personal and verifies every reply. The first box gets all persons by command;
// the others by the handler of that command, without waiting for the disk. Photographs and networks are played, unless
// --photographs names a folder with a folder of photographs for each person: these go to a box of their own with the real
// networks, from --models (as `models.dir` of the configuration) where they are not in the program's own place.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { newIssuer } from '../../test/support/command-centre.js';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { SyncCentre } from '../../test/support/sync-centre.js';
import { readOptions } from '../options.js';
import { startBoxProcess } from './sync-box-process.js';
import { CentreLink } from './sync-link.js';
import { ownModels } from './sync-reader.js';
import { sayArithmetic, sayLine, sayState } from './sync-report.js';
import {
  askForAll,
  askForTaken,
  bringDifference,
  enrolAllPersons,
  enrolPhotographs,
  findChange,
  proveAgreement,
  type Site,
  wantedInstead,
} from './sync-steps.js';

const { values: asked } = readOptions('scripts/bench sync', {
  options: {
    persons: { type: 'string', default: '10000' },
    boxes: { type: 'string', default: '4' },
    photographs: { type: 'string' },
    models: { type: 'string', default: ownModels },
  },
});
const count = Number(asked.persons);
const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-sync-'));
const lifetime = new Lifetime(systemClock);

try {
  sayLine(
    'machine',
    `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, Node.js ${process.version}`,
  );
  const broker = lifetime.use('broker', await startMosquitto());
  const issuer = await newIssuer('bench');
  const link = lifetime.use('centre', await CentreLink.open(broker.url, issuer));
  const centre = new SyncCentre();
  const start = async (boxId: string, models?: string): Promise<Site> => {
    const directory = join(folder, boxId);
    mkdirSync(directory, { recursive: true });
    const { id, keyId, publicText } = issuer;
    const about = { boxId, brokerUrl: broker.url, directory, issuer: { id, keyId, publicText } };
    const box = await startBoxProcess({ ...about, ...(models === undefined ? {} : { models }) });
    return { link, centre, process: lifetime.use(boxId, box), box: await link.box(box) };
  };

  const filled = await start('box-1');
  const enrolment = await enrolAllPersons(filled, count);
  sayState('the box then', await filled.process.state());
  await filled.process[Symbol.asyncDispose]();

  const first = await start('box-1');
  await askForTaken(first);
  const proof = await askForAll(first);

  const persons = wantedInstead(count);
  await bringDifference(first, persons);
  const others = await Promise.all(
    Array.from({ length: Number(asked.boxes) - 1 }, async (_, index) => {
      const site = await start(`box-${index + 2}`);
      await site.process.fill(persons.map(({ externalId, name }) => ({ externalId, name })));
      return site;
    }),
  );
  await proveAgreement([first, ...others], persons);
  await findChange(others.at(-1) ?? first, persons);

  const pictured =
    asked.photographs === undefined
      ? undefined
      : await enrolPhotographs(await start('box-pictures', asked.models), asked.photographs);
  if (pictured === undefined) sayLine('photographs', 'none given (--photographs): networks were played');
  sayArithmetic({ persons: count, enrolment, pictured, proof });
} finally {
  await lifetime[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
