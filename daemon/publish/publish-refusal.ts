import { isRollcallError, operational, type RollcallError } from '../base/errors.js';

/** MQTT 5 section 2.4: a limit of the broker, or of an administrator. */
const quotaExceeded = 0x97;
const topicRemedy = 'Allow this box to publish on the topic in the access rules of the broker.';
const tooLargeRemedy = 'Raise the limit of the broker for the size of messages (mosquitto: max_packet_size).';

/** The broker answered a message with a reason code that means no (MQTT 5, section 3.4.2.1). */
export function refusal(topic: string, reasonCode: number, cause: Error): RollcallError {
  return operational('broker-publish-refused', `the broker refuses messages on ${topic}: ${cause.message}`, {
    cause,
    details: { topic, reasonCode },
    ...(reasonCode === quotaExceeded
      ? {
          remedy: 'Make room on the broker, or raise its quota; it is tried again by itself.',
          retryable: true,
        }
      : { remedy: topicRemedy }),
  });
}

/**
 * MQTT 5 reason codes (section 3.4.2.1) that condemn the message or its topic, not the connection: unspecified, specific to the
 * broker, not authorised, topic name invalid, payload format invalid. Another connection would meet the same answer.
 */
const topicRefusals: ReadonlySet<number> = new Set([0x80, 0x83, 0x87, 0x90, 0x99]);

export const condemnsTopic = (reasonCode: number): boolean => topicRefusals.has(reasonCode);

/** Not authorised (MQTT 5, section 2.4). */
const notAuthorised = 0x87;

/** Packet too large (MQTT 5, section 2.4). */
export const packetTooLarge = 0x95;

/** The broker has said that it takes no messages of that size. */
export function tooLarge(topic: string, packetBytes: number, largestBytes: number): RollcallError {
  const says = `${packetBytes} bytes for ${topic} are more than the ${largestBytes} that the broker takes in one message`;
  return operational('broker-publish-refused', says, {
    details: { topic, reasonCode: packetTooLarge },
    remedy: tooLargeRemedy,
  });
}

/**
 * From this size on, an event is suspected for its size when the broker hangs up on it, and below for its topic, bytes. An
 * event without a picture has one or two thousand bytes, and brokers in use take 128 KiB or more.
 */
const largeBytes = 65_536;

export const isLarge = ({
  event,
  sizeBytes,
}: {
  readonly event?: unknown;
  readonly sizeBytes: number;
}): boolean => event !== undefined && sizeBytes >= largeBytes;

/** The refusal that a broker cannot express which hangs up instead. `details.retryInMs`: after that it may be tried again. */
export function hungUpOn(
  { pattern, topic, event, sizeBytes }: HungUp,
  hangUps: number,
  pauseMs: number,
): RollcallError {
  const retryInMs = Math.ceil(pauseMs);
  const times = `${hangUps} times`;
  if (isLarge({ event, sizeBytes })) {
    return operational(
      'broker-publish-refused',
      `the broker hung up ${times} on large messages to "${pattern}"; this one has ${sizeBytes} bytes`,
      { details: { topic, reasonCode: packetTooLarge, retryInMs }, remedy: tooLargeRemedy },
    );
  }
  const says =
    hangUps === 1
      ? `the broker hung up on a message to "${pattern}"`
      : `the broker hung up ${times} on messages to "${pattern}" and took none`;
  return operational(
    'broker-publish-refused',
    `${says}; it probably does not allow this box to use the topic`,
    { details: { topic, reasonCode: notAuthorised, retryInMs }, remedy: topicRemedy },
  );
}

/** The same for a subscription. */
export const hungUpOnSubscription = (topic: string): RollcallError =>
  operational(
    'broker-subscribe-refused',
    `the broker hung up when this box asked for the messages on "${topic}"; it probably does not allow this box to read the topic`,
    { details: { topic }, remedy: 'Allow this box to read the topic in the access rules of the broker.' },
  );

/** The broker ended a connection that stood: without a word, or with a reason (MQTT 5, DISCONNECT). */
export const isHangUp = (error: unknown): boolean =>
  isRollcallError(error, 'broker-connection-lost') || isRollcallError(error, 'broker-not-authorised');

interface HungUp {
  readonly pattern: string;
  readonly topic: string;
  readonly sizeBytes: number;
  readonly event?: unknown;
}

/** The reason code with which the broker refused a message; undefined for any other failure. */
export function refusedWith(error: unknown): number | undefined {
  return isRollcallError(error, 'broker-publish-refused') ? reasonCodeOf(error) : undefined;
}

/** The reason code that the broker gave for a refusal or for the end of a connection. */
export function reasonCodeOf({ details: { reasonCode } }: RollcallError): number | undefined {
  return typeof reasonCode === 'number' ? reasonCode : undefined;
}

/** When what was refused may be tried again, where that is known, milliseconds from then. */
export function retryOf(error: unknown): number | undefined {
  if (!isRollcallError(error)) return undefined;
  const { retryInMs } = error.details;
  return typeof retryInMs === 'number' ? retryInMs : undefined;
}
