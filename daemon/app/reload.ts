import { isRollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { type ConfigChange, diffConfig, keepRestartSettings } from '../config/diff.js';
import { loadConfig } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import type { ReloadResult } from '../control/box-control.js';
import type { ReplaceableParts, ReplacedPart } from './parts.js';

function nameOf(change: ConfigChange): string {
  switch (change.kind) {
    case 'camera-added':
      return `camera ${change.camera} added`;
    case 'camera-removed':
      return `camera ${change.camera} removed`;
    case 'camera-changed':
      return `camera ${change.camera}: ${change.path}`;
    case 'setting-changed':
      return change.path;
  }
}

function needsRestart(change: ConfigChange): boolean {
  return 'reload' in change && change.reload === 'restart';
}

/**
 * Reads the configuration file and the secrets again and applies what can be applied: live settings at once, cameras and
 * broker by replacing their part, the rest at the next restart. A file with problems, a secret of the broker that
 * cannot be used, or settings with which vision does not start change nothing and are reported loudly.
 */
export async function reload(
  path: string,
  parts: ReplaceableParts,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<ReloadResult> {
  const loaded = await loadConfig(path);
  if (!loaded.ok)
    return refused(
      loaded.problems.map((problem) => formatProblem(path, problem)),
      logger,
    );
  const changes = diffConfig(parts.config, loaded.config);
  const needRestart = changes.filter(needsRestart).map(nameOf);
  const names = changes.filter((change) => !needsRestart(change)).map(nameOf);
  let replaced: readonly ReplacedPart[];
  try {
    replaced = await parts.replace(keepRestartSettings(parts.config, loaded.config), signal);
  } catch (error) {
    if (!isRollcallError(error) || error.kind === 'defect') throw error;
    const { message, remedy = '' } = error;
    return refused([`${message}\n  what to do: ${remedy}`], logger);
  }
  if (changes.length === 0 && replaced.length === 0) {
    logger.info('the configuration has not changed');
    return { outcome: 'unchanged' };
  }
  logger.info('the configuration was reloaded', { changes: names, replaced });
  if (needRestart.length > 0) logger.warn('these changes need a restart', { changes: needRestart });
  return { outcome: 'applied', changes: names, replaced, needRestart };
}

function refused(problems: readonly string[], logger: Logger): ReloadResult {
  logger.error('the new configuration is refused; the old one goes on', { problems });
  return { outcome: 'refused', problems };
}
