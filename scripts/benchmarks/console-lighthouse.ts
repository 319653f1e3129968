import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConsoleBox } from '../../test/support/console-box.js';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { stops } from '../tour-stops.js';

/** The last one for Node.js 20. npm fetches it when it is used: it is larger than all that the program needs. */
const lighthouse = 'lighthouse@12.8.2';
const headers = 'headers.json';
const categories = ['performance', 'accessibility', 'best-practices'] as const;

interface Report {
  readonly categories: Readonly<Record<string, { readonly score: number | null }>>;
  readonly audits: Readonly<
    Record<string, { readonly title: string; readonly score: number | null; readonly displayValue?: string }>
  >;
  readonly runtimeError?: { readonly message: string };
}

/**
 * Scores pages of the console with Lighthouse, as on the phone that it simulates by default: every page that has an address of its own,
 * or those of `only`, by the names of the tour. Prints what lowered a score below 95.
 */
export async function scorePages(box: ConsoleBox, only: readonly string[]): Promise<void> {
  await using directory = await temporaryDirectory();
  const { context } = await box.open('admin', '/docs');
  const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  // In a file: everybody on the machine can read the arguments of a process.
  await writeFile(join(directory.path, headers), JSON.stringify({ cookie }), { mode: 0o600 });
  await context.close();
  console.log(`pages, scored by ${lighthouse}: ${categories.join(', ')}`);
  for (const { name, route = '/', path, isPublic = false } of stops) {
    const isWanted = only.length === 0 ? path === undefined : only.includes(name);
    if (!isWanted) continue;
    const report = await reportOn(`${box.url}${route}`, directory.path, { isPublic });
    const scores = categories.map((each) => Math.round(100 * (report.categories[each]?.score ?? 0)));
    const failure = report.runtimeError === undefined ? '' : ` (${report.runtimeError.message})`;
    console.log(`  ${name}: ${scores.join(', ')}${failure}`);
    if (scores.some((each) => each < 95)) console.log(loweredBy(report));
  }
}

/** Lighthouse fails where it recorded nothing that it can use, as happens on a busy machine: then once more. */
async function reportOn(
  url: string,
  folder: string,
  { isPublic, triesLeft = 2 }: { readonly isPublic: boolean; readonly triesLeft?: number },
): Promise<Report> {
  const path = join(folder, 'report.json');
  const args = [
    ...['--yes', lighthouse, url, '--quiet', '--output=json', `--output-path=${path}`],
    `--only-categories=${categories.join(',')}`,
    '--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage --ignore-certificate-errors',
    ...(isPublic ? [] : [`--extra-headers=${join(folder, headers)}`]),
  ];
  const environment = { ...process.env, CHROME_PATH: '/usr/bin/chromium' };
  await rm(path, { force: true });
  await once(spawn('npx', args, { env: environment, stdio: 'ignore' }), 'close');
  if (!existsSync(path)) throw new Error(`${lighthouse} wrote no report: npm must be able to fetch it`);
  const report = JSON.parse(await readFile(path, 'utf8')) as Report;
  return report.runtimeError === undefined || triesLeft === 0
    ? report
    : reportOn(url, folder, { isPublic, triesLeft: triesLeft - 1 });
}

const loweredBy = ({ audits }: Report): string =>
  Object.values(audits)
    .filter(({ score }) => score !== null && score < 0.9)
    .map(({ title, displayValue = '' }) => `    ${title} ${displayValue}`)
    .join('\n');
