import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configJsonSchema } from '../daemon/config/json-schema.js';
import { configReference } from '../daemon/config/reference.js';
import { asyncApiYaml } from '../daemon/publish/contract/asyncapi.js';
import { schemaFiles } from '../daemon/publish/contract/json-schemas.js';

/**
 * Writes what is generated from the schemas of the configuration and of the contract. With `--check` it writes nothing and
 * exits with 1 when a file differs from what would be written.
 */
const outputs: readonly { readonly path: string; readonly content: string }[] = [
  {
    path: 'config/generated/config.schema.json',
    content: `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`,
  },
  { path: 'docs/configuration.md', content: configReference() },
  { path: 'docs/contract/asyncapi.yaml', content: asyncApiYaml() },
  ...schemaFiles(),
];

const isCheck = process.argv.includes('--check');

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

for (const { path, content } of outputs) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  if ((await readIfThere(file)) === content) continue;
  if (isCheck) {
    process.stderr.write(
      `${path} is not what the schema says; run: node --import tsx scripts/generate-docs.ts\n`,
    );
    process.exitCode = 1;
  } else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    process.stdout.write(`wrote ${path}\n`);
  }
}
