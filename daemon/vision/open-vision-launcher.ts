import { operational } from '../kernel/errors.js';
import { plainLauncher } from './plain-launcher.js';
import { probeSandbox } from './sandbox-launcher.js';
import { probeUnits } from './unit-launcher.js';
import type { LauncherProbe, VisionLauncher } from './vision-launcher.js';

/** The values of `vision.isolation`. */
type Wanted = 'preferred' | 'required';

/**
 * The best way that this machine offers to start processes of this user, by default that of this process. Without units and a sandbox, vision processes start with the rights of this process, unless `required`.
 * @throws `isolation-unavailable` where isolation is required and none works
 */
export async function openVisionLauncher(wanted: Wanted, user?: number): Promise<VisionLauncher> {
  const units = probeUnits();
  if (units !== undefined && 'launch' in units) return units;
  const sandbox = await probeSandbox(user);
  // In the service, the sandbox cannot work: what is wrong with the units is what to repair.
  return chooseLauncher('launch' in sandbox ? sandbox : (units ?? sandbox), wanted);
}

/** What works, or what to do where nothing does. @throws `isolation-unavailable` */
export function chooseLauncher(probe: LauncherProbe, wanted: Wanted): VisionLauncher {
  if ('launch' in probe) return probe;
  if (wanted === 'preferred') return plainLauncher(probe);
  throw operational('isolation-unavailable', `vision processes cannot be isolated: ${probe.reason}`, {
    remedy: `${probe.remedy} Or set vision.isolation: preferred, which runs without isolation.`,
  });
}
