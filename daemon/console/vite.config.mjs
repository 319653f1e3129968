// How the console is built: into the folder that the gate serves. scripts/build.mjs runs it; `npx vite` with this file serves
// the console while one works on it (daemon/console/README.md).
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { defineConfig } from 'vite';
import { installable } from './installable.mjs';
import { languageModules } from './language-modules.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * `virtual:operations`: how each operation of the contract is called, as one short text: method, path, kind of the answer,
 * names of the parts that are files, names of those that are secrets, whether it takes a document, and whether it changes something.
 * The browser needs no more of the contract, and the schemas would make the console three times as large.
 */
function operationsTable() {
  const id = 'virtual:operations';
  return {
    name: 'operations of the contract',
    resolveId: (wanted) => (wanted === id ? `\0${id}` : undefined),
    async load(wanted) {
      if (wanted !== `\0${id}`) return undefined;
      const { outputFiles } = await build({
        ...{ entryPoints: [at('../contract/operations.ts')], bundle: true, write: false },
        ...{ format: 'esm', platform: 'node', logLevel: 'warning' },
      });
      const { operations } = await import(
        `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
      );
      const table = Object.entries(operations)
        .filter(([, { isLocalOnly }]) => isLocalOnly !== true)
        .map(([name, operation]) => [name, lineOf(operation)]);
      return `export default ${JSON.stringify(Object.fromEntries(table))}`;
    },
  };
}

function lineOf({ method, path, answer, files = {}, secrets = {}, input, audit }) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const takesDocument =
    !['GET', 'DELETE'].includes(method) &&
    Object.keys(input?.shape ?? {}).some((name) => !inPath.includes(name));
  return [
    ...[method, path, answer.kind, Object.keys(files).join(), Object.keys(secrets).join()],
    takesDocument ? 'document' : '',
    audit === 'write' ? 'change' : '',
  ].join(' ');
}

/** Parts that the login does without: a file of their own, which pages load. */
const listParts =
  'camera-choice|combo-box|copy-button|device-|filters|framed-faces|long-table|person-|preview-doubts|reason-key|save-file|saved-filters|short-id|shown-once|shown-picture|table|term-words';

/** Parts of the shell that a user opens. */
const opened = 'palette|key-overview|day-in-text';

const box = process.env['ROLLCALL_BOX'] ?? 'https://localhost:8443';

export default defineConfig({
  root: at('.'),
  plugins: [operationsTable(), languageModules(), installable()],
  // The console refuses encrypted archives, so it needs no ciphers for them.
  resolve: { alias: [{ find: /^\.\/(?:aes|zip)-crypto-stream\.js$/, replacement: at('no-ciphers.ts') }] },
  clearScreen: false,
  logLevel: 'warn',
  build: {
    outDir: at('../../dist/program/site'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: {
      // Of the archive library, the console takes the reader. Its package does not say that its modules do nothing by themselves.
      treeshake: { moduleSideEffects: [{ test: /@zip\.js\//, sideEffects: false }] },
      output: {
        codeSplitting: {
          groups: [
            {
              name: 'shared',
              test: new RegExp(
                `node_modules/(?!lean-qr|@zip\\.js|fflate)|/console/(?:api|parts(?!/(?:qr-path|zip-file|${listParts}))|words|time|shell(?!/(?:${opened})))/`,
              ),
              priority: 1,
            },
            {
              name: 'lists',
              test: new RegExp(`/console/(?:parts/(?:${listParts})|shell/(?:${opened}))`),
              priority: 0.5,
            },
            { name: 'charts', test: /\/console\/charts\//, priority: 1 },
            // The lists and rules of the kernel that pages of several files use, and the login does not.
            { name: 'kernel', test: /\/kernel\//, priority: 1 },
            // Loaded where someone opens or saves a file.
            {
              name: 'files',
              test: /@zip\.js\/|fflate|\/(?:zip-file|unzip|spreadsheet|persons-table)\.ts$/,
            },
          ],
        },
      },
    },
  },
  define: {
    VERSION: JSON.stringify(JSON.parse(readFileSync(at('../../package.json'), 'utf8')).version),
  },
  // The gate refuses changes that come from the page of another address.
  server: {
    proxy: { '/api': { target: box, secure: false, ws: true, changeOrigin: true, headers: { origin: box } } },
  },
});
