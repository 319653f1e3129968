import { operational, type RollcallError } from '../kernel/errors.js';
import { closableGaps } from '../kernel/isolation.js';
import { plainLauncher } from './plain-launcher.js';
import { probeSandbox } from './sandbox-launcher.js';
import { probeUnits } from './unit-launcher.js';
import type { LauncherProbe, VisionLauncher, VisionLaunchers } from './vision-launcher.js';

/** The values of `vision.isolation`. */
type Wanted = 'preferred' | 'required';

/**
 * The best way that this machine offers the daemon to start vision processes, for each purpose by itself: a missing socket of photos must
 * not take the wall from cameras.
 * @throws `isolation-unavailable` where isolation is required, and one of the two is not fully isolated
 */
export async function openVisionLaunchers(wanted: Wanted): Promise<VisionLaunchers> {
  const launchers = await bestLaunchers(wanted);
  if (wanted === 'preferred') return launchers;
  return { cameras: requireFull(launchers.cameras), photographs: requireFull(launchers.photographs) };
}

async function bestLaunchers(wanted: Wanted): Promise<VisionLaunchers> {
  const [cameras, photographs] = [probeUnits('cameras'), probeUnits('photographs')];
  if (isLauncher(cameras) && isLauncher(photographs)) return { cameras, photographs };
  const sandbox = await probeSandbox();
  const choose = (unit: LauncherProbe | undefined): VisionLauncher => {
    if (isLauncher(unit)) return unit;
    // In the service, the sandbox cannot work: what is wrong with the unit is what to repair.
    return chooseLauncher(isLauncher(sandbox) ? sandbox : (unit ?? sandbox), wanted);
  };
  return { cameras: choose(cameras), photographs: choose(photographs) };
}

/**
 * The best way that this machine offers a command to start processes of this user, by default that of this process: the sandbox, because
 * units belong to the service. Without it, they start with the rights of this process, unless `required`.
 * @throws `isolation-unavailable` where isolation is required and no sandbox works
 */
export async function openVisionLauncher(wanted: Wanted, user?: number): Promise<VisionLauncher> {
  return chooseLauncher(await probeSandbox(user), wanted);
}

/** What works, or what to do where nothing does. @throws `isolation-unavailable` */
export function chooseLauncher(probe: LauncherProbe, wanted: Wanted): VisionLauncher {
  if (isLauncher(probe)) return probe;
  if (wanted === 'preferred') return plainLauncher(probe);
  throw unavailable(`vision processes cannot be isolated: ${probe.reason}`, probe.remedy);
}

/** The launcher, if it isolates fully; its processes may not have a network either. @throws `isolation-unavailable` */
export function requireFull(launcher: VisionLauncher): VisionLauncher {
  const { level, gaps } = launcher.isolation;
  if (level !== 'full') {
    throw unavailable(
      `vision processes would run in a sandbox, which leaves gaps: ${gaps.join(', ')}`,
      'Install the service as docs/how-to/set-up-a-box.md describes: its units isolate vision processes fully.',
    );
  }
  const open = closableGaps(launcher.isolation);
  if (open.length > 0) {
    throw unavailable(
      `the isolation of vision processes has gaps: ${open.join(', ')}`,
      "Run 'rollcall doctor', which names the unit or mount that is missing, and restart rollcalld.",
    );
  }
  return { ...launcher, mustBeFull: true };
}

const unavailable = (message: string, remedy: string): RollcallError =>
  operational('isolation-unavailable', message, {
    remedy: `${remedy} Or set vision.isolation: preferred, which runs with the best isolation that there is.`,
  });

const isLauncher = (probe: LauncherProbe | undefined): probe is VisionLauncher =>
  probe !== undefined && 'launch' in probe;
