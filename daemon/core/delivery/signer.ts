/** Signs the messages that leave the box. */
export interface Signer {
  /**
   * Returns `json` with `"signature":"<protected>..<signature>"` added as its last attribute; the rest of the text stays as
   * it is. `json` is an object with at least one attribute and without `signature`. See docs/reference/identity.md.
   * @throws the defect `not-signable` for any other text
   */
  sign(json: string): Promise<string>;
}
