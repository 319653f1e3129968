import { isRollcallError, operational, type RollcallError } from '../base/errors.js';

/** MQTT 5 section 2.4: a limit of the broker, or of an administrator. */
const quotaExceeded = 0x97;

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
      : { remedy: 'Allow this box to publish on the topic in the access rules of the broker.' }),
  });
}

/** Packet too large (MQTT 5, section 2.4). */
export const packetTooLarge = 0x95;

/** The broker has said that it takes no messages of that size. */
export function tooLarge(topic: string, packetBytes: number, largestBytes: number): RollcallError {
  const says = `${packetBytes} bytes for ${topic} are more than the ${largestBytes} that the broker takes in one message`;
  return operational('broker-publish-refused', says, {
    details: { topic, reasonCode: packetTooLarge },
    remedy: 'Raise the limit of the broker for the size of messages (mosquitto: max_packet_size).',
  });
}

/** The reason code with which the broker refused a message; undefined for any other failure. */
export function refusedWith(error: unknown): number | undefined {
  if (!isRollcallError(error, 'broker-publish-refused')) return undefined;
  const { reasonCode } = error.details;
  return typeof reasonCode === 'number' ? reasonCode : undefined;
}
