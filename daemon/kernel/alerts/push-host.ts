/** The push services of the makers of browsers: Google, Mozilla, Apple, and Microsoft. */
export const pushHosts = [
  ...['fcm.googleapis.com', '*.push.services.mozilla.com', '*.push.apple.com', '*.notify.windows.com'],
] as const;

/** Whether one of these names the host of a push service. `*.example.org`: every host below `example.org`. */
export const isPushHost = (host: string, named: readonly string[]): boolean =>
  named.some((each) => (each.startsWith('*.') ? host.endsWith(each.slice(1)) : host === each));

/**
 * The address that a browser names as its push service, if the box may post there; undefined for any other text: it comes from a
 * caller of the API.
 */
export function pushAddress(text: string, named: readonly string[]): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = url.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
  return isPlain && isPushHost(url.host, named) ? url : undefined;
}
