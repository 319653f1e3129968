/** How serious an alert or an entry of the audit log is. `critical`: look at it today. `warning`: look at it when there are many. */
export const severities = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof severities)[number];
