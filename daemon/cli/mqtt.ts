import type { Command } from 'commander';
import { loadConfig } from '../contract/settings/load.js';
import type { Config } from '../contract/settings/schema.js';
import type { BoxStatus } from '../contract/status.js';
import { ControlClient } from '../core/api/client.js';
import { openBrokerAccess } from '../core/delivery/broker/broker-access.js';
import { checkBroker } from '../core/delivery/broker/broker-check.js';
import { topicsOf } from '../core/delivery/topics.js';
import { daemonCredentialPlaces } from '../core/doctor/daemon-user.js';
import { heldBackFindings } from '../core/doctor/held-back-text.js';
import { refusedTopicFindings } from '../core/doctor/status-areas.js';
import { terminalLanguage } from '../host/installed-languages.js';
import { type ExitCode, exitCodes, print, runAction } from '../host/output.js';
import { systemClock as clock } from '../host/system-clock.js';
import { badInput } from '../kernel/errors.js';
import { eventKinds } from '../kernel/events/event-type.js';
import type { BoxIds } from '../kernel/ids.js';
import { present } from '../kernel/present.js';
import { paintFor } from './colour.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { invalidConfig } from './daemon-client.js';
import { describeFinding, type ShownFinding } from './finding-text.js';
import { siteTimeOf } from './site-time.js';

const timeoutMs = 5000;

interface CheckOptions extends CommonOptions {
  readonly events?: boolean;
}

/** Checks the configured broker step by step, with or without the daemon. Shows each step when it is done. */
async function check({ config: path, json, events = false }: CheckOptions): Promise<ExitCode> {
  const loaded = await loadConfig(path);
  if (!loaded.ok) throw invalidConfig(path, loaded.problems);
  const { config } = loaded;
  const { mqtt, site, box } = config;
  if (mqtt === undefined) {
    throw badInput('no-broker', `${path} does not name a broker`, {
      remedy: 'Add a section "mqtt" with the URL of the broker.',
    });
  }
  const identity = { siteId: site.id, boxId: box.id };
  const running = await statusOf(config);
  const pending = pendingRestart(running, identity);
  const access = await openBrokerAccess(mqtt, await daemonCredentialPlaces(config), identity);
  const topics = topicsOf(mqtt.topicPrefix, identity);
  const findings: ShownFinding[] = [];
  const language = terminalLanguage();
  const paint = paintFor(process.stdout);
  const show = (finding: ShownFinding): void => {
    findings.push(finding);
    if (json !== true) process.stdout.write(`${describeFinding(finding, paint, language)}\n`);
  };
  if (pending !== undefined) show(pending);
  for await (const step of checkBroker({ access, topics, clock, timeoutMs, triesEvents: events })) show(step);
  for (const finding of daemonFindings(config, running)) show(finding);
  if (json === true) print(true, findings, () => '');
  return findings.some(({ outcome }) => outcome === 'failed') ? exitCodes.failed : exitCodes.done;
}

/** The status of the running daemon, or why there is none. */
async function statusOf({ control }: Config): Promise<BoxStatus | Error> {
  try {
    return await new ControlClient(control.socketPath).call('status.show');
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** A daemon that was not restarted after a change of its names sends nothing that a broker for the new names accepts. */
function pendingRestart(status: BoxStatus | Error, { siteId, boxId }: BoxIds): ShownFinding | undefined {
  if (status instanceof Error || (status.site === siteId && status.box === boxId)) return undefined;
  const message = `the daemon still runs as site "${status.site}", box "${status.box}"; the configuration says site "${siteId}", box "${boxId}"`;
  const remedy = "Restart the daemon: 'systemctl restart rollcalld'.";
  return { check: 'names', outcome: 'failed', message, remedy };
}

/** Which events and other topics the broker accepts. Only the daemon knows, because it publishes them. */
function daemonFindings({ site }: Config, status: BoxStatus | Error): readonly ShownFinding[] {
  const check = 'events';
  if (status instanceof Error) {
    const remedy = "Start the daemon, or test the topics with 'rollcall mqtt check --events'.";
    const message = `${status.message}; only a running daemon knows which events the broker accepts`;
    return [{ check, outcome: 'warning', message, remedy }];
  }
  const { broker, outbox } = status;
  // The daemon can fail where this check succeeds: the broker may keep a session of the daemon.
  if (broker.message !== undefined) {
    const message = `the daemon is not connected: ${broker.message}`;
    return [{ check, outcome: 'failed', message, ...present({ remedy: broker.remedy }) }];
  }
  const refused = [
    ...heldBackFindings(outbox.heldBack, siteTimeOf(site.timeZone).show),
    ...refusedTopicFindings(broker),
  ];
  return [...refused, takenFinding(status)];
}

/** Which kinds of event the broker has acknowledged since the daemon started, and of which nothing is known yet. */
export function takenFinding({
  broker,
  outbox: { heldBack = [] },
}: Pick<BoxStatus, 'broker' | 'outbox'>): ShownFinding {
  const { takenKinds = [], mqttVersion } = broker;
  const tried = new Set([...takenKinds, ...heldBack.map(({ kind }) => kind)]);
  const untried = eventKinds.filter((kind) => !tried.has(kind));
  const acknowledged =
    takenKinds.length === 0
      ? 'The broker has acknowledged no event since the daemon started.'
      : `Since the daemon started, the broker has acknowledged events of these kinds: ${takenKinds.join(', ')}.`;
  const doubt = mqttVersion === '3.1.1' ? ' With MQTT 3.1.1 it may still have dropped them.' : '';
  const rest = untried.length === 0 ? '' : ` Not known yet: ${untried.join(', ')}.`;
  return { check: 'events', outcome: 'ok', message: `${acknowledged}${doubt}${rest}` };
}

export function registerMqtt(program: Command): void {
  const mqtt = program.command('mqtt').description('check the connection to the broker');
  withCommonOptions(mqtt.command('check'))
    .description(
      'connect to the configured broker step by step and send a test message to this box; exit code 1 at the first step that fails',
    )
    .option(
      '--events',
      'also publish the test message on the topic of each event kind; subscribers receive it, see docs/reference/broker.md',
    )
    .action((options: CheckOptions) => runAction(options.json === true, () => check(options)));
}
