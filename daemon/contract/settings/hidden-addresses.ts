import { isScalar, parseDocument, visit } from 'yaml';
import type { Config } from './schema.js';

type Addressed = Pick<Config, 'liveness' | 'alerts'>;

/** The addresses of webhooks, of topics and of gateways: many services put a secret into path or query. */
export function webhookAddresses({ liveness, alerts }: Addressed): ReadonlySet<string> {
  const { promptWebhook } = liveness;
  const channels = [...alerts.webhooks, ...alerts.ntfy, ...alerts.sms];
  return new Set([...channels, ...(promptWebhook ? [promptWebhook] : [])].map(({ url }) => url));
}

/** The configuration with the hosts of these addresses alone. */
export function withHiddenAddresses<Part extends Addressed>(config: Part): Part {
  const { liveness, alerts } = config;
  const { promptWebhook } = liveness;
  const hidden = <Webhook extends { readonly url: string }>(webhook: Webhook): Webhook => ({
    ...webhook,
    url: hiddenAddress(webhook.url),
  });
  return {
    ...config,
    liveness: { ...liveness, ...(promptWebhook && { promptWebhook: hidden(promptWebhook) }) },
    alerts: {
      ...alerts,
      webhooks: alerts.webhooks.map(hidden),
      ntfy: alerts.ntfy.map(hidden),
      sms: alerts.sms.map(hidden),
    },
  };
}

/** The text of a configuration file, in which these addresses have their hosts alone, however they are written. */
export function textWithHiddenAddresses(text: string, addresses: ReadonlySet<string>): string {
  const found: { readonly start: number; readonly end: number; readonly address: string }[] = [];
  visit(parseDocument(text), {
    Scalar(_key, node) {
      const { value, range } = node;
      if (!isScalar(node) || typeof value !== 'string' || !addresses.has(value) || !range) return;
      found.push({ start: range[0], end: range[1], address: value });
    },
  });
  let shown = text;
  // From the end on, so that the places before stay.
  for (const { start, end, address } of found.sort((a, b) => b.start - a.start))
    shown = `${shown.slice(0, start)}${JSON.stringify(hiddenAddress(address))}${shown.slice(end)}`;
  // Comments may repeat one.
  for (const address of addresses) shown = shown.replaceAll(address, hiddenAddress(address));
  return shown;
}

/** What follows the host is left out; an address without it stays as it is. */
function hiddenAddress(address: string): string {
  const { protocol, host, pathname, search } = new URL(address);
  return `${protocol}//${host}${pathname === '/' && search === '' ? '' : '/…'}`;
}
