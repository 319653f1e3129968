import { counted } from '../base/counted.js';
import { badInput, type RollcallError } from '../base/errors.js';
import { loadConfig, loadSocketPath } from '../config/load.js';
import { ControlClient } from '../control/client.js';

/** The problems of a configuration as one error. */
function invalidConfig(path: string, count: number): RollcallError {
  return badInput('invalid-config', `${path} has ${counted(count, 'problem')}`, {
    remedy: `run 'rollcall check-config --config ${path}' to see ${count === 1 ? 'it' : 'them'}`,
  });
}

/**
 * A client of the daemon that the configuration file describes. A file that became invalid does not keep anybody from a
 * daemon that runs on what it was before: standard error says so. Throws `invalid-config` where the socket is not told.
 */
export async function openDaemonClient(configPath: string): Promise<ControlClient> {
  const loaded = await loadConfig(configPath);
  if (loaded.ok) return new ControlClient(loaded.config.control.socketPath);
  const invalid = invalidConfig(configPath, loaded.problems.length);
  const socketPath = await loadSocketPath(configPath);
  if (socketPath === undefined) throw invalid;
  process.stderr.write(`note: ${invalid.message}; ${invalid.remedy}\n`);
  return new ControlClient(socketPath);
}
