import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { abstractSocketFindings } from '../../daemon/core/doctor/abstract-sockets.js';
import { canHideAbstractSockets } from '../../daemon/host/landlock.js';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** The table of the kernel while a program listens at an abstract socket, and another one at a file. */
const table = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 17 @/tmp/.X11-unix/X0
0000000000000000: 00000003 00000000 00000000 0001 03 18 @/tmp/.X11-unix/X0
0000000000000000: 00000003 00000000 00000000 0001 03 19 @client
0000000000000000: 00000002 00000000 00010000 0001 01 20 /run/rollcall/control.sock
0000000000000000: 00000003 00000000 00000000 0001 03 21
`;

const withoutScopes =
  !(await canHideAbstractSockets()) && 'this kernel has no scopes of Landlock (Linux 6.12)';

describe('abstract sockets', () => {
  test('at which programs listen are named where a gate is installed', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'unix');
    await writeFile(path, table);
    const examined = { installed: directory.path, table: path, canHide: () => Promise.resolve(false) };
    assert.deepEqual(await abstractSocketFindings(examined), [], 'no gate');
    await writeFile(join(directory.path, 'rollcall-gate.service'), '');
    const [finding, ...others] = await abstractSocketFindings(examined);
    assert.deepEqual(others, []);
    assert.equal(finding?.outcome, 'warning');
    assert.match(finding.message, /could reach: @\/tmp\/\.X11-unix\/X0$/);
    const hidden = { ...examined, canHide: () => Promise.resolve(true) };
    assert.deepEqual(await abstractSocketFindings(hidden), [], 'the kernel hides them');
  });

  test('of this machine are found as the kernel lists them', async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'rollcall-gate.service'), '');
    const name = `rollcall-test-${process.pid}`;
    const server = createServer().listen(`\0${name}`);
    await once(server, 'listening');
    try {
      const [finding] = await abstractSocketFindings({
        installed: directory.path,
        canHide: () => Promise.resolve(false),
      });
      assert.match(finding?.message ?? '', new RegExp(`@${name}`));
    } finally {
      server.close();
    }
  });

  test('are out of reach of a command that hide-abstract-sockets runs, and sockets with a file are not', {
    skip: withoutScopes,
  }, async () => {
    await using directory = await temporaryDirectory();
    // Node.js 20 fills the name with zeros, newer ones do not: 107 characters leave no room for them.
    const name = `rollcall-hidden-${process.pid}-`.padEnd(107, 'x');
    const servers = [`\0${name}`, join(directory.path, 'a.sock')].map((path) =>
      createServer((socket) => void socket.end()).listen(path),
    );
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const connecting = `import socket, sys
for path in ("\\0${name}", sys.argv[1]):
  try: socket.socket(socket.AF_UNIX).connect(path); print("connected")
  except PermissionError: print("refused")`;
    const attempt = (...before: readonly string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        const [program = '', ...args] = [...before, '/usr/bin/python3', '-c', connecting];
        execFile(program, [...args, join(directory.path, 'a.sock')], (error, stdout) =>
          error === null ? resolve(stdout) : reject(error),
        );
      });
    try {
      assert.equal(await attempt('/usr/bin/env'), 'connected\nconnected\n');
      const hiding = join(root, 'systemd/hide-abstract-sockets');
      // The unit sets this as well (NoNewPrivileges=).
      assert.equal(await attempt('/usr/bin/setpriv', '--no-new-privs', hiding), 'refused\nconnected\n');
    } finally {
      for (const server of servers) server.close();
    }
  });
});
