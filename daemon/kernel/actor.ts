/** The author of an action, and how they reached the box. Part of every audit entry. */
export interface Actor {
  /** A word, or a word and an id: `daemon`, `retention`, `uid:1000`. Never a person's name. */
  readonly actor: string;
  /** The way to the box: `start`, `local socket pid 123`. */
  readonly origin: string;
}

/** The actor alone of something that knows more, such as the caller of an operation. */
export function actorOf({ actor, origin }: Actor): Actor {
  return { actor, origin };
}

/** The daemon itself while it starts. */
export const daemonAtStart: Actor = { actor: 'daemon', origin: 'start' };
/** The daily run of retention. */
export const retentionRun: Actor = { actor: 'retention', origin: 'schedule' };

const actorForm = /^[a-z][a-z0-9-]{0,31}(?::[A-Za-z0-9._-]{1,64})?$/;
const originForm = /^[A-Za-z0-9[][A-Za-z0-9 ._:/%[\]-]{0,127}$/;

/** Whether both parts have the form that an audit entry allows. */
export function isActor({ actor, origin }: Actor): boolean {
  return actorForm.test(actor) && originForm.test(origin);
}
