/** Who does something to the box, and from where. Part of every audit entry. */
export interface Actor {
  /** A word, or a word and an id: `daemon`, `retention`, `uid:1000`. Never a person's name. */
  readonly actor: string;
  /** How the actor reaches the box: `start`, `local socket pid 123`. */
  readonly origin: string;
}

/** The daemon itself while it starts. */
export const daemonAtStart: Actor = { actor: 'daemon', origin: 'start' };
/** The daily run that forgets what is due. */
export const retentionRun: Actor = { actor: 'retention', origin: 'schedule' };

const actorForm = /^[a-z][a-z0-9-]{0,31}(?::[A-Za-z0-9._-]{1,64})?$/;
const originForm = /^[A-Za-z0-9[][A-Za-z0-9 ._:/%[\]-]{0,127}$/;

/** Whether both parts have the form that an audit entry may hold. */
export function isActor({ actor, origin }: Actor): boolean {
  return actorForm.test(actor) && originForm.test(origin);
}
