import type { ConfigTexts } from '../../contract/settings/last-good-file.js';
import { loadConfig } from '../../contract/settings/load.js';
import { formatProblem } from '../../contract/settings/problem.js';
import type { Config } from '../../contract/settings/schema.js';
import type { ReloadResult } from '../../contract/status.js';
import { openLogOutput } from '../../host/journal.js';
import { reportNodeWarnings } from '../../host/node-warnings.js';
import { openPinoLogger } from '../../host/pino-logger.js';
import { RecentLog } from '../../host/recent-log.js';
import { systemClock } from '../../host/system-clock.js';
import { openServiceNotifier } from '../../host/systemd-notify.js';
import { badInput, isRollcallError } from '../../kernel/errors.js';
import { Lifetime } from '../../kernel/lifetime.js';
import { failure } from '../../words/errors.js';
import { programVersion } from '../api/program-version.js';
import { refuseUnfinishedReplacement } from '../backups/place-box.js';
import { untilVisionRuns } from '../cameras/vision-start.js';
import { ReloadOnHangup } from '../runtime/reload-signal.js';
import { startWatchdog } from '../runtime/watchdog.js';
import { LastGood, loadLastGood } from '../settings/last-good.js';
import { composeBox } from './compose.js';

/** Time for all parts together to shut down, milliseconds. Shorter than `TimeoutStopSec` of the systemd unit. */
const shutdownDeadlineMs = 15_000;

/** Runs the daemon until SIGTERM or SIGINT. Throws when it cannot start. */
export async function runDaemon(configPath: string): Promise<void> {
  // Handle signals first: an unhandled one would kill the process in the middle of its work.
  const stopped = signalled(['SIGTERM', 'SIGINT']);
  const hangups = new ReloadOnHangup();
  const { config, texts, problems } = await configToStart(configPath);
  refuseUnfinishedReplacement(config.dataDir);
  const log = new RecentLog(systemClock);
  const output = log.keeping(await openLogOutput());
  const logger = openPinoLogger({ level: config.logging.level, clock: systemClock, output });
  reportNodeWarnings((warning) => logger.warn('Node.js reports a problem', { warning }));
  logger.info('starting', { version: programVersion(), site: config.site.id, box: config.box.id });
  if (problems.length > 0) {
    hangups.refusedAtStart(problems);
    logger.error('the configuration cannot be used; the box runs with the one that was in force last', {
      problems,
    });
  }
  for (const { problems } of [...config.unusableCameraFiles, ...config.unusableChannelFiles]) {
    const reasons = problems.map((problem) => formatProblem(configPath, problem));
    logger.error('the file of a camera or alert channel cannot be used; it is left out', {
      problems: reasons,
    });
  }
  const notifier = await openServiceNotifier(logger);
  const broken = recordsBroken();
  await using lifetime = new Lifetime(systemClock, shutdownDeadlineMs);
  const onReload = (listener: (result: ReloadResult) => void): void => hangups.onResult(listener);
  const { runtime, conditions } = await composeBox(config, {
    ...{ lifetime, logger, onReload, configPath, log },
    lastReload: () => hangups.last,
    reload: () => hangups.request(),
    load: (options) => loadConfig(configPath, options),
    onRecordsDamaged: broken.report,
  });
  const started = await Promise.race([
    untilVisionRuns(runtime.vision.pool, lifetime.signal),
    stopped,
    broken.reported,
  ]);
  if (started !== undefined) return;
  startWatchdog({ notifier, runtime, lastReload: () => hangups.last, lifetime, logger });
  notifier.ready();
  conditions.begin('running', { version: programVersion() });
  if (problems.length > 0) conditions.begin('configuration-refused');
  else conditions.end('configuration-refused');
  lifetime.defer('running', () => conditions.end('running'));
  logger.info('ready', { cameras: config.cameras.length });
  const lastGood = lifetime.use('last good configuration', new LastGood(config, logger));
  if (texts !== undefined) lastGood.keep(texts);
  onReload(({ outcome }) => {
    if (outcome === 'refused') conditions.begin('configuration-refused');
    else conditions.end('configuration-refused');
  });
  lifetime.use('reload', hangups);
  hangups.serve({ configPath, runtime, logger, lastGood, signal: lifetime.signal });
  const signal = await Promise.race([stopped, broken.reported]);
  notifier.stopping();
  logger.info('stopping', { signal });
}

/** Ends the daemon when records.db is damaged or removed. The next start salvages what can be read, or uses what was written back. */
function recordsBroken() {
  let report: (cause: Error) => void = () => undefined;
  const reported = new Promise<never>((_, reject) => {
    report = (cause) =>
      reject(isRollcallError(cause, 'records-removed') ? cause : failure('records-damaged', {}, { cause }));
  });
  reported.catch(() => undefined);
  return { report: (cause: Error) => report(cause), reported };
}

interface ConfigToStart {
  readonly config: Config;
  /** Absent if it is the one that was in force last. */
  readonly texts?: ConfigTexts;
  readonly problems: readonly string[];
}

/**
 * The configuration, or the one that was in force last with the problems of the present one: an edit must not stop a box that is
 * restarted for another reason. Throws where there is neither.
 */
async function configToStart(path: string): Promise<ConfigToStart> {
  const loaded = await loadConfig(path);
  if (loaded.ok) return { ...loaded, problems: [] };
  const problems = loaded.problems.map((problem) => formatProblem(path, problem));
  const lastGood = await loadLastGood(path);
  if (lastGood !== undefined) return { config: lastGood, problems };
  throw badInput('invalid-config', ['the configuration cannot be used', ...problems].join('\n'), {
    remedy: `Correct the file, then check it with 'rollcall check-config --config ${path}'.`,
  });
}

/** Resolves with the first of these signals. A second signal kills the process. */
function signalled(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve(signal));
  });
}
