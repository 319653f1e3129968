import { z } from 'zod';
import { field } from './field.js';

export const metricsSchema = z.strictObject({
  port: field(
    z.int().min(1024).max(65_535).exactOptional(),
    'restart',
    'Port at 127.0.0.1 where a monitoring agent on this machine reads the metrics over HTTP, at `/metrics`, without a login. Absent: only callers with a login read them.',
  ),
});
