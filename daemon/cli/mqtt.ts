import type { Command } from 'commander';
import { badInput } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { ControlClient } from '../control/client.js';
import { systemClock as clock } from '../host/system-clock.js';
import { openBrokerAccess } from '../publish/broker/broker-access.js';
import { checkBroker } from '../publish/broker/broker-check.js';
import { topicsOf } from '../publish/topics.js';
import { paintFor } from './colour.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { describeFinding, type Finding } from './doctor/doctor-finding.js';
import { placesOfDaemon } from './doctor/doctor-secret.js';
import { type ExitCode, exitCodes, print, runAction } from './output.js';

const timeoutMs = 5000;

/** Goes to the broker of the configuration, with or without the daemon, and shows each step as it is done. */
async function check({ config: path, json }: CommonOptions): Promise<ExitCode> {
  const loaded = await loadConfig(path);
  if (!loaded.ok) {
    throw badInput('invalid-config', `${path} is not valid`, {
      remedy: `run 'rollcall check-config --config ${path}' to see why`,
    });
  }
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
  for await (const step of checkBroker({ access, topics, clock, timeoutMs })) show(step);
  for (const finding of await heldFindings(config)) show(finding);
  if (json === true) print(true, findings, () => '');
  return findings.some(({ outcome }) => outcome === 'failed') ? exitCodes.failed : exitCodes.done;
}

/** Events cannot be tried without being taken for true: only the daemon knows which of them the broker refuses. */
async function heldFindings({ control }: Config): Promise<readonly Finding[]> {
  let broker: Awaited<ReturnType<ControlClient['status']>>['broker'];
  try {
    ({ broker } = await new ControlClient(control.socketPath).status());
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = `${error.message}: only a running daemon knows which events the broker refuses`;
    return [{ check: 'events', outcome: 'warning', message }];
  }
  // Its session may hold what the check, which has none, is not brought.
  if (broker.message !== undefined) {
    const { message, remedy } = broker;
    const finding = { check: 'events', outcome: 'failed', message: `the daemon: ${message}` } as const;
    return [remedy === undefined ? finding : { ...finding, remedy }];
  }
  const held = broker.heldKinds ?? [];
  if (held.length === 0)
    return [{ check: 'events', outcome: 'ok', message: 'the broker refuses none of the daemon' }];
  const message = `the broker refuses events of these kinds, which wait on the box: ${held.join(', ')}`;
  const remedy = 'Allow this box to publish on their topics, as config/mosquitto-acl.example does.';
  return [{ check: 'events', outcome: 'failed', message, remedy }];
}

export function registerMqtt(program: Command): void {
  const mqtt = program.command('mqtt').description('look at the way to the broker');
  withCommonOptions(mqtt.command('check'))
    .description(
      'connect to the configured broker step by step, send a message to this box and say what fails first; exit code 1 if so',
    )
    .action((options: CommonOptions) => runAction(options.json === true, () => check(options)));
}
