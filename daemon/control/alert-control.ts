/** An alert and what became of it. Times are ISO 8601 in UTC. */
export interface ShownAlert {
  /** Bears the same id at every channel. */
  readonly id: string;
  readonly time: string;
  readonly phase: 'raised' | 'cleared' | 'test';
  readonly rule: string;
  readonly on: string;
  readonly severity: string;
  readonly subject: string;
  readonly deliveries: readonly ShownDelivery[];
}

export const deliveryStates = ['pending', 'delivered', 'failed'] as const;

export interface ShownDelivery {
  readonly channel: string;
  readonly state: (typeof deliveryStates)[number];
  /** Tries so far. */
  readonly attempts: number;
  readonly lastTryAt?: string;
  /** While it is pending. */
  readonly nextTryAt?: string;
  /** Why it failed, or has not arrived yet. */
  readonly code?: string;
  readonly reason?: string;
}

/** What sending a test to a channel came to. */
export type ChannelTest =
  | { readonly channel: string; readonly kind: string; readonly outcome: 'delivered'; readonly note?: string }
  | {
      readonly channel: string;
      readonly kind: string;
      readonly outcome: 'failed';
      readonly code: string;
      readonly message: string;
      readonly remedy?: string;
    };

/** What the status of the box says of alerts. */
export interface AlertSummary {
  /** Rules that are configured. */
  readonly rules: number;
  /** Deliveries that wait. */
  readonly pending: number;
  /** Deliveries that were given up, of those that are remembered. */
  readonly failed: number;
}

/** What the local API can ask of alerts. */
export interface AlertControl {
  readonly summary: AlertSummary;
  /** The newest `limit` alerts, newest first; only those with a delivery in `state`, where that is given. */
  list(limit: number, state?: ShownDelivery['state']): readonly ShownAlert[];
  /**
   * Sends a test to one channel, or to all, past rules and history.
   * @throws `no-such-channel`, `no-alert-channels`
   */
  test(channel?: string): Promise<readonly ChannelTest[]>;
}
