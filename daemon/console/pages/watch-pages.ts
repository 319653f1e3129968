/** The pages about what the cameras see. */
export { default as Areas } from './cameras/areas/areas-page.js';
export { default as Camera } from './cameras/camera-page.js';
export { default as Cameras } from './cameras/cameras-page.js';
export { default as LiveGrid } from './cameras/live-grid/live-grid-page.js';
export { default as AddCamera } from './cameras/settings/add-camera-page.js';
export { default as ChangeCamera } from './cameras/settings/change-camera-page.js';
export { default as Kiosk } from './kiosk/kiosk-page.js';
export { default as Screens } from './kiosk/screens-page.js';
export { default as Now } from './now/now-page.js';
export { default as Passage } from './passages/passage-page.js';
export { default as Passages } from './passages/passages-page.js';
export { default as Review } from './review/review-page.js';
export { default as Stranger } from './strangers/stranger-page.js';
export { default as Strangers } from './strangers/strangers-page.js';
export { default as Timeline } from './timeline/timeline-page.js';
