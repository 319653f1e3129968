import { isChangeable } from './changeable-settings.js';
import { allSettings, configJsonSchema, type SchemaNode, type Setting } from './json-schema.js';

const inCell = (text: string): string => text.replaceAll('|', '\\|');

function typeText(node: SchemaNode): string {
  if (node.title !== undefined) return node.title;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.anyOf !== undefined) return node.anyOf.map(typeText).join(' or ');
  if (node.items !== undefined) {
    return `list of ${typeText(node.items)}${node.items.enum === undefined ? 's' : ''}`;
  }
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = node;
  const kind = node.type === 'string' ? 'text' : node.type === 'integer' ? 'whole number' : (node.type ?? '');
  const low = minimum ?? exclusiveMinimum;
  const high = maximum ?? exclusiveMaximum;
  if (node.type === 'string' || low === undefined || high === undefined) return kind;
  return `${kind}, ${low} to ${high}${exclusiveMaximum === undefined ? '' : ' (exclusive)'}`;
}

function defaultText({ node, isRequired }: Setting): string {
  if (node.default !== undefined) return `\`${String(node.default)}\``;
  return isRequired ? '**required**' : 'absent';
}

function row(setting: Setting, depth: number): string {
  const name = setting.path.slice(depth).join('.');
  const cells = [
    `\`${name}\``,
    typeText(setting.node),
    defaultText(setting),
    `${setting.reload}${isChangeable(setting.path.filter((step) => step !== '[]').join('.')) ? ' *' : ''}`,
    setting.node.description ?? '',
  ];
  return `| ${cells.map(inCell).join(' | ')} |`;
}

const tableHead = '| key | value | default | change | meaning |\n|---|---|---|---|---|';

function section(title: string, intro: string, settings: readonly Setting[], depth: number): string {
  return [`## ${title}`, intro, [tableHead, ...settings.map((each) => row(each, depth))].join('\n')].join(
    '\n\n',
  );
}

/** The reference page, Markdown. */
export function configReference(): string {
  const settings = allSettings();
  const sections = Object.entries(configJsonSchema().properties ?? {})
    .filter(([, node]) => node.reload === undefined)
    .map(([key, node]) => {
      const depth = node.items === undefined ? 1 : 2;
      const within = settings.filter((setting) => setting.path[0] === key);
      return section(`\`${key}\``, node.description ?? '', within, depth);
    });
  const top = settings.filter((setting) => setting.path.length === 1);
  return `${[
    '# Configuration',
    'This page is generated from `daemon/contract/settings/schema.ts` by `scripts/generate-docs.ts`: change the schema, not the page.',
    'The configuration is one YAML file. A key that is not listed here is an error. `rollcall check-config FILE` shows every problem with its line. Cameras that were added over the API or with `rollcall camera add` have files of their own, `cameras.d/ID.yaml` below `dataDir`, with the keys of one camera; see [add a camera](../how-to/add-a-camera.md#let-the-box-keep-the-camera). [Alert channels that were added that way](alerts.md#channels-in-the-console) are in `channels.d/ID.json`. Start from the commented file `config/rollcall.example.yaml`. Editors that support JSON Schema can use `config/generated/config.schema.json`.',
    'The file contains no secrets. `credential` and `key` are names of secrets. The secret itself is a systemd credential of that name, or a file of that name in `secretsDir` that only its owner can read.',
    `Some settings can be changed over the API by users with the scope \`config:write\`. The box keeps these itself, in the file \`settings.yaml\` below \`dataDir\`, where they take the place of those in the configuration file ([decision 0035](../decisions/0035-settings-of-the-box.md)). In the column "change" they have a star.`,
    'The column "change" says how a change takes effect while the daemon runs. `live`: immediately, without an interruption. `replace`: the affected part is replaced (one camera, the vision processes one by one, the broker connection). `restart`: after a restart of the daemon.',
    ...sections,
    section('Top level', 'Settings outside all sections.', top, 0),
  ].join('\n\n')}\n`;
}
