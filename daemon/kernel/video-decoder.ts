/** Hardware that decodes video, as FFmpeg's `-hwaccel` names it; the first that works is the one that `auto` takes. */
export const hardwareDecoders = ['cuda', 'vaapi', 'qsv'] as const;
export type HardwareDecoder = (typeof hardwareDecoders)[number];

/** What decodes the video of a camera. */
export const videoDecoders = ['software', ...hardwareDecoders] as const;
export type VideoDecoder = (typeof videoDecoders)[number];

/** What may be configured: `auto` takes the hardware that works and falls back, a name requires this hardware. */
export const hwaccelChoices = ['none', 'auto', ...hardwareDecoders] as const;
export type HwaccelChoice = (typeof hwaccelChoices)[number];
