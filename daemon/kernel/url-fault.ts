/** What the form of an address lacks. */
export type UrlFault = 'not-a-url' | 'other-scheme' | 'no-host' | 'login-inside';

/** What is wrong with an address, which must have one of these schemes and no login in it. Undefined if nothing is. */
export function urlFault(text: string, schemes: readonly string[]): UrlFault | undefined {
  if (!URL.canParse(text)) return 'not-a-url';
  const { protocol, hostname, username, password } = new URL(text);
  if (!schemes.includes(protocol.slice(0, -1))) return 'other-scheme';
  if (hostname === '') return 'no-host';
  return username === '' && password === '' ? undefined : 'login-inside';
}

/** The schemes of the addresses of cameras. */
export const cameraSchemes = ['rtsp', 'rtsps'] as const;
