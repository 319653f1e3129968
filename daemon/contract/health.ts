import { z } from 'zod';
import { operation } from './operation.js';

export const healthOperations = {
  'health.live': operation({
    method: 'GET',
    path: '/health/live',
    summary: 'Answer if the daemon runs.',
    answer: { kind: 'json', schema: z.object({ state: z.literal('live') }) },
    errors: [],
    scope: 'public',
    rate: 'default',
  }),
  'health.ready': operation({
    method: 'GET',
    path: '/health/ready',
    summary: 'Answer if the box recognises people and records events; otherwise give the error not-ready.',
    description:
      'A load balancer or a supervisor needs only the HTTP status: 200 or 503. `details.reasons` of the error lists the reasons for a caller with the scope `status:read`, and is absent for others.',
    answer: { kind: 'json', schema: z.object({ state: z.literal('ready') }) },
    errors: ['not-ready'],
    scope: 'public',
    rate: 'default',
  }),
  'metrics.read': operation({
    method: 'GET',
    path: '/metrics',
    summary: 'Read the counters of the box in the text format of Prometheus, or in OpenMetrics.',
    answer: {
      kind: 'file',
      mediaType: 'text/plain; version=0.0.4; charset=utf-8',
      alternative: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    },
    errors: [],
    scope: 'metrics:read',
    rate: 'default',
  }),
} as const;
