import type { Config } from '../../config/schema.js';

/**
 * The configuration with cameras switched on or off as a centre last said. The file itself stays the installer's. Switches of
 * cameras that it no longer has are of no meaning.
 */
export function withSwitches(config: Config, switches: ReadonlyMap<string, boolean>): Config {
  if (switches.size === 0) return config;
  const cameras = config.cameras.map((camera) => {
    const enabled = switches.get(camera.id) ?? camera.enabled;
    return enabled === camera.enabled ? camera : { ...camera, enabled };
  });
  return { ...config, cameras };
}
