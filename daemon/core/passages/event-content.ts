/** The `data` of a recorded event; undefined where its content cannot be read. */
export function dataOf(payload: Uint8Array): unknown {
  try {
    return Object(JSON.parse(new TextDecoder().decode(payload)))['data'];
  } catch {
    return undefined;
  }
}
