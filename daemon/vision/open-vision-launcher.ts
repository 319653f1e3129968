import { operational } from '../kernel/errors.js';
import { plainLauncher } from './plain-launcher.js';
import { type Probe, probeSandbox } from './sandbox-launcher.js';
import type { VisionLauncher } from './vision-launcher.js';

/** The values of `vision.isolation`. */
type Wanted = 'preferred' | 'required';

/**
 * The best way that this machine offers to start processes of this user, by default that of this process. Without a sandbox, vision processes start with the rights of this process, unless `required`.
 * @throws `isolation-unavailable` where a sandbox is required and none works
 */
export async function openVisionLauncher(wanted: Wanted, user?: number): Promise<VisionLauncher> {
  return chooseLauncher(await probeSandbox(user), wanted);
}

/** The sandbox, or what to do without one. @throws `isolation-unavailable` */
export function chooseLauncher(sandbox: Probe, wanted: Wanted): VisionLauncher {
  if ('launch' in sandbox) return sandbox;
  if (wanted === 'preferred') return plainLauncher(sandbox);
  throw operational('isolation-unavailable', `vision processes cannot be isolated: ${sandbox.reason}`, {
    remedy: `${sandbox.remedy} Or set vision.isolation: preferred, which runs without isolation.`,
  });
}
