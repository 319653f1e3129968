import type { Command } from 'commander';
import { badInput } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import type { BoxStatus } from '../control/box-control.js';
import { ControlClient } from '../control/client.js';
import { eventKinds } from '../domain/events/event-type.js';
import { systemClock as clock } from '../host/system-clock.js';
import { openBrokerAccess } from '../publish/broker/broker-access.js';
import { checkBroker } from '../publish/broker/broker-check.js';
import { topicsOf } from '../publish/topics.js';
import { paintFor } from './colour.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { invalidConfig } from './daemon-client.js';
import { describeFinding, type Finding } from './doctor/doctor-finding.js';
import { placesOfDaemon } from './doctor/doctor-secret.js';
import { refusedTopicFindings } from './doctor/status-areas.js';
import { heldBackFindings } from './events/held-back-text.js';
import { type ExitCode, exitCodes, print, runAction } from './output.js';
import { siteTimeOf } from './site-time.js';

const timeoutMs = 5000;

interface CheckOptions extends CommonOptions {
  readonly events?: boolean;
}

/** Goes to the broker of the configuration, with or without the daemon, and shows each step as it is done. */
async function check({ config: path, json, events = false }: CheckOptions): Promise<ExitCode> {
  const loaded = await loadConfig(path);
  if (!loaded.ok) throw invalidConfig(path, loaded.problems);
  const { config } = loaded;
  const { mqtt, site, box } = config;
  if (mqtt === undefined) {
    throw badInput('no-broker', `${path} names no broker`, { remedy: 'add a section mqtt with its url' });
  }
  const identity = { siteId: site.id, boxId: box.id };
  const access = await openBrokerAccess(mqtt, await placesOfDaemon(config), identity);
  const topics = topicsOf(mqtt.topicPrefix, identity);
  const findings: Finding[] = [];
  const paint = paintFor(process.stdout);
  const show = (finding: Finding): void => {
    findings.push(finding);
    if (json !== true) process.stdout.write(`${describeFinding(finding, paint)}\n`);
  };
  for await (const step of checkBroker({ access, topics, clock, timeoutMs, triesEvents: events })) show(step);
  for (const finding of await daemonFindings(config)) show(finding);
  if (json === true) print(true, findings, () => '');
  return findings.some(({ outcome }) => outcome === 'failed') ? exitCodes.failed : exitCodes.done;
}

/** Which events and other topics the broker takes, and which it does not: the daemon finds out as it goes. */
async function daemonFindings({ control, site }: Config): Promise<readonly Finding[]> {
  const check = 'events';
  let status: BoxStatus;
  try {
    status = await new ControlClient(control.socketPath).status();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const remedy = "Start the daemon, or try the topics with 'rollcall mqtt check --events'.";
    const message = `${error.message}. Only a running daemon knows which events the broker takes.`;
    return [{ check, outcome: 'warning', message, remedy }];
  }
  const { broker, outbox } = status;
  // Its session may hold what the check, which has none, is not brought.
  if (broker.message !== undefined) {
    const { message, remedy } = broker;
    const finding = { check, outcome: 'failed', message: `the daemon is not connected: ${message}` } as const;
    return [remedy === undefined ? finding : { ...finding, remedy }];
  }
  const refused = [
    ...heldBackFindings(outbox.heldBack, siteTimeOf(site.timeZone).show),
    ...refusedTopicFindings(broker),
  ];
  return [...refused, takenFinding(status)];
}

function takenFinding({ broker, outbox: { heldBack = [] } }: BoxStatus): Finding {
  const { takenKinds = [], mqttVersion } = broker;
  const tried = new Set([...takenKinds, ...heldBack.map(({ kind }) => kind)]);
  const untried = eventKinds.filter((kind) => !tried.has(kind));
  const acknowledged =
    takenKinds.length === 0
      ? 'The broker has acknowledged no event since the daemon was started.'
      : `The broker has acknowledged events of these kinds since the daemon was started: ${takenKinds.join(', ')}.`;
  const doubt = mqttVersion === '3.1.1' ? ' With MQTT 3.1.1 it may have dropped them all the same.' : '';
  const rest = untried.length === 0 ? '' : ` Not known yet: ${untried.join(', ')}.`;
  return { check: 'events', outcome: 'ok', message: `${acknowledged}${doubt}${rest}` };
}

export function registerMqtt(program: Command): void {
  const mqtt = program.command('mqtt').description('look at the way to the broker');
  withCommonOptions(mqtt.command('check'))
    .description(
      'connect to the configured broker step by step, send a message to this box and say what fails first; exit code 1 if so',
    )
    .option(
      '--events',
      'publish the message on the topic of each kind of event too: subscribers get it, see docs/broker.md',
    )
    .action((options: CheckOptions) => runAction(options.json === true, () => check(options)));
}
