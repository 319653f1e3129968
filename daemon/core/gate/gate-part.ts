import { join } from 'node:path';
import { handoverFiles } from '../../contract/gate-settings.js';
import type { Handlers } from '../../contract/handlers.js';
import { type Operations, operations } from '../../contract/operations.js';
import type { ReloadResult } from '../../contract/status.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { isInstalledService } from '../../vision/unit-launcher.js';
import { gateCallers } from '../accounts/gate-callers.js';
import type { Accounts } from '../accounts/open-accounts.js';
import { refusalTrail } from '../accounts/refusal-trail.js';
import { type Admission, createAdmission, networkBounds } from '../api/admission.js';
import type { ConfinedPeers } from '../api/confined-peers.js';
import { openCountsFile } from '../api/counts-file.js';
import { startGateSocket } from '../api/gate-socket.js';
import type { Creations } from '../api/idempotency.js';
import { RateLimits } from '../api/rate-limits.js';
import type { AuditLog } from '../audit/audit-log.js';
import { ReadingTrail } from '../audit/reading-trail.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { PartContext } from '../part-context.js';
import { GateHandover, gateFolder, openGateFolder, withdrawHandover } from './gate-handover.js';
import { startGateWallWatch } from './gate-wall-watch.js';

/** Undefined where the gate is disabled or cannot be let in. */
interface HandedOver {
  readonly gate: GateHandover | undefined;
}

/**
 * Begins to hand settings and certificate over to the gate. Makes no handover where the gate is disabled, and where its folder
 * cannot be used, which is logged: cameras and events do not depend on the gate.
 */
export async function startHandover({
  current,
  onReload,
  lifetime,
  clock,
  logger,
}: Omit<PartContext, 'random'> & {
  readonly onReload: (listener: (result: ReloadResult) => void) => void;
}): Promise<HandedOver> {
  const folder = gateFolder(current());
  try {
    if (!current().gate.enabled) {
      await withdrawHandover(folder);
      return { gate: undefined };
    }
    await openGateFolder(folder);
  } catch (error) {
    report(logger, folder, error);
    return { gate: undefined };
  }
  const gate = lifetime.use('handover to the gate', new GateHandover(current, { clock, logger }).start());
  onReload(() => void gate.handOverSoon());
  return { gate };
}

/** Watches the wall of the gate, which only an installed service has. */
export function watchGateWall({
  conditions,
  lifetime,
  clock,
  logger,
}: PartContext & { readonly conditions: ConditionPort }): void {
  if (!isInstalledService()) return;
  lifetime.use('watch of the wall of the gate', startGateWallWatch({ conditions, clock, logger }));
}

/** Serves the operations to the gate, on a socket of its own. A failure is logged and affects nothing else. */
export async function serveGate(
  box: PartContext &
    HandedOver & {
      readonly vault: { readonly audit: AuditLog };
      readonly accounts: Accounts;
      readonly creations: Creations;
      readonly confined: ConfinedPeers;
      readonly handlers: Handlers<Operations>;
    },
): Promise<void> {
  const { gate, vault, accounts, creations, confined, handlers, current, lifetime, clock, logger } = box;
  if (gate === undefined) return;
  const trail = new ReadingTrail({ audit: vault.audit, clock, logger });
  lifetime.use('refused requests', trail);
  const folder = gateFolder(current());
  try {
    const socket = await startGateSocket({
      ...{ operations, handlers, creations, confined, logger },
      ...gateCallers(accounts),
      onRefused: refusalTrail({ trail, logger }),
      secondPerson: accounts.admit,
      admission: openNetworkAdmission(box),
      socketPath: join(folder, handoverFiles.socket),
    });
    lifetime.use('socket of the gate', socket);
  } catch (error) {
    report(logger, folder, error);
  }
}

function report(logger: Logger, folder: string, error: unknown): void {
  const about = isRollcallError(error) ? { reason: error.message, remedy: error.remedy } : { error };
  logger.error('the gate cannot reach this daemon; nothing else is affected', { folder, ...about });
}

/** Admits callers from the network within the limits of the configuration in force. */
function openNetworkAdmission({ current, lifetime, clock, logger }: PartContext): Admission {
  const file = openCountsFile(join(current().dataDir, 'limits.db'), logger);
  const figures = () => current().api.limits;
  const rates = lifetime.use('rate limits', new RateLimits({ figures, file, clock, logger }));
  return createAdmission(() => networkBounds(current().api), rates);
}
