/** Which box of which site; both are slugs. */
export interface BoxIdentity {
  readonly siteId: string;
  readonly boxId: string;
}
