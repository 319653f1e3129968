import type { ConfigProblem } from '../../contract/settings/config-problem.js';
import { type ConfigChange, diffConfig, keepRestartSettings } from '../../contract/settings/diff.js';
import { loadConfig } from '../../contract/settings/load.js';
import { formatProblem } from '../../contract/settings/problem.js';
import type { Config } from '../../contract/settings/schema.js';
import type { ReloadResult } from '../../contract/status.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import type { LastGood } from '../settings/last-good.js';
import type { ReplacedPart, Runtime } from './runtime.js';

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

/** The names of the box, which are in every topic: a broker that admits the new names refuses the old ones. */
const boxNames: ReadonlySet<string> = new Set(['site.id', 'box.id']);

/** Settings of the connection to the broker. They wait for the restart that changes the names of the box. */
const isOfBroker = (change: ConfigChange): boolean =>
  change.kind === 'setting-changed' && /^(?:mqtt|homeAssistant)\b/.test(change.path);

/** `after` with the settings of the broker of `before`. */
function withBrokerOf(before: Config, after: Config): Config {
  const { mqtt: _, ...rest } = after;
  return { ...rest, homeAssistant: before.homeAssistant, ...present({ mqtt: before.mqtt }) };
}

export interface ReloadOptions {
  readonly logger: Logger;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
  /** Receives the texts that were read, once they are in force: the files may have changed by then. */
  readonly lastGood: Pick<LastGood, 'keep'>;
}

/**
 * Reads the configuration file and the secrets again and applies them: live settings immediately, cameras and broker by
 * replacing their part, other settings at the next restart. The broker changes together with the names of the box. Nothing changes, and the reason is reported, if the file has
 * problems, a broker secret is unusable or vision cannot start with the new settings.
 */
export async function reload(
  path: string,
  runtime: Pick<Runtime, 'config' | 'replace'>,
  { logger, signal, lastGood }: ReloadOptions,
): Promise<ReloadResult> {
  const loaded = await loadConfig(path, { dataDir: runtime.config.dataDir });
  const problems = loaded.ok ? newProblems(runtime.config, loaded.config) : loaded.problems;
  if (!loaded.ok || problems.length > 0)
    return refused(
      problems.map((problem) => formatProblem(path, problem)),
      logger,
    );
  const changes = diffConfig(runtime.config, loaded.config);
  const isRenamed = changes.some((change) => 'path' in change && boxNames.has(change.path));
  const waits = (change: ConfigChange): boolean => needsRestart(change) || (isRenamed && isOfBroker(change));
  const needRestart = changes.filter(waits).map(nameOf);
  const names = changes.filter((change) => !waits(change)).map(nameOf);
  const next = isRenamed ? withBrokerOf(runtime.config, loaded.config) : loaded.config;
  let replaced: readonly ReplacedPart[];
  try {
    replaced = await runtime.replace(keepRestartSettings(runtime.config, next), signal);
  } catch (error) {
    if (!isRollcallError(error) || error.kind === 'defect') throw error;
    const { message, remedy = '' } = error;
    return refused([`${message}\n  what to do: ${remedy}`], logger);
  }
  lastGood.keep(loaded.texts);
  if (changes.length === 0 && replaced.length === 0) {
    logger.info('the configuration has not changed');
    return { outcome: 'unchanged' };
  }
  logger.info('the configuration was reloaded', { changes: names, replaced });
  if (needRestart.length > 0) logger.warn('some changes need a restart', { changes: needRestart });
  return { outcome: 'applied', changes: names, replaced, needRestart };
}

/**
 * Problems of camera and channel files that were usable before, or not there. A file that was left out before stays left out, and so
 * does one that is gone: they must not stand in the way of others.
 */
function newProblems(before: Config, after: Config): readonly ConfigProblem[] {
  const unusableIn = ({ unusableCameraFiles, unusableChannelFiles }: Config) => [
    ...unusableCameraFiles,
    ...unusableChannelFiles,
  ];
  const known = new Set(unusableIn(before).map(({ path }) => path));
  return unusableIn(after).flatMap(({ path, why, problems }) =>
    why === 'lost' || known.has(path) ? [] : problems,
  );
}

function refused(problems: readonly string[], logger: Logger): ReloadResult {
  logger.error('the new configuration was refused; the old one stays in force', { problems });
  return { outcome: 'refused', problems };
}
