/** What is taken of a clip that is judged, by the local API and by the process that looks at it. */

/** Files of one look: photographs of 30 seconds at 15 a second. */
export const mostClipFiles = 450;
/** All files together; no more than a vision process takes with one message. */
export const largestClipMiB = 32;
