import type { ConfigurationProblem, SettingDifference, ShownSetting } from '../../contract/configuration.js';
import { isChangeable } from '../../contract/settings/changeable-settings.js';
import { channelLists } from '../../contract/settings/channel-files.js';
import type { ConfigProblem } from '../../contract/settings/config-problem.js';
import { type ConfigChange, diffConfig, wholeSettings } from '../../contract/settings/diff.js';
import { withHiddenAddresses } from '../../contract/settings/hidden-addresses.js';
import { allSettings, schemaAt } from '../../contract/settings/json-schema.js';
import { valueAt } from '../../contract/settings/problem.js';
import type { Config } from '../../contract/settings/schema.js';
import { said } from '../../kernel/said.js';
import { english } from '../../words/language.js';

/**
 * Each setting outside the cameras. `configuration`: without the settings of the box; `inFile`: as the file has them. Addresses of
 * channels are shown without what may be a secret, and channels of the box not at all: they are no settings.
 */
export function shownSettings(
  inForce: Config,
  configuration: Config,
  inFile: unknown,
): readonly ShownSetting[] {
  const shown = (config: Config): Config => withHiddenAddresses(withoutOwnChannels(config));
  const [running, configured] = [shown(inForce), shown(configuration)];
  return wholeSettings().map(({ path, reload }) => {
    const dotted = path.join('.');
    const isOwn = running.ownSettings.includes(dotted);
    const isInFile = valueAt(inFile, path) !== undefined;
    const node = schemaAt(path) ?? {};
    const { description, reload: _, ...schema } = node;
    return {
      path: dotted,
      value: valueAt(running, path),
      configured: valueAt(configured, path),
      origin: isOwn ? 'console' : isInFile ? 'file' : 'default',
      isChangeable: isChangeable(dotted),
      reload,
      description: description ?? descriptionBelow(path),
      // Only those that the console offers have words in other languages.
      ...(english.has(`settings/${dotted}`) ? { says: { description: said(`settings/${dotted}`) } } : {}),
      schema,
    };
  });
}

/** Channels of the box are no settings. */
function withoutOwnChannels(config: Config): Config {
  const own = new Set(config.ownChannels.map(({ id }) => id));
  const configured = Object.values(channelLists).map(
    ({ name }) => [name, config.alerts[name].filter(({ id }) => !own.has(id))] as const,
  );
  return { ...config, alerts: { ...config.alerts, ...Object.fromEntries(configured) } };
}

/** A list whose items are described, not the list. */
function descriptionBelow(path: readonly string[]): string {
  const items = [...path, '[]'].join('.');
  return allSettings().find((each) => each.path.join('.') === items)?.node.description ?? '';
}

export function shownProblems(
  configPath: string,
  problems: readonly ConfigProblem[],
): readonly ConfigurationProblem[] {
  return problems.map((problem) => ({ ...problem, file: problem.file ?? configPath }));
}

/** What `after` would change, with the values. */
export function shownDifferences(before: Config, after: Config): readonly SettingDifference[] {
  return diffConfig(before, after).map((change) => {
    const at = (config: Config): unknown => valueIn(withHiddenAddresses(config), change);
    return {
      path: pathOf(change),
      before: at(before),
      after: at(after),
      reload: 'reload' in change ? change.reload : 'replace',
    };
  });
}

function pathOf(change: ConfigChange): string {
  if (change.kind === 'setting-changed') return change.path;
  const camera = `cameras.${change.camera}`;
  return change.kind === 'camera-changed' ? `${camera}.${change.path}` : camera;
}

/** Of a camera that comes or goes: its name. */
function valueIn(config: Config, change: ConfigChange): unknown {
  if (change.kind === 'setting-changed') return valueAt(config, change.path.split('.'));
  const camera = config.cameras.find(({ id }) => id === change.camera);
  return change.kind === 'camera-changed' ? valueAt(camera, change.path.split('.')) : camera?.name;
}
