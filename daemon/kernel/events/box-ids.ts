/** The ids of a box and of its site; both are slugs. */
export interface BoxIds {
  readonly siteId: string;
  readonly boxId: string;
}
