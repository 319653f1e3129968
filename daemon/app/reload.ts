import type { Logger } from '../base/logger.js';
import { type ConfigChange, diffConfig } from '../config/diff.js';
import { loadConfig } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import type { Config } from '../config/schema.js';
import type { ReplaceableParts } from './parts.js';

/** What a reload came to; the latest one is part of the box's status. */
export type ReloadResult =
  | { readonly outcome: 'unchanged' }
  | {
      readonly outcome: 'applied';
      readonly changes: readonly string[];
      readonly needRestart: readonly string[];
    }
  /** The configuration that ran before goes on running. */
  | { readonly outcome: 'refused'; readonly problems: readonly string[] };

const visionSections = ['vision', 'liveness', 'logging'];

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

function concernsVision(change: ConfigChange): boolean {
  if (change.kind === 'camera-changed') return change.reload === 'replace';
  if (change.kind !== 'setting-changed') return true;
  return visionSections.some((section) => change.path.startsWith(`${section}.`));
}

/** Settings that only a restart takes up stay as they are, so that what runs and what is shown agree. */
function keepRestartSettings(before: Config, after: Config): Config {
  const { site, box, gallery, records, models, control, dataDir, secretsDir } = before;
  return { ...after, site, box, gallery, records, models, control, dataDir, secretsDir };
}

/**
 * Reads the configuration file again and applies what can be applied: live settings at once, cameras and broker by
 * replacing their part, the rest at the next restart. A file with problems changes nothing and is reported loudly.
 */
export async function reload(path: string, parts: ReplaceableParts, logger: Logger): Promise<ReloadResult> {
  const loaded = await loadConfig(path);
  if (!loaded.ok) {
    const problems = loaded.problems.map((problem) => formatProblem(path, problem));
    logger.error('the new configuration is refused; the old one goes on', { problems });
    return { outcome: 'refused', problems };
  }
  const changes = diffConfig(parts.config, loaded.config);
  if (changes.length === 0) {
    logger.info('the configuration has not changed');
    return { outcome: 'unchanged' };
  }
  const needRestart = changes.filter(needsRestart).map(nameOf);
  const applied = changes.filter((change) => !needsRestart(change));
  await parts.replace(keepRestartSettings(parts.config, loaded.config), {
    vision: applied.some(concernsVision),
    publisher: applied.some((change) => change.kind === 'setting-changed' && /^mqtt\b/.test(change.path)),
  });
  const names = applied.map(nameOf);
  logger.info('the configuration was reloaded', { changes: names });
  if (needRestart.length > 0) logger.warn('these changes need a restart', { changes: needRestart });
  return { outcome: 'applied', changes: names, needRestart };
}
