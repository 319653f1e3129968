/** Whoever opens what was sealed to the box: to the X25519 key of its key set, or to a former one that is still in it. */
export interface BoxDecryption {
  /**
   * What `sealed` (crypto_box_seal of libsodium) holds, in memory made for keys; the caller wipes it. Undefined where it was
   * sealed to another key, or was altered.
   */
  open(sealed: Uint8Array): Uint8Array | undefined;
}
