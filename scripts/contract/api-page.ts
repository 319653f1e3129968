import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorStatuses, statusOf } from '../../daemon/contract/api-errors.js';
import type { Declarations, OperationExample } from '../../daemon/contract/openapi.js';
import { commonErrors, gateErrors } from '../../daemon/contract/operation.js';
import { operations } from '../../daemon/contract/operations.js';
import { type Examples, readExamples } from '../operation-examples/read.js';
import { apiModel, type OperationPage, type SubjectPage } from './api-model.js';

const special: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => special[character] ?? '');

/** Text with `code` in backticks. */
const prose = (text: string): string => escaped(text).replace(/`([^`]*)`/g, '<code>$1</code>');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, texts: readonly string[]): string =>
    texts.map((text) => `<${tag}>${prose(text)}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
  return `<div class="wide"><table>\n<thead><tr>${cells('th', head)}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table></div>`;
}

/** What was sent and answered once: the request as fields, whatever way they travel. */
function exampleHtml({ request, answer }: OperationExample): string {
  const block = (title: string, value: unknown): readonly string[] =>
    value === undefined ? [] : [`<p>${title}</p><pre>${escaped(JSON.stringify(value, undefined, 1))}</pre>`];
  const blocks = [...block('Input', request), ...block('Answer', answer)];
  return blocks.length === 0 ? '' : `<details><summary>Example</summary>${blocks.join('')}</details>`;
}

function operationHtml(page: OperationPage, example: OperationExample): string {
  const { id, method, path, summary, description, terms, input, answer, rows, errors } = page;
  const parts = [
    `<h3><a href="#${id}">${id}</a></h3>`,
    `<p class="call"><b class="${method.toLowerCase()}">${method}</b> <code>/api/v1${escaped(path)}</code></p>`,
    `<p>${prose([summary, description].filter((text) => text !== '').join(' '))}</p>`,
    `<p class="terms">${prose(terms.join(' '))}</p>`,
  ];
  if (input.length > 0) {
    const cells = input.map(({ name, place, value, presence, meaning }) => [
      ...[`\`${name}\``, place, value, presence, meaning],
    ]);
    parts.push('<h4>Input</h4>', table(['field', 'in', 'value', 'needed', 'meaning'], cells));
  }
  parts.push('<h4>Answer</h4>', `<p>${prose(answer)}</p>`);
  if (rows.length > 0) {
    const cells = rows.map(({ name, value, presence, meaning }) => [`\`${name}\``, value, presence, meaning]);
    const fields = table(['field', 'value', 'there', 'meaning'], cells);
    parts.push(`<details><summary>${rows.length} fields</summary>${fields}</details>`);
  }
  if (errors.length > 0) {
    const texts = errors.map(
      ([status, codes]) => `${status} ${codes.map((code) => `\`${code}\``).join(', ')}`,
    );
    parts.push('<h4>Errors</h4>', `<p>${prose(texts.join('; '))}.</p>`);
  }
  parts.push(exampleHtml(example));
  return `<article id="${id}">\n${parts.join('\n')}\n</article>`;
}

function navigation(subjects: readonly SubjectPage[]): string {
  const items = subjects.map(
    ({ name, operations: within }) =>
      `<li><a href="#${name}">${name}</a><ul>${within
        .map(({ id }) => `<li><a href="#${id}">${id.slice(name.length + 1)}</a></li>`)
        .join('')}</ul></li>`,
  );
  return `<nav aria-label="Operations"><ul>\n${items.join('\n')}\n</ul></nav>`;
}

/** The page at `/docs`: one document without a script, so that it works offline and under the strictest policy. */
export function apiPage(declared: Declarations, examples: Examples): string {
  const shown = Object.fromEntries(
    Object.entries(declared).filter(([, { isLocalOnly }]) => isLocalOnly !== true),
  );
  const subjects = apiModel(shown);
  const statuses = Object.entries(errorStatuses).map(([status, text]) => {
    const codes = [...commonErrors, ...gateErrors].filter(
      (code) => String(statusOf('input', code)) === status,
    );
    return [status, text, codes.map((code) => `\`${code}\``).join(', ')];
  });
  const sections = subjects.map(
    ({ name, about, operations: within }) =>
      `<section id="${name}">\n<h2>${name}</h2>\n<p>${prose(about)}</p>\n${within.map((page) => operationHtml(page, examples[page.id] ?? {})).join('\n')}\n</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>rollcall: operations of the API</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
${navigation(subjects)}
<main>
<h1>Operations of the API</h1>
<p>Everything that this box can do for programs. <a href="/openapi.yaml">The OpenAPI document</a> says the same to programs.</p>
<p>${prose('An answer is `{ "success": true, "data", "meta" }`. An error is `{ "success": false, "error": { "kind", "code", "message", "remedy", "details", "requestId" } }`. Programs match on `code`, and ignore fields that they do not know. Times are ISO 8601 in UTC. Lists that can grow come in pages: give `nextCursor` of a page as `cursor` to get the next one.')}</p>
<section id="errors">
<h2>Errors that every operation may give</h2>
${table(['status', 'meaning', 'codes'], statuses)}
</section>
${sections.join('\n')}
</main>
</body>
</html>
`;
}

export const styleSheet = `:root { color-scheme: light dark; --line: #8886; --quiet: #777; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: 0.9rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav ul ul { padding-left: 1rem; margin-bottom: 0.5rem; }
main { padding: 1rem 2rem 4rem; max-width: 75rem; }
a { color: LinkText; text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
h2 { margin-top: 3rem; border-bottom: 2px solid var(--line); }
h3 a { color: inherit; }
h4 { margin: 1rem 0 0.25rem; }
article { padding: 0.5rem 0 1rem; border-bottom: 1px solid var(--line); scroll-margin-top: 1rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
.call b { display: inline-block; min-width: 4.5rem; padding: 0 0.4rem; border: 1px solid; border-radius: 0.25rem; text-align: center; }
.terms { color: var(--quiet); font-size: 0.9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.3rem 0.6rem; border: 1px solid var(--line); text-align: left; vertical-align: top; }
summary { cursor: pointer; }
pre { margin: 0; padding: 0.5rem; overflow: auto; max-height: 30rem; border: 1px solid var(--line); font: 0.8rem/1.4 ui-monospace, monospace; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; max-height: 40vh; border: 0; } main { padding: 1rem; } }
@media print { nav { display: none; } details { display: block; } }
`;

/** Writes the page and its style sheet. `root`: the checkout, which has the examples. */
export async function writeApiPage(folder: string, root: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.html'), apiPage(operations, readExamples(root)));
  await writeFile(join(folder, 'style.css'), styleSheet);
}
