/** Where this page is, as `location` tells. */
interface Place {
  readonly origin: string;
  readonly hostname: string;
}

const isLoopback = (hostname: string): boolean =>
  /^(localhost|127\.[\d.]+|\[::1\])$|\.localhost$/.test(hostname);
const isNumber = (hostname: string): boolean => /^[\d.]+$|^\[/.test(hostname);

/**
 * Where another device may open the console, the best first: by a name of the box, then where this browser reached it, then by an
 * address of the box. What this device calls itself leads a phone to the phone. `known`: what the box says of itself.
 */
export function deviceOrigins(here: Place, known: readonly string[]): readonly string[] {
  if (isLoopback(here.hostname)) return known;
  const others = known.filter((origin) => new URL(origin).hostname !== here.hostname);
  // A proxy before the box may have another port, so that where this browser is counts.
  if (others.length < known.length && !isNumber(here.hostname)) return [here.origin, ...others];
  const named = others.filter((origin) => !isNumber(new URL(origin).hostname));
  return [...named, here.origin, ...others.filter((origin) => !named.includes(origin))];
}
