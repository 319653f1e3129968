import type { ConfigProblem } from '../contract/settings/config-problem.js';
import { loadConfig, loadSite } from '../contract/settings/load.js';
import { formatProblem } from '../contract/settings/problem.js';
import { ControlClient } from '../core/api/client.js';
import { terminalLanguage } from '../host/installed-languages.js';
import { counted } from '../kernel/counted.js';
import { badInput, type RollcallError } from '../kernel/errors.js';
import type { Language } from '../words/language.js';
import { type SiteTime, siteTimeOf } from './site-time.js';

/** A client of the daemon, the clock of the site, and the language of the reader. */
export interface Box {
  readonly client: ControlClient;
  readonly time: SiteTime;
  readonly language: Language;
}

/** Turns the problems of a configuration into one error. It quotes a single problem and counts several. */
export function invalidConfig(path: string, problems: readonly ConfigProblem[]): RollcallError {
  const [problem, ...others] = problems;
  const check = `'rollcall check-config --config ${path}'`;
  if (problem === undefined || others.length > 0) {
    const message = `${path} has ${counted(problems.length, 'problem')}`;
    return badInput('invalid-config', message, { remedy: `Run ${check} to list them.` });
  }
  const { remedy = `Correct the file, then run ${check}.`, ...problemWithoutRemedy } = problem;
  return badInput('invalid-config', formatProblem(path, problemWithoutRemedy), { remedy });
}

/**
 * Opens a client of the daemon that the configuration file describes. If the file has become invalid, the daemon still
 * runs on the earlier version: then a note goes to standard error and the client is opened all the same.
 * @throws `invalid-config` if the file does not name the socket
 */
export async function openBox(configPath: string): Promise<Box> {
  const loaded = await loadConfig(configPath);
  if (loaded.ok) return boxAt(loaded.config.control.socketPath, loaded.config.site.timeZone);
  const invalid = invalidConfig(configPath, loaded.problems);
  const { socketPath, timeZone } = await loadSite(configPath);
  if (socketPath === undefined) throw invalid;
  const zoneNote = timeZone === undefined ? ' Times are shown in UTC.' : '';
  process.stderr.write(`note: ${invalid.message}. ${invalid.remedy}${zoneNote}\n`);
  return boxAt(socketPath, timeZone);
}

/** The clock of the site for commands that need no daemon. UTC if the file cannot be read. */
export async function siteTimeIn(configPath: string): Promise<SiteTime> {
  return siteTimeOf((await loadSite(configPath)).timeZone ?? 'UTC');
}

function boxAt(socketPath: string, timeZone = 'UTC'): Box {
  const language = terminalLanguage();
  return { client: new ControlClient(socketPath, language.tag), time: siteTimeOf(timeZone), language };
}
