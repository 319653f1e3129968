import assert from 'node:assert/strict';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../support/box.js';
import { root } from '../support/built.js';
import { paintFace } from '../support/painted-faces.js';
import { startPersonServer } from '../support/person-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** What an integrator might write: it compiles only if the generated types are those of the box. */
const program = (port: number, picture: string): string => `
import { ApiError, configure, personsEnrol, personsErase, personsList, personsShow } from './client.js';
import { readFileSync } from 'node:fs';

configure({ serverUrl: 'http://127.0.0.1:${port}/api/v1' });
const photographs = [new Blob([readFileSync('${picture}')])];
const enrolled = await personsEnrol({ body: { document: { name: 'Ada' }, photographs } });
const page = await personsList({ query: { limit: 10 } });
const names: string[] = page.data.map(({ name }) => name);
const id: string = page.data[0]!.id;
const shown = await personsShow({ path: { id } });
await personsErase({ path: { id } });
let code = '';
try {
  await personsShow({ path: { id } });
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  code = String(error.status);
}
console.log(JSON.stringify({ success: enrolled.success, names, shown: shown.data.name, code }));
`;

const compilerOptions = {
  ...{ strict: true, noEmit: true, target: 'es2023', module: 'nodenext', skipLibCheck: true },
  ...{ lib: ['es2023', 'dom', 'dom.iterable'], types: ['node'] },
};

test('a client that is generated from the OpenAPI document compiles and works', async () => {
  await using folder = await temporaryDirectory();
  await using server = await startPersonServer();
  // Browsers and generated clients speak to addresses, not to sockets of the file system.
  const bridge = createServer((socket) => {
    const inner = createConnection(server.socketPath);
    socket.on('error', () => inner.destroy()).pipe(inner);
    inner.on('error', () => socket.destroy()).pipe(socket);
  });
  await once(bridge.listen(0, '127.0.0.1'), 'listening');
  const { port } = bridge.address() as AddressInfo;
  const at = (name: string): string => join(folder.path, name);
  try {
    await symlink(join(root, 'node_modules'), at('node_modules'));
    await writeFile(at('package.json'), '{"type":"module"}');
    await writeFile(at('face.png'), paintFace('Ada'));
    await writeFile(at('use.ts'), program(port, at('face.png')));
    await writeFile(at('tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }));
    const run = (...args: readonly string[]) =>
      runProgram(process.execPath, args, {
        ...process.env,
        REDOCLY_TELEMETRY: 'off',
        REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
      });
    const packages = join(root, 'node_modules');
    const generated = await run(
      ...[
        join(packages, '@redocly/cli/bin/cli.js'),
        'generate-client',
        join(root, 'docs/contract/openapi.yaml'),
      ],
      ...[
        '--output',
        at('client.ts'),
        '--args-style',
        'grouped',
        '--config',
        join(root, 'docs/contract/redocly.yaml'),
      ],
    );
    assert.equal(generated.exitCode, 0, generated.stdout + generated.stderr);
    const compiled = await run(join(packages, 'typescript/bin/tsc'), '--project', at('tsconfig.json'));
    assert.equal(compiled.exitCode, 0, compiled.stdout);
    const used = await run('--import', join(packages, 'tsx/dist/esm/index.mjs'), at('use.ts'));
    assert.equal(used.exitCode, 0, used.stderr);
    assert.deepEqual(JSON.parse(used.stdout), { success: true, names: ['Ada'], shown: 'Ada', code: '404' });
  } finally {
    bridge.close();
  }
});
