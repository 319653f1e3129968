// Import ONNX Runtime only from here: the next line must run before it.
import './no-telemetry.js';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';

// ONNX Runtime throws its errors; its own lines on standard error would mix with the log.
env.logLevel = 'fatal';

export { InferenceSession, Tensor };
