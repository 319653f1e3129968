import type { Config } from './schema.js';

/** The configuration as a caller may see it who is limited to these cameras: as if there were no others. */
export function limitedTo(config: Config, cameras: ReadonlySet<string> | undefined): Config {
  if (cameras === undefined) return config;
  const isSeen = (id: string | undefined): boolean => id !== undefined && cameras.has(id);
  return {
    ...config,
    cameras: config.cameras.filter(({ id }) => isSeen(id)),
    unusableCameraFiles: config.unusableCameraFiles.filter(({ id }) => isSeen(id)),
    alerts: { ...config.alerts, rules: rulesFor(config.alerts.rules, cameras) },
  };
}

/** Rules about none of the cameras are left out; other cameras of a rule are not named. */
export function rulesFor(
  rules: Config['alerts']['rules'],
  cameras: ReadonlySet<string> | undefined,
): Config['alerts']['rules'] {
  if (cameras === undefined) return rules;
  return rules.flatMap((rule) => {
    if (rule.cameras === undefined) return [rule];
    const seen = rule.cameras.filter((id) => cameras.has(id));
    return seen.length === 0 ? [] : [{ ...rule, cameras: seen }];
  });
}
