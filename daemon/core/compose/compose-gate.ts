import { join } from 'node:path';
import { handoverFiles } from '../../contract/gate-settings.js';
import type { OperationDeclaration } from '../../contract/operation.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { type Admission, createAdmission, networkBounds } from '../api/admission.js';
import { openCountsFile } from '../api/counts-file.js';
import { type GateSocketOptions, startGateSocket } from '../api/gate-socket.js';
import { RateLimits } from '../api/rate-limits.js';
import { GateHandover, gateFolder, openGateFolder, withdrawHandover } from '../gate/gate-handover.js';
import type { ComposeContext } from './stores.js';

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
}: Pick<ComposeContext, 'current' | 'lifetime' | 'logger'>): Promise<GateHandover | undefined> {
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
  context: ComposeContext,
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

/** Admits callers from the network within the limits of the configuration in force. */
function openNetworkAdmission({ current, lifetime, logger }: ComposeContext): Admission {
  const file = openCountsFile(join(current().dataDir, 'limits.db'), logger);
  const figures = () => current().api.limits;
  const rates = lifetime.use('rate limits', new RateLimits({ figures, file, clock, logger }));
  return createAdmission(() => networkBounds(current().api), rates);
}
