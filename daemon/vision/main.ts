import { Socket } from 'node:net';
import { openMessageChannel } from '../contract/vision/vision-channel.js';
import { type Order, orderLimits, orderSchema } from '../contract/vision/vision-orders.js';
import type { Report } from '../contract/vision/vision-reports.js';
import { hideMemory } from '../host/hidden-memory.js';
import { openLogOutput } from '../host/journal.js';
import { openPinoLogger } from '../host/pino-logger.js';
import { systemClock } from '../host/system-clock.js';
import { isRollcallError, messageOf } from '../kernel/errors.js';
import { Lifetime } from '../kernel/lifetime.js';
import { ownNetwork } from './ingest/camera-network.js';
import { channelFd } from './launched-child.js';
import { lineNetwork } from './lines/line-network.js';
import { startVisionHost, type VisionHost } from './vision-host.js';

/** Time for the cameras to close; the core kills a process that needs longer. */
const shutdownDeadlineMs = 5_000;

const lifetime = new Lifetime(systemClock, shutdownDeadlineMs);
// In a unit, lines go to the journal with the fields by which people look for them; elsewhere, the core reads them.
const output = await openLogOutput({ identifier: 'rollcall-vision' });
const log = openPinoLogger({ level: 'info', clock: systemClock, output });
const logger = log.child({ process: 'vision', pid: process.pid });
let host: Promise<VisionHost> | undefined;

/** Ends the process; the core sees the pipe close. */
async function end(exitCode: number): Promise<never> {
  try {
    await lifetime[Symbol.asyncDispose]();
  } catch (error) {
    logger.error('shutdown of the vision process failed', { error });
    process.exit(1);
  }
  process.exit(exitCode);
}

function fail(error: unknown): void {
  // The shutdown interrupts running requests: that is no failure.
  if (lifetime.signal.aborted) return;
  logger.error('the vision process failed', { error });
  if (isRollcallError(error)) {
    const { code, message, remedy = '' } = error;
    report({ type: 'failed', code, message, remedy });
  } else {
    report({ type: 'failed', code: 'internal', message: messageOf(error), remedy: 'Report this as a bug.' });
  }
  // Ends after a turn of the event loop, in which the report is sent.
  setImmediate(() => void end(1));
}

function obey(order: Order, attachment: Uint8Array): void {
  if (order.type === 'stop') void end(0);
  else if (order.type === 'log-level') log.setLevel(order.level);
  else if (order.type === 'ping') return;
  else if (order.type === 'start') {
    const network = order.lines === undefined ? ownNetwork : lineNetwork(order.lines);
    host = startVisionHost({ plan: order.plan, network, lifetime, logger, report, fail });
    host.catch(fail);
  } else if (order.type === 'open-camera') {
    void host?.then((running) => running.openCamera(order.camera)).catch(fail);
  } else if (order.type === 'follow-camera') {
    void host?.then((running) => running.followCamera(order)).catch(fail);
  } else if (order.type === 'close-view') {
    void host?.then((running) => running.closeView(order.view)).catch(fail);
  } else void host?.then((running) => running.answer(order, attachment)).catch(fail);
}

// Before the first order, which may bring a login of a camera.
await hideMemory();
const channel = openMessageChannel(
  new Socket({ fd: channelFd, readable: true, writable: true }),
  orderLimits,
  {
    onMessage: (message, attachment) => obey(orderSchema.parse(message), attachment),
    // The core has ended: nothing can receive reports.
    onEnd: (error) => void end(error === undefined ? 0 : 1),
  },
);

function report(message: Report, attachment?: Uint8Array): void {
  channel.send(message, attachment);
}

process.on('SIGTERM', () => void end(0));
// Ctrl-C in a terminal reaches the whole process group, but the core decides when its vision processes end.
process.on('SIGINT', () => undefined);
