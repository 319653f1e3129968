import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { captureExamples } from './capture.js';
import { commandFiles, exampleCommands } from './example-commands.js';

/** Writes docs/contract/examples: each file is a payload as a broker delivered it, byte for byte. Needs mosquitto. */
const folder = fileURLToPath(new URL('../../docs/contract/examples', import.meta.url));

await using broker = await startMosquitto();
await using directory = await temporaryDirectory();
const captured = await captureExamples(broker.url, directory.path);
const files = new Map<string, string | Buffer>([
  ...[...captured].map(([name, { payload }]) => [`${name}.json`, payload] as const),
  ...commandFiles(await exampleCommands()),
]);
await mkdir(folder, { recursive: true });
for (const name of await readdir(folder)) {
  if (!name.startsWith('.') && !files.has(name)) await rm(join(folder, name));
}
for (const [name, content] of files) await writeFile(join(folder, name), content);
process.stdout.write(`${files.size} examples are in docs/contract/examples\n`);
