import type { BrokerPlace } from './broker-place.js';
import { mosquittoBroker } from './mosquitto-broker.js';
import { natsBroker } from './nats-broker.js';
import { rabbitmqBroker } from './rabbitmq-broker.js';
import { makeCertificates } from './site.js';
import { cellNames, type Result, tryCells } from './try-cells.js';

const kinds = [mosquittoBroker, rabbitmqBroker, natsBroker];

/** Arguments: a text that the names of cells contain, NAME=FOLDER of each root, then perhaps the names of brokers. */
const [only = '', ...others] = process.argv.slice(2);
const wanted = others.filter((argument) => !argument.includes('='));
const roots = others.filter((argument) => argument.includes('='));
const places: readonly BrokerPlace[] = roots.map((argument) => {
  const [name = '', root = '/'] = argument.split('=');
  return { name, root };
});

const isWanted = (cell: string): boolean => cell.includes(only);
if (!cellNames.some(isWanted)) {
  console.error(`error: no row contains "${only}"; the rows are: ${cellNames.join(', ')}`);
  process.exit(2);
}

const certificates = makeCertificates();
const columns: { readonly title: string; readonly results: readonly Result[] }[] = [];
for (const place of places) {
  for (const kind of kinds.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const version = kind.versionIn(place);
    const title = `${kind.name} ${version ?? 'not installed'} (${place.name})`;
    if (version === undefined) {
      console.error(`== ${title}`);
      continue;
    }
    const results: Result[] = [];
    const onResult = (result: Result): void => {
      console.error(`== ${title}: ${result.cell}: ${result.text}`);
      results.push(result);
    };
    await tryCells({ kind, place, certificates, isWanted, onResult });
    columns.push({ title, results });
  }
}
console.log(`| | ${columns.map(({ title }) => title).join(' | ')} |`);
console.log(`|---|${columns.map(() => '---|').join('')}`);
for (const name of cellNames.filter(isWanted)) {
  const texts = columns.map(({ results }) => results.find(({ cell }) => cell === name)?.text.split('\n')[0]);
  console.log(`| ${name} | ${texts.map((text) => text ?? '–').join(' | ')} |`);
}
// A cell that did not end in time has left its connections.
process.exit(columns.every(({ results }) => results.every(({ isGood }) => isGood)) ? 0 : 1);
