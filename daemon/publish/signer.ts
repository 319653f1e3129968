/** Whoever signs what leaves the box. */
export interface Signer {
  /**
   * `json`, the text of an object with at least one attribute and none called `signature`, with the last attribute
   * `"signature":"<protected>..<signature>"` added; nothing else of the text changes. See docs/identity.md.
   * @throws the defect `not-signable` for another text
   */
  sign(json: string): Promise<string>;
}
