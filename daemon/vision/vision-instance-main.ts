// The main process of a unit that systemd starts for a connection of the core: starts the vision process, and passes messages between
// the two. The core cannot signal a process of another user. A vision process that was taken over could ignore the end of the connection;
// this process ends with it, and systemd then kills what is left of the unit. Arguments: another program, for tests.

import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { boundChild } from '../host/bound-child.js';
import { hideMemory } from '../host/hidden-memory.js';
import { openPinoLogger } from '../host/pino-logger.js';
import { systemClock as clock } from '../host/system-clock.js';
import { openServiceNotifier, watchdogIntervalMs } from '../host/systemd-notify.js';
import { channelFd, visionCommand, visionEnvironment } from './launched-child.js';

/** Parts of the watchdog's time after which it is fed, if the core was heard meanwhile. */
const feedsPerInterval = 3;
/** More than the largest order with its attachment, bytes. A vision process that leaves more unread hangs, and is ended. */
const mostUnreadBytes = 128 * 1024 * 1024;

const logger = openPinoLogger({ level: 'info', clock }).child({ process: 'vision instance' });
// systemd stops the unit together with the core, which asks the vision process to stop and then closes the connection.
process.on('SIGTERM', () => undefined);
await hideMemory();

// A core that hangs says nothing, and its cameras must not be watched without it. A vision process that stops this one, so that it doesn't
// notice the end of the connection, also stops what feeds the watchdog.
let isCoreHeard = false;
const notifier = await openServiceNotifier(logger);
const intervalMs = watchdogIntervalMs();
if (intervalMs !== undefined) {
  // The time began with the start of this program, which takes long on a machine that is busy.
  notifier.watchdog();
  const feed = (): void => {
    if (isCoreHeard) notifier.watchdog();
    isCoreHeard = false;
  };
  setInterval(feed, intervalMs / feedsPerInterval).unref();
}

const program = process.argv.slice(2);
const [node, ...args] = visionCommand({ program: program.length === 0 ? undefined : program });
const command = boundChild(node, args);
const child = spawn(command.program, command.arguments, {
  env: visionEnvironment(),
  stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
});
const core = new Socket({ fd: channelFd, readable: true, writable: true });
const messages = child.stdio[channelFd] as Duplex;
// Read also while the vision process does not read: a connection that nobody reads does not show its end.
core.on('data', (chunk) => {
  isCoreHeard = true;
  messages.write(chunk);
  if (messages.writableLength <= mostUnreadBytes) return;
  logger.error('a vision process does not read its messages', { unreadBytes: messages.writableLength });
  process.exit(1);
});
messages.pipe(core);
// When the vision process ends, the core first gets all that it has sent. When the core ends, nothing needs to be sent any more.
messages.on('error', () => core.end());
core.on('error', () => undefined);
core.on('end', () => process.exit());
core.on('close', () => process.exit());
child.on('error', (error) => {
  logger.error('a vision process could not be started', { error });
  process.exitCode = 1;
  core.end();
});
child.on('exit', (code, signal) => {
  if (code === 0) return;
  logger.error('a vision process ended', { code, signal });
  process.exitCode = 1;
});
