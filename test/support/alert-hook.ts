import type { HttpSink } from './alert-sinks.js';

/** The configuration of a webhook to `sink`. */
export const hook = (sink: { readonly port: number }, id = 'ops'): string =>
  `{ id: ${id}, url: "http://127.0.0.1:${sink.port}/", secret: ops-secret }`;

/** A rule about `on` that uses the webhook `ops`; `more` begins with a comma. */
export const rule = (on: string, more = ''): string => `{ id: r-${on}, on: ${on}, channels: [ops]${more} }`;

/** The configuration of alerts by such rules to `sink`. */
export const alerting = (sink: HttpSink, ...rules: readonly string[]): string =>
  `{ webhooks: [${hook(sink)}], rules: [${rules.join(', ')}] }`;

export interface Posted {
  readonly id: string;
  readonly phase: string;
  readonly on: string;
  readonly rule: string;
  readonly subject: string;
  readonly parts: readonly {
    readonly camera: string | null;
    readonly cameras: readonly string[];
    readonly strangers: readonly string[];
    readonly count: number;
  }[];
}

/** The alerts that arrived at `sink`, in order. */
export const posted = (sink: HttpSink): readonly Posted[] =>
  sink.requests.map(({ body }) => JSON.parse(body) as Posted);

export const subjects = (sink: HttpSink): readonly string[] => posted(sink).map(({ subject }) => subject);
