import { allSettings, configJsonSchema, type SchemaNode, type Setting } from './json-schema.js';

const inCell = (text: string): string => text.replaceAll('|', '\\|');

function typeText(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.anyOf !== undefined) return node.anyOf.map(typeText).join(' or ');
  if (node.items !== undefined) return `list of ${typeText(node.items)}s`;
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
    setting.reload,
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
    'This page is generated from `daemon/config/schema.ts` by `scripts/generate-docs.ts`: change the schema, not the page.',
    'One YAML file. A key that is not listed here is an error. `rollcall check-config FILE` names every problem with its line. A commented file to begin with is `config/rollcall.example.yaml`; editors that know JSON Schema can use `config/generated/config.schema.json`.',
    'Secrets never stand in the file. `credential` and `key` are names; the secret itself is a systemd credential of that name, or a file of that name in `secretsDir` that only its owner can read.',
    'What a change costs while the daemon runs: `live`, nothing is interrupted; `replace`, the part it belongs to (one camera, the vision processes one by one, the broker connection) is replaced; `restart`, only a restart takes it up.',
    ...sections,
    section('Top level', 'Settings outside any section.', top, 0),
  ].join('\n\n')}\n`;
}
