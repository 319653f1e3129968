import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { BrokerCheckStep, HostReport, hostOperations } from '../../contract/host.js';
import { limitedTo } from '../../contract/settings/limited-config.js';
import { dataDirectories, namedSecrets } from '../../contract/settings/machine-needs.js';
import type { Config } from '../../contract/settings/schema.js';
import type { statusOperations } from '../../contract/status.js';
import { findCredential } from '../../host/credentials.js';
import type { RecentLog } from '../../host/recent-log.js';
import { currentUser } from '../../host/system-user.js';
import { actorOf } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { reportOnHost } from '../api/host-report.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import { openBrokerAccess } from '../delivery/broker/broker-access.js';
import { checkBroker } from '../delivery/broker/broker-check.js';
import { topicsOf } from '../delivery/topics.js';
import { examineBox } from '../doctor/doctor.js';
import { logPage } from './host-logs.js';

/** Of each step of a check of the broker. */
const stepWithinMs = 5_000;

export interface HostHandlersOptions {
  readonly configPath: string;
  /** The configuration in force. */
  readonly current: () => Config;
  readonly status: Handlers<typeof statusOperations>['status.show'];
  readonly log: RecentLog;
  readonly audit: { append(entry: NewAuditEntry): unknown };
  readonly clock: Clock;
}

/** The operations that show the machine as the daemon sees it, and what the daemon says. */
export function hostHandlers(options: HostHandlersOptions): Handlers<typeof hostOperations> {
  const { configPath, current, status, log, audit, clock } = options;
  const report = ({ cameras }: Pick<Caller, 'cameras'>): Promise<HostReport> => {
    const config = limitedTo(current(), cameras);
    const places = { secretsDirectory: config.secretsDir };
    return reportOnHost({
      user: currentUser(),
      secrets: namedSecrets(config),
      directories: dataDirectories(config),
      nowMs: clock.wallMs(),
      find: (name) => findCredential(name, places),
    });
  };
  return {
    'host.show': (_input, { caller }) => report(caller),
    'host.doctor': async (_input, call) => ({
      findings: await examineBox(configPath, {
        cameras: call.caller.cameras,
        ask: async () => ({ status: await status({}, call), report: await report(call.caller) }),
      }),
    }),
    'host.logs': (question, { caller }) => logPage(log, question, caller),
    'host.check-broker': ({ triesEvents }, { caller }) => {
      const steps = brokerSteps(current(), clock, triesEvents);
      // Subscribers may receive the test messages: the log says who sent them.
      audit.append({ by: actorOf(caller), action: 'broker.checked', details: { triesEvents } });
      return steps;
    },
  };
}

/** Connects to the broker beside the connection of the daemon. @throws `no-broker` */
function brokerSteps(config: Config, clock: Clock, triesEvents: boolean): AsyncIterable<BrokerCheckStep> {
  const { mqtt, site, box, secretsDir } = config;
  if (mqtt === undefined) {
    throw refusal('no-broker');
  }
  const identity = { siteId: site.id, boxId: box.id };
  return (async function* steps() {
    const access = await openBrokerAccess(mqtt, { secretsDirectory: secretsDir }, identity).catch(
      (error: unknown): BrokerCheckStep => {
        if (!isRollcallError(error)) throw error;
        const { code, message, remedy } = error;
        return { check: 'secrets', outcome: 'failed', code, message, ...present({ remedy }) };
      },
    );
    if ('outcome' in access) {
      yield access;
      return;
    }
    try {
      const topics = topicsOf(mqtt.topicPrefix, identity);
      yield* checkBroker({ access, topics, clock, timeoutMs: stepWithinMs, triesEvents });
    } finally {
      access.credential?.password.fill(0);
    }
  })();
}
