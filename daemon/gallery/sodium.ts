import sodium from 'libsodium-wrappers-sumo';

export type Sodium = typeof sodium;

/** libsodium, once its WebAssembly module is initialised. Cheap after the first call. */
export async function loadSodium(): Promise<Sodium> {
  await sodium.ready;
  return sodium;
}
