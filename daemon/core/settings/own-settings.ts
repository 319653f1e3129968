import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Caller } from '../../contract/caller.js';
import {
  type configurationOperations,
  mostSettingsText,
  type SettingDifference,
} from '../../contract/configuration.js';
import type { Handlers } from '../../contract/handlers.js';
import type { CallOutput, HandlerInput } from '../../contract/operation.js';
import type { Operations } from '../../contract/operations.js';
import {
  isChangeable,
  readSettingsFile,
  settingsFilePath,
  settingsTextOf,
} from '../../contract/settings/changeable-settings.js';
import { wholeSettings } from '../../contract/settings/diff.js';
import { textWithHiddenAddresses, webhookAddresses } from '../../contract/settings/hidden-addresses.js';
import { limitedTo } from '../../contract/settings/limited-config.js';
import type { LoadedConfig, LoadOptions } from '../../contract/settings/load.js';
import { readText } from '../../contract/settings/read-text.js';
import type { Config } from '../../contract/settings/schema.js';
import { parseYaml } from '../../contract/settings/yaml-text.js';
import { actorOf } from '../../kernel/actor.js';
import { present } from '../../kernel/present.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { FileChanges, type FileChangesOptions } from './file-changes.js';
import { refusals } from './settings-refusals.js';
import { changedSettings } from './settings-text.js';
import { shownDifferences, shownProblems, shownSettings } from './shown-settings.js';

export interface OwnSettingsOptions extends FileChangesOptions {
  readonly configPath: string;
  /** The configuration in force. */
  readonly current: () => Config;
  /** Loads what the files would make of the configuration. */
  readonly load: (options: LoadOptions) => Promise<LoadedConfig>;
}

type Change = HandlerInput<Operations['config.check']>;
type Applied = CallOutput<Operations['config.apply']>;

/** The texts of the two files. The configuration file belongs to the installer; the daemon only reads it. */
interface Texts {
  /** Empty where it cannot be read. */
  readonly file: string;
  readonly own: string;
}

/**
 * The settings that the box keeps itself, changed over the API: one file beside its data, whose settings take the place of those
 * of the configuration file. A change is checked before it is written, and taken back if it cannot be put in force.
 */
export class OwnSettings {
  readonly #options: OwnSettingsOptions;
  readonly #changes: FileChanges;
  readonly #turns = new SerialQueue();

  constructor(options: OwnSettingsOptions) {
    this.#options = options;
    this.#changes = new FileChanges(options);
  }

  /** Call it at the start: the audit log gets the entry of a change that a kill interrupted. */
  async settle(): Promise<void> {
    const { dataDir } = this.#options.current();
    await this.#changes.settle(dataDir, basename(settingsFilePath(dataDir)));
  }

  async show(caller: Pick<Caller, 'cameras'>): Promise<CallOutput<Operations['config.show']>> {
    const { configPath, current, load } = this.#options;
    const running = current();
    const { dataDir } = running;
    const texts = await this.#texts();
    const [loaded, configured] = [await load({ dataDir }), await load({ dataDir, settings: '' })];
    const parsed = parseYaml(texts.file);
    const base = configured.ok ? configured.config : running;
    const text =
      configured.ok && caller.cameras === undefined ? withoutAddresses(texts.file, base) : undefined;
    return {
      revision: revisionOf(texts),
      file: { path: configPath, ...present({ text }) },
      ownFile: { path: settingsFilePath(dataDir), text: texts.own },
      problems: loaded.ok ? [] : shownProblems(configPath, loaded.problems),
      pending: loaded.ok ? forCaller(caller, shownDifferences(running, loaded.config)) : [],
      settings: shownSettings(
        limitedTo(running, caller.cameras),
        limitedTo(base, caller.cameras),
        'raw' in parsed ? parsed.raw : undefined,
      ),
    };
  }

  async check(
    change: Change,
    caller: Pick<Caller, 'cameras'>,
  ): Promise<CallOutput<Operations['config.check']>> {
    const { configPath, current, load } = this.#options;
    const settings = newText((await this.#texts()).own, change);
    const loaded = await load({ dataDir: current().dataDir, settings });
    if (!loaded.ok) return { problems: shownProblems(configPath, loaded.problems), differences: [] };
    return { problems: [], differences: forCaller(caller, shownDifferences(current(), loaded.config)) };
  }

  apply(input: HandlerInput<Operations['config.apply']>, caller: Caller): Promise<Applied> {
    return this.#turns.run(async () => {
      const { configPath, current, load } = this.#options;
      const { dataDir } = current();
      const { ifRevision, ...change } = input;
      const texts = await this.#texts();
      if (ifRevision !== revisionOf(texts)) throw refusals.changedMeanwhile(revisionOf(texts));
      const settings = newText(texts.own, change);
      const loaded = await load({ dataDir, settings });
      if (!loaded.ok) throw refusals.refused(shownProblems(configPath, loaded.problems));
      const differences = shownDifferences(current(), loaded.config);
      const changes = differences.map(({ path }) => path);
      const entry = { by: actorOf(caller), action: 'configuration.edited', details: { changes } } as const;
      const result = await this.#changes.apply({
        path: settingsFilePath(dataDir),
        text: settings === '' ? undefined : settings,
        ...(changes.length === 0 ? {} : { entry }),
        refused: refusals.notInForce,
      });
      const { replaced, needRestart } =
        result.outcome === 'applied' ? result : { replaced: [], needRestart: [] };
      const shown = forCaller(caller, differences);
      return { revision: revisionOf({ ...texts, own: settings }), differences: shown, replaced, needRestart };
    });
  }

  async #texts(): Promise<Texts> {
    const { configPath, current } = this.#options;
    const [file, own] = await Promise.all([readText(configPath), readSettingsFile(current().dataDir)]);
    return {
      file: 'text' in file ? file.text : '',
      own: settingsTextOf(own),
    };
  }
}

const withoutAddresses = (text: string, config: Config): string =>
  textWithHiddenAddresses(text, webhookAddresses(config));

/** Without other cameras than those that the caller is limited to. */
const forCaller = (
  { cameras }: Pick<Caller, 'cameras'>,
  differences: readonly SettingDifference[],
): readonly SettingDifference[] =>
  differences.filter(({ path }) => {
    const [section, camera = ''] = path.split('.');
    return section !== 'cameras' || cameras === undefined || cameras.has(camera);
  });

/** The text of the settings file after the change. */
function newText(before: string, { settings, text }: Change): string {
  if ((settings === undefined) === (text === undefined)) throw refusals.oneOfTwo();
  if (settings === undefined) return short(text ?? '');
  const known = wholeSettings().map(({ path }) => path.join('.'));
  for (const path of Object.keys(settings)) {
    if (!known.includes(path)) throw refusals.unknown(path, known);
    if (!isChangeable(path)) throw refusals.ofConfiguration(path);
  }
  short(JSON.stringify(settings));
  return short(changedSettings(before, settings));
}

/** Before it is parsed: a caller cannot hold the core with a long text. @throws `change-refused` */
function short(text: string): string {
  if (text.length > mostSettingsText) throw refusals.tooLong(mostSettingsText);
  return text;
}

/** As many bits as a double and an ETag hold. */
const revisionOf = ({ file, own }: Texts): number =>
  createHash('sha256')
    .update(JSON.stringify([file, own]))
    .digest()
    .readUIntBE(0, 6) + 1;

/** The operations that show and change the settings of the box. */
export function configurationHandlers(settings: OwnSettings): Handlers<typeof configurationOperations> {
  return {
    'config.show': (_input, { caller }) => settings.show(caller),
    'config.check': (input, { caller }) => settings.check(input, caller),
    'config.apply': (input, { caller }) => settings.apply(input, caller),
  };
}
