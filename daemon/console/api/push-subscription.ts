/** Whether this browser can show alerts of the box: it needs an address with a certificate that it trusts, and iOS an installed app. */
export const canShowAlerts = 'serviceWorker' in navigator && 'PushManager' in globalThis;

const current = async (): Promise<PushSubscription | null | undefined> => {
  if (!canShowAlerts) return undefined;
  const registration = await navigator.serviceWorker.getRegistration();
  return await registration?.pushManager.getSubscription();
};

/** The id under which the box knows this browser, if it has a subscription. */
export async function idOfThisDevice(): Promise<string | undefined> {
  const subscription = await current();
  if (subscription === null || subscription === undefined) return undefined;
  const address = new TextEncoder().encode(subscription.endpoint);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', address)).slice(0, 16);
  const base64 = btoa(String.fromCharCode(...digest)).replace(/=+$/, '');
  return `d-${base64.replaceAll('+', '-').replaceAll('/', '_')}`;
}

/**
 * Subscribes this browser at the push service of its maker.
 * @returns what the box must know, or why the browser did not: `denied` by its user, or `failed`
 */
export async function subscribe(applicationServerKey: string) {
  try {
    const registration = await navigator.serviceWorker.register('/service-worker.js');
    // The user may have subscribed for another account, or another box at this address.
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    const options = { userVisibleOnly: true, applicationServerKey };
    const { endpoint = '', keys } = (await registration.pushManager.subscribe(options)).toJSON();
    return { endpoint, p256dh: keys?.['p256dh'] ?? '', auth: keys?.['auth'] ?? '' };
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return error.name === 'NotAllowedError' ? 'denied' : 'failed';
  }
}

/** Ends the subscription of this browser, if there is one: its push service then no longer knows it. */
export async function unsubscribe(): Promise<void> {
  await (await current())?.unsubscribe();
}
