import alerts from './en/alerts.json' with { type: 'json' };
import attendance from './en/attendance.json' with { type: 'json' };
import broker from './en/broker.json' with { type: 'json' };
import cameras from './en/cameras.json' with { type: 'json' };
import conditions from './en/conditions.json' with { type: 'json' };
import doctor from './en/doctor.json' with { type: 'json' };
import errors from './en/errors.json' with { type: 'json' };
import gallery from './en/gallery.json' with { type: 'json' };
import isolation from './en/isolation.json' with { type: 'json' };
import models from './en/models.json' with { type: 'json' };
import passages from './en/passages.json' with { type: 'json' };
import photos from './en/photos.json' with { type: 'json' };
import settings from './en/settings.json' with { type: 'json' };
import terminal from './en/terminal.json' with { type: 'json' };

const files = {
  alerts,
  attendance,
  broker,
  cameras,
  conditions,
  doctor,
  errors,
  gallery,
  isolation,
  models,
  passages,
  photos,
  settings,
  terminal,
};

/**
 * The English messages by their codes. They are part of the program, because a process without the folder, such as one behind a
 * wall, also writes English into its log.
 */
export const english: ReadonlyMap<string, string> = new Map(
  Object.entries(files).flatMap(([file, messages]) =>
    Object.entries(messages).map(([key, text]) => [`${file}/${key}`, text] as const),
  ),
);
