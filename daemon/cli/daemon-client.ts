import { badInput, type RollcallError } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import { ControlClient } from '../control/client.js';

/** The problems of a configuration as one error. */
function invalidConfig(path: string, count: number): RollcallError {
  return badInput('invalid-config', `${path} has ${count === 1 ? 'a problem' : `${count} problems`}`, {
    remedy: `run 'rollcall check-config --config ${path}' to see ${count === 1 ? 'it' : 'them'}`,
  });
}

/** A client of the daemon that the configuration file describes. Throws `invalid-config`. */
export async function openDaemonClient(configPath: string): Promise<ControlClient> {
  const loaded = await loadConfig(configPath);
  if (!loaded.ok) throw invalidConfig(configPath, loaded.problems.length);
  return new ControlClient(loaded.config.control.socketPath);
}
