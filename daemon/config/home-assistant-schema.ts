import { z } from 'zod';
import { topicPrefix } from './core-schema.js';
import { field } from './field.js';

export const homeAssistantSchema = z.strictObject({
  enabled: field(
    z.boolean().default(false),
    'replace',
    'Tell Home Assistant of this box by MQTT discovery over the broker of `mqtt`; switched off again, what was told is taken back. Home Assistant then records opaque ids of the persons that were seen.',
  ),
  discoveryPrefix: field(
    topicPrefix.default('homeassistant'),
    'replace',
    'First levels of the topics that Home Assistant reads discovery from and says its status on, as its MQTT integration has it.',
  ),
});
