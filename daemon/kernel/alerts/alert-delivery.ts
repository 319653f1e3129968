/** The states of the delivery of an alert to one channel. */
export const alertDeliveryStates = ['pending', 'delivered', 'failed'] as const;
export type AlertDeliveryState = (typeof alertDeliveryStates)[number];
