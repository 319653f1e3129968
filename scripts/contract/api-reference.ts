import { errorStatuses, statusOf } from '../../daemon/contract/api-errors.js';
import type { Declarations } from '../../daemon/contract/openapi.js';
import { commonErrors, gateErrors, rateClasses } from '../../daemon/contract/operation.js';
import { builtInRoles, scopes } from '../../daemon/contract/scopes.js';
import { apiModel, type OperationPage } from './api-model.js';

const inCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(inCell).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const anchor = (heading: string): string => heading.toLowerCase().replaceAll(/[^\w-]/g, '');

function operationText(page: OperationPage): string {
  const { id, method, path, summary, description, terms, input, answer, rows, errors } = page;
  const parts = [
    `### ${id}`,
    `\`${method} ${path}\``,
    [summary, description].filter((text) => text !== '').join(' '),
    terms.join(' '),
  ];
  if (input.length > 0) {
    const cells = input.map(({ name, place, value, presence, meaning }) => [
      ...[`\`${name}\``, place, value, presence, meaning],
    ]);
    parts.push(table(['input', 'in', 'value', 'needed', 'meaning'], cells));
  }
  parts.push(`Answer: ${answer}`);
  if (rows.length > 0) {
    const cells = rows.map(({ name, value, presence, meaning }) => [`\`${name}\``, value, presence, meaning]);
    parts.push(table(['field', 'value', 'there', 'meaning'], cells));
  }
  if (errors.length > 0) {
    const texts = errors.map(
      ([status, codes]) => `${status} ${codes.map((code) => `\`${code}\``).join(', ')}`,
    );
    parts.push(`Errors: ${texts.join('; ')}.`);
  }
  return parts.join('\n\n');
}

/** The reference page of all operations, Markdown. */
export function apiReference(operations: Declarations): string {
  const subjects = apiModel(operations);
  const statuses = Object.entries(errorStatuses).map(([status, text]) => {
    const codes = [...commonErrors, ...gateErrors].filter(
      (code) => String(statusOf('input', code)) === status,
    );
    return [status, text, codes.map((code) => `\`${code}\``).join(', ')];
  });
  const contents = subjects.map(({ name, operations: within }) => [
    `[${name}](#${anchor(name)})`,
    within.map(({ id }) => `[${id}](#${anchor(id)})`).join(', '),
  ]);
  return `${[
    '# Operations of the API',
    'This page is generated from `daemon/contract/` by `npm run docs`: change the declarations, not the page. [openapi.yaml](../contract/openapi.yaml) says the same to programs, [call the API](../tutorial/call-the-api.md) shows how to begin, [scopes.md](scopes.md) explains scopes and roles.',
    'Paths are below `/api/v1`. The local socket and HTTPS serve the same operations. An answer is `{ "success": true, "data", "meta" }`, an error `{ "success": false, "error": { "kind", "code", "message", "remedy", "details", "requestId" } }`.',
    '## Contents',
    table(['subject', 'operations'], contents),
    '## Errors that every operation may give',
    table(['status', 'meaning', 'codes'], statuses),
    ...subjects.flatMap(({ name, about, operations: within }) => [
      `## ${name}`,
      about,
      ...within.map(operationText),
    ]),
  ].join('\n\n')}\n`;
}

/** The reference page of scopes, roles and rate classes, Markdown. */
export function scopesReference(operations: Declarations): string {
  const declared = Object.entries(operations);
  const roles = Object.entries(builtInRoles) as readonly (readonly [string, readonly string[]])[];
  const link = (id: string): string => `[${id}](api.md#${anchor(id)})`;
  const listed = (ids: readonly (readonly [string, unknown])[]): string =>
    ids.map(([id]) => link(id)).join(', ');
  const scopeRows = Object.entries(scopes).map(([scope, meaning]) => [
    `\`${scope}\``,
    meaning,
    listed(declared.filter(([, operation]) => operation.scope === scope)),
    roles
      .filter(([, held]) => held.includes(scope))
      .map(([role]) => role)
      .join(', '),
  ]);
  const rateRows = rateClasses.map((rate) => [
    `\`${rate}\``,
    listed(declared.filter(([, operation]) => operation.rate === rate)),
  ]);
  const proof = listed(declared.filter(([, operation]) => operation.needsStepUp === true));
  const partly = declared.flatMap(([id, { withoutProof }]) =>
    withoutProof === undefined ? [] : [`\`${id}\` does not where ${withoutProof.where}.`],
  );
  return `${[
    '# Scopes and roles',
    'This page is generated from `daemon/contract/` by `npm run docs`: change the declarations, not the page.',
    'A scope allows some operations. A role is a set of scopes, and an account has one role. An API key has scopes of its own. The local socket has all scopes.',
    '## Scopes',
    table(['scope', 'lets a caller', 'operations', 'roles'], scopeRows),
    '## Roles of every box',
    table(
      ['role', 'scopes'],
      roles.map(([role, held]) => [role, held.map((scope) => `\`${scope}\``).join(', ')]),
    ),
    'An administrator can add roles with other sets of scopes.',
    '## Operations without a scope',
    `Without a login: ${listed(declared.filter(([, { scope }]) => scope === 'public')) || 'none'}. With any login, about oneself: ${listed(declared.filter(([, { scope }]) => scope === 'self')) || 'none'}.`,
    '## Operations that ask for the password again',
    `The caller must have given the password or the second factor within the last 5 minutes: ${proof || 'none'}. ${partly.join(' ')}`,
    '## Rate classes',
    table(['class', 'operations'], rateRows),
  ].join('\n\n')}\n`;
}
