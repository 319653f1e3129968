// How the console is built: into the folder that the gate serves. scripts/build.mjs runs it; `npx vite` with this file serves
// the console while one works on it (daemon/console/README.md).
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { defineConfig } from 'vite';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * `virtual:operations`: how each operation of the contract is called, as one short text: method, path, kind of the answer,
 * names of the parts that are files, names of those that are secrets, and whether it takes a document. The browser needs no
 * more of the contract, and the schemas would make the console three times as large.
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

function lineOf({ method, path, answer, files = {}, secrets = {}, input }) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const takesDocument =
    !['GET', 'DELETE'].includes(method) &&
    Object.keys(input?.shape ?? {}).some((name) => !inPath.includes(name));
  return [
    ...[method, path, answer.kind, Object.keys(files).join(), Object.keys(secrets).join()],
    takesDocument ? 'document' : '',
  ].join(' ');
}

/**
 * Pages that are built into one file are each loaded through a file of their own, which only says where in it the page is. This
 * says so where the page is loaded: fifty files and one request a page less.
 */
function withoutDetours() {
  return {
    name: 'without detours',
    enforce: 'post',
    generateBundle(_, bundle) {
      const found = Object.values(bundle).flatMap(({ fileName, code = '' }) => {
        const [, names, target] = /^export\{([\w ,]+)\}from"(.+)";$/.exec(code) ?? [];
        if (target === undefined) return [];
        const pairs = names.split(',').map((each) => each.split(' as '));
        return [{ fileName, target, given: pairs.map(([own, name = own]) => `${name}:a.${own}`).join() }];
      });
      for (const chunk of Object.values(bundle))
        for (const { fileName, given, target } of found) {
          const written = `import(\`./${fileName.replace(/^.*\//, '')}\`)`;
          if (!chunk.code?.includes(written)) continue;
          chunk.code = chunk.code.replace(written, `import(\`${target}\`).then(a=>({${given}}))`);
          delete bundle[fileName];
        }
    },
  };
}

/** Vite would load what a page needs ahead of the page. A page needs one file, so what is left is to load it. */
function withoutPreloads() {
  return {
    name: 'without preloads',
    enforce: 'pre',
    load: (id) =>
      id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load();' : undefined,
  };
}

/** Parts that the login does without: a file of their own, which pages load. */
const listParts =
  'camera-choice|filters|framed-faces|long-table|person-|preview-doubts|save-file|shown-once|shown-picture|table|term-words';

const box = process.env['ROLLCALL_BOX'] ?? 'https://localhost:8443';

/** Folders of pages by the file that they are built into. What the login needs is in none. */
const together = {
  watch: ['now', 'cameras', 'passages', 'strangers', 'kiosk'],
  people: ['people', 'enrol', 'attendance', 'events', 'audit', 'accuracy'],
  system: [
    'system',
    'upkeep',
    'configuration',
    'users',
    'gallery',
    'approvals',
    'backups',
    'identity',
    'account',
    'alerts',
  ],
};

export default defineConfig({
  root: at('.'),
  plugins: [operationsTable(), withoutPreloads(), withoutDetours()],
  clearScreen: false,
  logLevel: 'warn',
  build: {
    outDir: at('../../dist/program/site'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    // Only the page itself names what it needs at once.
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_, files, { hostType }) => (hostType === 'html' ? files : []),
    },
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: 'shared',
              test: new RegExp(
                `node_modules/(?!lean-qr|@zip\\.js|csv-parse)|/console/(?:api|parts(?!/(?:qr-path|zip-file|${listParts}))|words|time|shell)/`,
              ),
              priority: 1,
            },
            { name: 'lists', test: new RegExp(`/console/parts/(?:${listParts})`), priority: 0.5 },
            { name: 'charts', test: /\/console\/charts\//, priority: 1 },
            // The lists and rules of the kernel that pages of several files use, and the login does not.
            { name: 'kernel', test: /\/kernel\//, priority: 1 },
            // Loaded where someone opens or saves a file.
            {
              name: 'files',
              test: /@zip\.js\/|csv-parse|\/(?:zip-file|unzip|spreadsheet|persons-table)\.ts$/,
            },
            // Many small files compress badly: pages that are used together come together.
            ...Object.entries(together).map(([name, pages]) => ({
              name,
              test: new RegExp(`/console/pages/(${pages.join('|')})/`),
            })),
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
