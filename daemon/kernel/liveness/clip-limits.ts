/** Limits for a clip that is judged; the local API and the vision process apply them. */

/** Maximum number of files: photographs of 30 seconds at 15 a second. */
export const mostClipFiles = 450;
/** Maximum size of all files together, limited by one message to a vision process. */
export const largestClipMiB = 32;
