import { counted } from '../base/counted.js';
import { badInput, type RollcallError } from '../base/errors.js';
import { loadConfig, loadSite } from '../config/load.js';
import { type ConfigProblem, formatProblem } from '../config/problem.js';
import { ControlClient } from '../control/client.js';
import { type SiteTime, siteTimeOf } from './site-time.js';

/** A running box, and the clock of the site where it stands. */
export interface Box {
  readonly client: ControlClient;
  readonly time: SiteTime;
}

/** The problems of a configuration as one error: one problem is told itself, of several their number. */
export function invalidConfig(path: string, problems: readonly ConfigProblem[]): RollcallError {
  const [problem, ...others] = problems;
  const check = `'rollcall check-config --config ${path}'`;
  if (problem === undefined || others.length > 0) {
    const message = `${path} has ${counted(problems.length, 'problem')}`;
    return badInput('invalid-config', message, { remedy: `run ${check} to see them` });
  }
  const { remedy = `correct the file; ${check} checks it again`, ...untold } = problem;
  return badInput('invalid-config', formatProblem(path, untold), { remedy });
}

/**
 * The box that the configuration file describes. A file that became invalid does not keep anybody from a daemon that runs
 * on what it was before: standard error says so. Throws `invalid-config` where the socket is not told.
 */
export async function openBox(configPath: string): Promise<Box> {
  const { socketPath, timeZone } = await siteOf(configPath);
  return { client: new ControlClient(socketPath), time: siteTimeOf(timeZone) };
}

/** The clock of the site for what needs no daemon, and may run where no box is configured: UTC then. */
export async function siteTimeIn(configPath: string): Promise<SiteTime> {
  return siteTimeOf((await loadSite(configPath)).timeZone ?? 'UTC');
}

/** As `openBox`, for what shows and reads no time. */
export async function openDaemonClient(configPath: string): Promise<ControlClient> {
  return new ControlClient((await siteOf(configPath)).socketPath);
}

async function siteOf(
  configPath: string,
): Promise<{ readonly socketPath: string; readonly timeZone: string }> {
  const loaded = await loadConfig(configPath);
  if (loaded.ok) {
    const { control, site } = loaded.config;
    return { socketPath: control.socketPath, timeZone: site.timeZone };
  }
  const invalid = invalidConfig(configPath, loaded.problems);
  const { socketPath, timeZone } = await loadSite(configPath);
  if (socketPath === undefined) throw invalid;
  const zoneless = timeZone === undefined ? '; times are those of UTC' : '';
  process.stderr.write(`note: ${invalid.message}; ${invalid.remedy}${zoneless}\n`);
  return { socketPath, timeZone: timeZone ?? 'UTC' };
}
