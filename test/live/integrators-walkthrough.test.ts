import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exitOf } from '../../scripts/child-end.js';
import { withoutBuild } from '../support/box.js';
import { docBlocks } from '../support/doc-blocks.js';
import { withoutShellTools } from '../support/example-subscriber.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** All shell blocks of the page, in order. */
function blocks(): string {
  const found = docBlocks('docs/tutorial/receive-events.md');
  assert.ok(found.length >= 8, 'the page has its blocks');
  return found.map(({ text }) => text).join('\n');
}

/** Loopback ports that were just free. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    return address.port;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Runs commands in a shell with a process group of its own, of which nothing is left afterwards, nor once `signal` aborts. */
async function runShell(commands: string, cwd: string, signal: AbortSignal) {
  const child = spawn('bash', ['-e', '-c', commands], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => said.push(chunk));
  // Alone, because two pipes are read in no certain order.
  const printed: Buffer[] = [];
  child.stdout.on('data', (chunk) => printed.push(chunk));
  // The program `kill`, because it accepts an empty process group.
  const endGroup = (): void => void spawnSync('kill', ['-KILL', '--', `-${child.pid}`]);
  signal.addEventListener('abort', endGroup, { once: true });
  const { code } = await exitOf(child);
  signal.removeEventListener('abort', endGroup);
  if (code !== 0 && !signal.aborted) endGroup();
  return {
    code,
    text: Buffer.concat(said).toString('utf8'),
    printed: Buffer.concat(printed).toString('utf8'),
  };
}

const logs = ['box.log', 'camera.log', 'broker.log', 'events.txt'];

function logsIn(folder: string): string {
  return logs
    .map((name) => `-- ${name}\n${openCredentialIfPresent(join(folder, name)).slice(-3000)}`)
    .join('\n');
}

function openCredentialIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return String(error);
  }
}

// The machine is already prepared (cloned, set up) where this test runs.
test('docs/tutorial/receive-events.md leads from an empty folder to a verified attendance event', {
  skip: withoutMosquitto || withoutShellTools || withoutBuild,
}, async (context) => {
  await using directory = await temporaryDirectory();
  symlinkSync(repository, join(directory.path, 'rollcall'));
  const [broker, camera] = await freePorts(2);
  // In one go: the one port may have the digits of the other in it.
  const commands = blocks().replace(/1883|8554/g, (port) => String(port === '1883' ? broker : camera));
  const begunMs = performance.now();
  const { code, text, printed } = await runShell(commands, directory.path, context.signal);
  assert.equal(code, 0, `${text}\n${logsIn(directory.path)}`);
  context.diagnostic(`took ${Math.round((performance.now() - begunMs) / 1000)} s`);

  const events = readFileSync(join(directory.path, 'events.txt'), 'utf8').trimEnd().split('\n');
  const { person } = JSON.parse(readFileSync(join(directory.path, 'ada.json'), 'utf8')) as {
    readonly person: { readonly id: string };
  };
  const last = events.at(-1) ?? '';
  assert.match(last, / {2}rollcall\.attendance\.recorded\.v1 {2}new {2}\{"camera":"gate",/);
  assert.ok(last.includes(`"person":"${person.id}","direction":"in"`), last);
  assert.ok(
    events.every((line) => /^\d{4}-\d\d-\d\dT\S+ {2}\d+ {2}rollcall\./.test(line)),
    events.join('\n'),
  );
  // A slow machine may need more than one passage, whose events all name the person.
  const isFound = /\n[1-9]\d*$/.test(printed.trimEnd());
  assert.ok(isFound, `the person is the one who was enrolled; the end of the output:\n${text.slice(-1000)}`);
});
