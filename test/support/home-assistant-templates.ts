import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./home-assistant-templates.py', import.meta.url));

/** For a test's `skip`: why templates cannot be evaluated, or false. */
export const withoutJinja: string | false =
  spawnSync('python3', ['-c', 'import jinja2']).status !== 0 &&
  'Python 3 with jinja2 is not installed (apt-get install python3-jinja2)';

export interface TemplateCase {
  readonly template: string;
  /** The payload as it came from the broker. */
  readonly payload: string;
  /** The state of the entity before. */
  readonly before: string;
}

/** Renders the templates with Jinja, the template engine of Home Assistant. */
export function renderTemplates(cases: readonly TemplateCase[]): readonly string[] {
  const run = spawnSync('python3', [script], { input: JSON.stringify(cases), encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as readonly string[];
}
