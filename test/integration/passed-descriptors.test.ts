import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { openMessageChannel } from '../../daemon/contract/vision/vision-channel.js';
import { reportLimits } from '../../daemon/contract/vision/vision-reports.js';
import { channelFd } from '../../daemon/vision/launched-child.js';
import { until } from '../support/until.js';

const messages = 20;

/** Sends messages as a vision process does, each with descriptors of a device attached (unix(7), SCM_RIGHTS). */
const payload = `
import array, os, socket, struct
core = socket.socket(fileno=${channelFd})
devices = array.array("i", [os.open("/dev/zero", os.O_RDONLY) for _ in range(50)])
body = b'{"type":"attack"}'
for _ in range(${messages}):
  core.sendmsg([struct.pack(">II", len(body), 0) + body], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, devices)])
core.recv(1)`;

const openFiles = (): number => readdirSync('/proc/self/fd').length;

test('the core keeps none of the descriptors that a vision process sends with its reports', async () => {
  const child = spawn('/usr/bin/python3', ['-c', payload], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const before = openFiles();
  let received = 0;
  const { end } = openMessageChannel(
    child.stdio[channelFd] as Duplex,
    reportLimits(() => 0),
    {
      onMessage() {
        received += 1;
      },
      onEnd: () => undefined,
    },
  );
  try {
    await until('its messages', () => received === messages);
    assert.equal(openFiles(), before);
  } finally {
    end(undefined);
    child.kill();
  }
});
