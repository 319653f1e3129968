import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asyncApiYaml } from '../daemon/contract/events/asyncapi.js';
import { schemaFiles } from '../daemon/contract/events/json-schemas.js';
import { configJsonSchema } from '../daemon/contract/settings/json-schema.js';
import { configReference } from '../daemon/contract/settings/reference.js';
import { commandLinePage } from './command-line-page.js';
import { apiDocuments } from './contract/api-documents.js';
import { passageReasonsPage } from './contract/passage-reasons-page.js';
import { settingWords } from './contract/setting-words.js';
import { readExamples } from './operation-examples/read.js';

/**
 * Writes the files that are generated from the configuration, the contract, the commands, and the reasons of passages. With
 * `--check` it only compares, and exits with 1 if a file differs.
 */
const outputs: readonly { readonly path: string; readonly content: string }[] = [
  {
    path: 'config/generated/config.schema.json',
    content: `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`,
  },
  { path: 'docs/reference/configuration.md', content: configReference() },
  { path: 'docs/reference/command-line.md', content: await commandLinePage() },
  { path: 'docs/reference/passage-reasons.md', content: passageReasonsPage() },
  { path: 'daemon/words/en/settings.json', content: settingWords() },
  { path: 'docs/contract/asyncapi.yaml', content: asyncApiYaml() },
  ...schemaFiles(),
  ...apiDocuments(readExamples(fileURLToPath(new URL('..', import.meta.url)))),
];

const isCheck = process.argv.includes('--check');

async function openCredentialIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

for (const { path, content } of outputs) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  if ((await openCredentialIfPresent(file)) === content) continue;
  if (isCheck) {
    process.stderr.write(
      `${path} differs from the schema; run: node --import tsx scripts/generate-docs.ts\n`,
    );
    process.exitCode = 1;
  } else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    process.stdout.write(`wrote ${path}\n`);
  }
}
