import { z } from 'zod';
import { reloadClasses } from '../kernel/reload-class.js';
import { operation } from './operation.js';
import { says } from './said.js';

export const reloadClass = z
  .enum(reloadClasses)
  .describe(
    'How a change takes effect. `live`: immediately. `replace`: the affected part is replaced. `restart`: after a restart of the daemon.',
  );

const settingPath = z
  .string()
  .max(100)
  .describe('The name of the setting with its section, such as `attendance.holidays`.');

const settingValue = z
  .unknown()
  .optional()
  .describe('In the form of the configuration file. A list is one value. Absent: not set.');

/** One setting outside the cameras. */
export const shownSetting = z.object({
  path: settingPath,
  value: settingValue,
  configured: settingValue.describe(
    'The value without the settings that the box keeps itself: from the configuration file, or the default.',
  ),
  origin: z
    .enum(['console', 'file', 'default'])
    .describe(
      'Where the value comes from. `console`: the box keeps it itself. `file`: the configuration file.',
    ),
  isChangeable: z.boolean().describe('True if it may be changed over the API.'),
  reload: reloadClass,
  description: z.string(),
  says: says('description'),
  schema: z.record(z.string(), z.unknown()).describe('JSON Schema of the value.'),
});
export type ShownSetting = z.infer<typeof shownSetting>;

export const configurationProblem = z.object({
  file: z.string().describe('The file with the problem.'),
  line: z.int().nonnegative().describe('From 1; 0 stands for the whole file.'),
  column: z.int().nonnegative(),
  path: z.string().describe('The setting; empty for the file as a whole.'),
  message: z.string(),
  remedy: z.string().exactOptional(),
});
export type ConfigurationProblem = z.infer<typeof configurationProblem>;

export const settingDifference = z.object({
  path: z
    .string()
    .describe('The setting, such as `rules.unknownAfterS`; `cameras.ID` for a camera that comes or goes.'),
  before: settingValue,
  after: settingValue,
  reload: reloadClass,
});
export type SettingDifference = z.infer<typeof settingDifference>;

const problems = z.array(configurationProblem).readonly();
const differences = z
  .array(settingDifference)
  .readonly()
  .describe('What would change. With what was edited in the files and is not in force yet.');
const revision = z.int().positive().describe('Changes with each change of the two files.');

/** Longest text of the settings file, characters: 0.1 to 0.2 s at worst of work for the core. */
export const mostSettingsText = 20_000;

const change = {
  settings: z
    .record(settingPath, z.unknown())
    .optional()
    .describe(
      'New values by the names of their settings. Null gives a setting back to the configuration file.',
    ),
  text: z
    .string()
    .optional()
    .describe(
      `In place of \`settings\`: the whole text of the settings file, YAML. The file has at most ${mostSettingsText} characters.`,
    ),
};

/** Changes that are wrong before they are checked. */
const changeErrors = ['setting-unknown', 'setting-of-configuration', 'change-refused'] as const;

export const configurationOperations = {
  'config.show': operation({
    method: 'GET',
    path: '/config',
    summary: 'Show the settings of the box, and where each comes from.',
    description:
      'The box keeps its own settings in a file next to its data. They override those of the configuration file. Neither file holds secrets.',
    answer: {
      kind: 'json',
      schema: z.object({
        revision,
        file: z.object({
          path: z.string(),
          text: z
            .string()
            .exactOptional()
            .describe(
              'Addresses of webhooks without path and query. Absent while the file has problems: what is wrong in it may be a secret. Absent for callers who are limited to cameras.',
            ),
        }),
        ownFile: z.object({
          path: z.string(),
          text: z.string().describe('Empty where no setting was changed over the API.'),
        }),
        problems: problems.describe('Why the files, as they are now, cannot be put in force.'),
        pending: differences.describe('What was edited in the files and is not in force yet.'),
        settings: z
          .array(shownSetting)
          .readonly()
          .describe('The settings in force. Addresses of webhooks are without path and query.'),
      }),
    },
    errors: [],
    scope: 'config:read',
    rate: 'default',
  }),
  'config.check': operation({
    method: 'POST',
    path: '/config/check',
    summary: 'Check a change of settings without putting it in force.',
    input: z.strictObject(change),
    answer: {
      kind: 'json',
      schema: z.object({
        problems: problems.describe('Empty if the change can be put in force.'),
        differences,
      }),
    },
    errors: [...changeErrors],
    scope: 'config:read',
    rate: 'default',
  }),
  'config.apply': operation({
    method: 'PATCH',
    path: '/config',
    summary: 'Change settings that the box keeps itself, and put them in force.',
    description:
      'The configuration file stays as it is. If the change cannot be put in force, nothing changes. Edits made to the files in the meantime are also put in force.',
    input: z.strictObject({
      ifRevision: z.int().positive().describe('The revision that the change was made from.'),
      ...change,
    }),
    answer: {
      kind: 'json',
      schema: z.object({
        revision,
        differences: differences.describe('What has changed.'),
        replaced: z.array(z.string()).readonly().describe('The parts of the box that were replaced.'),
        needRestart: z.array(z.string()).readonly().describe('What takes effect at the next start.'),
      }),
    },
    errors: [
      ...changeErrors,
      'settings-refused',
      'changed-meanwhile',
      'configuration-refused',
      'starting',
      'key-file-exists',
      'key-file-not-written',
      'key-file-not-moved',
      'own-file-not-changed',
    ],
    scope: 'config:write',
    audit: 'write',
    rate: 'default',
    isLong: true,
    needsStepUp: true,
    secondPerson: 'settings',
  }),
} as const;
