import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { readOptions } from '../options.js';
import { describeApi, isNode } from './description.js';
import { fuzzApi } from './fuzz.js';

/**
 * Sends valid and nearly valid requests to a box, made from `docs/contract/openapi.yaml` alone. Exits with 1 if the box
 * answers with a mistake of the program, or with anything else that the document does not describe.
 *   node --import tsx scripts/fuzz-api/main.ts --socket SOCKET [--seconds 60] [--seed 1]
 *   node --import tsx scripts/fuzz-api/main.ts --url https://localhost:8443 --token-file FILE --ca FILE
 * It changes and erases what the box holds: use it on a box for tests only.
 */
const { values } = readOptions('node --import tsx scripts/fuzz-api/main.ts', {
  options: {
    socket: { type: 'string' },
    url: { type: 'string' },
    ca: { type: 'string' },
    'token-file': { type: 'string' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    picture: { type: 'string', multiple: true, default: [] },
    without: { type: 'string', multiple: true, default: [] },
    document: { type: 'string', default: 'docs/contract/openapi.yaml' },
  },
});
if ((values.socket === undefined) === (values.url === undefined)) {
  process.stderr.write('give either --socket or --url\n');
  process.exit(2);
}
const document: unknown = parse(await readFile(values.document, 'utf8'));
if (!isNode(document)) throw new Error(`${values.document} is no OpenAPI document`);
const textOf = (path: string | undefined): Promise<string | undefined> =>
  path === undefined ? Promise.resolve(undefined) : readFile(path, 'utf8');
const [token, certificate] = [(await textOf(values['token-file']))?.trim(), await textOf(values.ca)];
const report = await fuzzApi({
  description: describeApi(document),
  target: {
    ...(values.socket === undefined ? {} : { socketPath: values.socket }),
    ...(values.url === undefined ? {} : { url: values.url }),
    ...(token === undefined ? {} : { token }),
    ...(certificate === undefined ? {} : { certificate }),
  },
  until: { durationMs: Number(values.seconds) * 1000 },
  seed: Number(values.seed),
  files: await Promise.all([Buffer.from('no picture'), ...values.picture.map((path) => readFile(path))]),
  without: new Set(values.without),
});
for (const [what, count] of [...report.counts].toSorted()) process.stdout.write(`${count}\t${what}\n`);
for (const [id, ms] of [...report.slowestMs].toSorted(([, one], [, other]) => other - one).slice(0, 10)) {
  process.stdout.write(`slowest: ${id} ${ms.toFixed(0)} ms\n`);
}
for (const { operation, problem, request } of report.faults) {
  process.stdout.write(`FAULT ${operation}: ${problem}\n    ${request}\n`);
}
if (report.faults.length > 0) process.exitCode = 1;
