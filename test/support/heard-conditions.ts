import type { ConditionDetails, ConditionPort } from '../../daemon/core/delivery/condition-port.js';

/** Records all reports of conditions. */
export function heardConditions(): ConditionPort & { readonly heard: string[] } {
  const heard: string[] = [];
  const text = (details: ConditionDetails | undefined): string =>
    details === undefined ? '' : ` ${JSON.stringify(details)}`;
  const parts = (sign: string, named: readonly string[] = []): string =>
    named.map((part) => ` ${sign}${part}`).join('');
  return {
    heard,
    begin: (condition, details) => void heard.push(`begin ${condition}${text(details)}`),
    end: (condition) => void heard.push(`end ${condition}`),
    change: (condition, details, { active, over }) =>
      void heard.push(`change ${condition}${text(details)}${parts('+', active)}${parts('-', over)}`),
  };
}
