import { join } from 'node:path';
import { handoverFiles } from '../../contract/gate-settings.js';
import type { OperationDeclaration } from '../../contract/operation.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { type GateSocketOptions, startGateSocket } from '../api/gate-socket.js';
import { GateHandover, gateFolder, openGateFolder, withdrawHandover } from '../gate/gate-handover.js';
import { openNetworkAdmission } from './compose-admission.js';
import type { BoxContext } from './stores.js';

type SocketOptions<Operations extends Readonly<Record<string, OperationDeclaration>>> = Omit<
  GateSocketOptions<Operations>,
  'socketPath' | 'logger' | 'admission'
>;

/**
 * Begins to hand settings and certificate over to the gate. Returns undefined where the gate is disabled, and where its folder
 * cannot be used, which is logged: cameras and events do not depend on the gate.
 */
export async function startHandover({
  current,
  lifetime,
  logger,
}: Pick<BoxContext, 'current' | 'lifetime' | 'logger'>): Promise<GateHandover | undefined> {
  const folder = gateFolder(current());
  try {
    if (!current().gate.enabled) {
      await withdrawHandover(folder);
      return undefined;
    }
    await openGateFolder(folder);
  } catch (error) {
    report(logger, folder, error);
    return undefined;
  }
  return lifetime.use('handover to the gate', new GateHandover(current, { clock, logger }).start());
}

/** Answers the gate on a socket of its own. A failure is logged and affects nothing else. */
export async function startGate<Operations extends Readonly<Record<string, OperationDeclaration>>>(
  context: BoxContext,
  options: SocketOptions<Operations>,
): Promise<void> {
  const { current, lifetime, logger } = context;
  const folder = gateFolder(current());
  try {
    const socketPath = join(folder, handoverFiles.socket);
    const admission = openNetworkAdmission(context);
    lifetime.use('socket of the gate', await startGateSocket({ ...options, admission, socketPath, logger }));
  } catch (error) {
    report(logger, folder, error);
  }
}

function report(logger: Logger, folder: string, error: unknown): void {
  const about = isRollcallError(error) ? { reason: error.message, remedy: error.remedy } : { error };
  logger.error('the gate cannot reach this daemon; nothing else is affected', { folder, ...about });
}
