import type { Fault } from '../../contract/api-errors.js';
import type { Handlers } from '../../contract/handlers.js';
import type { healthOperations } from '../../contract/health.js';
import type { BoxStatus } from '../../contract/status.js';
import { failure } from '../../words/errors.js';
import { refuseLimited } from '../api/forbidden.js';
import { type MetricFormat, metricFormats } from '../metrics/metric-families.js';

/** The parts of the status. Each is read when it is needed: callers without a login can ask, too. */
export interface HealthOptions {
  readonly metrics: (format: MetricFormat) => Promise<string>;
  readonly gallery: () => BoxStatus['gallery'];
  readonly vision: () => BoxStatus['vision'];
  readonly intake: () => BoxStatus['intake'];
}

/** Whether the box lives and works, for supervisors and monitoring systems. */
export function healthHandlers(options: HealthOptions): Handlers<typeof healthOperations> {
  return {
    'health.live': () => ({ state: 'live' }),
    'health.ready'(_input, { caller }) {
      const reasons = reasonsAgainst(options);
      if (reasons.length === 0) return { state: 'ready' };
      throw failure(
        'not-ready',
        {},
        { retryable: true, ...(caller.scopes.has('status:read') ? { details: { reasons } } : {}) },
      );
    },
    async 'metrics.read'(_input, { acceptsMediaType, caller }) {
      refuseLimited(caller, 'all-cameras:metrics');
      const format = acceptsMediaType?.(metricFormats.openMetrics) === true ? 'openMetrics' : 'text';
      return { bytes: Buffer.from(await options.metrics(format), 'utf8'), mediaType: metricFormats[format] };
    },
  };
}

/** Why no person is recognised or no event is recorded. */
function reasonsAgainst({ gallery, vision, intake }: HealthOptions): readonly Fault[] {
  const reasons: Fault[] = [];
  const { state, code = 'gallery-sealed', message = 'the gallery is sealed', remedy = '' } = gallery();
  if (state === 'sealed') reasons.push({ code, message, remedy });
  if (vision().every((process) => process.state !== 'running')) {
    const remedyForVision =
      'read the log: journalctl --namespace +rollcall-vision -u rollcalld -u "rollcall-vision-*"';
    const without = { code: 'vision-unavailable', message: 'no vision process is running' };
    reasons.push({ ...without, remedy: remedyForVision });
  }
  const { problem } = intake();
  if (problem !== undefined) reasons.push(problem);
  return reasons;
}
