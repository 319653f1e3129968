/**
 * The delivery state of a recorded event.
 * - `waiting`: no broker has taken it.
 * - `kept-for-centre`: the centre has not confirmed it yet.
 * - `given-up`: it was dropped, and a gap event reports that.
 * - `delivered`: it has left the outbox.
 */
export const eventDeliveries = ['waiting', 'kept-for-centre', 'given-up', 'delivered'] as const;
export type EventDelivery = (typeof eventDeliveries)[number];

/**
 * Why an event waits while others are delivered. `topic-refused`: the broker refuses the topic of the whole kind;
 * `too-large`: the event is larger than the broker takes; `ends-connection`: the broker ends the connection
 * whenever the event is sent.
 */
export const holdingCauses = ['topic-refused', 'too-large', 'ends-connection'] as const;
export type HoldingCause = (typeof holdingCauses)[number];
