import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Appliance } from '../../test/support/appliance.js';

/** Puts aside what tells why a loop failed: the daemons' log, every message as it came, and the databases. Returns where. */
export async function keepEvidence({ box, subscriber }: Appliance): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-daemon-faults-'));
  await writeFile(join(folder, 'log'), box.log());
  const lines = subscriber.messages.map(
    ({ topic, payload, arrivedAtMs }) => `${arrivedAtMs} ${topic} ${payload}\n`,
  );
  await writeFile(join(folder, 'messages'), lines.join(''));
  await cp(join(box.directory, 'data'), join(folder, 'data'), { recursive: true });
  return folder;
}
